//! What certain crates and files may not write: clocks, I/O, connections.

use super::{product_crates, rust_files_of};

/// The text without comments and without a test module, which by custom ends the file.
fn code_of(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let uncommented = product.lines().map(|line| match line.split_once("//") {
        Some((code, _)) if !code.ends_with(':') => code,
        _ => line,
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

/// Which files write one of the words as a whole word: `path: word`.
fn written(files: &[(String, String)], words: &[&str], allowed_in: &[&str]) -> Vec<String> {
    let product = files
        .iter()
        .filter(|(path, _)| !path.ends_with("tests.rs") && !allowed_in.contains(&path.as_str()));
    let found = product.flat_map(|(path, text)| {
        let code = code_of(text);
        let words = words.iter().filter(move |word| is_written(&code, word));
        words.map(move |word| format!("{path}: {word}"))
    });
    found.collect()
}

fn is_written(code: &str, word: &str) -> bool {
    let of_a_name = |it: char| it.is_alphanumeric() || it == '_';
    let begins_name = word.starts_with(of_a_name);
    let ends_name = word.ends_with(of_a_name);
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(of_a_name);
        let after = code[at + word.len()..].chars().next().is_some_and(of_a_name);
        !(begins_name && before || ends_name && after)
    })
}

fn assert_unwritten(name: &str, words: &[&str], allowed_in: &[&str]) {
    let files = rust_files_of(name);
    for allowed in allowed_in {
        assert!(files.iter().any(|(path, _)| path == allowed), "{name}/src has no {allowed}");
    }
    let found = written(&files, words, allowed_in);
    assert!(found.is_empty(), "{name}/src: {found:?}");
}

#[test]
fn word_is_found_in_code_alone() {
    let files = [
        ("a.rs", "let now = Timestamp::now();"),
        ("b.rs", "// Timestamp::now is read elsewhere\nlet a = MyTimestamp::now();"),
        ("c.rs", "fn f() {}\n#[cfg(test)]\nmod tests { Timestamp::now() }"),
        ("clock.rs", "Timestamp::now()"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(written(&files, &["Timestamp::now"], &["clock.rs"]), ["a.rs: Timestamp::now"]);
}

#[test]
fn store_makes_no_connection_but_its_databases_and_photos() {
    assert_unwritten("store", &["reqwest", "std::net", "tokio::net", "object_store::http"], &[]);
    let files = rust_files_of("store");
    let with_client = written(&files, &["object_store::aws"], &[]);
    assert_eq!(with_client.len(), 1, "{with_client:?}");
}

#[test]
fn pure_crates_never_await_and_know_no_clock() {
    for name in ["validate", "scan"] {
        let words = ["async", ".await", "Instant", "SystemTime", "std::thread"];
        assert_unwritten(name, &words, &[]);
    }
}

#[test]
fn pure_crates_do_no_input_or_output_after_load() {
    let io = ["std::fs", "std::net", "std::process", "std::env", "File::open", "println!"];
    assert_unwritten("validate", &io, &[]);
    assert_unwritten("scan", &io, &["models.rs"]);
}

#[test]
fn only_the_program_takes_the_machines_clock() {
    for name in product_crates().iter().filter(|name| *name != "labelscan") {
        assert_unwritten(name, &["Clock::System"], &[]);
    }
}

#[test]
fn time_is_read_in_one_place() {
    let readers = ["Timestamp::now", "Instant::now", "SystemTime::now", "Zoned::now", "now_v7"];
    for name in product_crates() {
        assert_unwritten(&name, &readers, if name == "pipeline" { &["clock.rs"] } else { &[] });
    }
}
