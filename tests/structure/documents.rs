//! What the documents name exists.

use super::{read, root, rust_files};
use std::collections::BTreeSet;
use std::path::Path;

/// Paths that a document names: its links, and the words in backticks that begin with a folder of
/// the project.
fn paths_named(text: &str, folders: &BTreeSet<String>) -> BTreeSet<String> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let links = links.map(|(link, _)| link.split('#').next().unwrap_or_default());
    let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
    let quoted = text.split('`').skip(1).step_by(2).flat_map(str::split_whitespace);
    let quoted = quoted.filter(|word| {
        let first = word.split('/').next().unwrap_or_default();
        let plain = |it: char| it.is_ascii_alphanumeric() || "._-/".contains(it);
        word.contains('/') && folders.contains(first) && word.chars().all(plain)
    });
    links.chain(quoted).map(str::to_owned).collect()
}

/// Folders that lie at the root and among the crates.
fn folders() -> BTreeSet<String> {
    let inside = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry"));
        let folders = entries.filter(|entry| entry.path().is_dir());
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let all = [inside(&root()), inside(&root().join("crates"))].concat();
    all.into_iter().filter(|name| !["target", ".git"].contains(&name.as_str())).collect()
}

#[test]
fn each_path_that_a_document_names_exists() {
    let mut missing = Vec::new();
    for document in ["README.md", "CONTRIBUTING.md", "crates/ARCHITECTURE.md"] {
        let file = root().join(document);
        let named = paths_named(&read(&file), &folders());
        assert!(!named.is_empty(), "{document} names paths");
        let exists = |path: &String| {
            let beside = file.with_file_name(path);
            let in_crates = root().join("crates").join(path);
            [beside, root().join(path), in_crates].iter().any(|place| place.exists())
        };
        let gone = named.into_iter().filter(|path| !exists(path));
        missing.extend(gone.map(|path| format!("{document} names {path}")));
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn paths_are_links_and_words_that_begin_with_a_folder() {
    let folders = BTreeSet::from(["tests".to_owned(), "crates".to_owned()]);
    let text = "See [docs](docs/scale.md#nodes), [web](https://example.org/a), [here](#there), \
                `tests/run all::x`, `/v1/scans`, `text/plain`, `crates/*/src`, and tests/plain.";
    let expected = ["docs/scale.md", "tests/run"].map(str::to_owned);
    assert_eq!(paths_named(text, &folders), expected.into());
}

#[test]
fn each_test_that_the_table_of_security_names_exists() {
    let table = read(&root().join("docs/asvs.md"));
    let named: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.rsplit('|').nth(1)?.trim().strip_prefix('`')?.strip_suffix('`'))
        .collect();
    assert!(named.len() > 25, "{named:?}");
    let files = ["crates", "tests"].map(|folder| rust_files(&root().join(folder))).concat();
    let code: String = files.iter().map(|path| read(path)).collect();
    for name in named {
        assert!(code.contains(&format!("fn {name}(")), "there is no test {name}");
    }
}
