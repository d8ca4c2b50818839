//! The architecture's invariants that can be seen in the source and in cargo's own view of it.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root").to_owned()
}

/// Names of each product crate's dependencies, without those of its own tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    dependencies_in("crates")
}

/// The same of the crates in a folder of the workspace.
fn dependencies_in(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let folder = root().join(folder);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .filter(|package| {
            let manifest = package["manifest_path"].as_str().expect("a path");
            Path::new(manifest).starts_with(&folder)
        })
        .map(|package| {
            let listed = package["dependencies"].as_array().expect("dependencies");
            let kept = listed.iter().filter(|dependency| dependency["kind"] != "dev");
            let names = kept.filter_map(|dependency| dependency["name"].as_str());
            let name = package["name"].as_str().expect("a name").to_owned();
            (name, names.map(str::to_owned).collect())
        })
        .collect()
}

fn users_of(libraries: &[&str]) -> BTreeSet<String> {
    dependencies()
        .into_iter()
        .filter(|(_, names)| libraries.iter().any(|library| names.contains(*library)))
        .map(|(name, _)| name)
        .collect()
}

fn only(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned()])
}

#[test]
fn databases_are_reached_only_from_store() {
    assert_eq!(users_of(&["sqlx", "rusqlite", "object_store"]), only("store"));
}

#[test]
fn http_is_served_only_from_web() {
    assert_eq!(users_of(&["axum", "axum-server", "tower-http"]), only("web"));
}

#[test]
fn other_hosts_are_reached_only_from_forward() {
    assert_eq!(users_of(&["async-nats", "hyper-util", "ureq"]), only("outbound"));
    // `store` has the clients of its databases and of S3, and makes no connection itself: it lists
    // reqwest only to give the latter TLS.
    let with_client: Vec<_> = users_of(&["reqwest"]).into_iter().collect();
    assert_eq!(with_client, ["outbound", "store"]);
    assert_absent("store", &["reqwest", "std::net", "tokio::net", "object_store::http"], &[]);
    assert_absent("store", &["object_store::aws"], &["photos.rs"]);
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let members = dependencies();
    let names: BTreeSet<String> = members.keys().cloned().collect();
    let inner =
        |name: &str| -> BTreeSet<String> { members[name].intersection(&names).cloned().collect() };
    let allowed = |listed: &[&str]| -> BTreeSet<String> {
        listed.iter().map(|name| (*name).to_owned()).collect()
    };
    assert_eq!(inner("validate"), allowed(&[]));
    assert_eq!(inner("scan"), allowed(&["validate"]));
    assert!(inner("store").is_subset(&allowed(&["validate"])));
    assert!(inner("outbound").is_subset(&allowed(&["store", "validate"])));
    assert!(inner("readers").is_subset(&allowed(&["scan", "validate"])));
    assert!(inner("labels").is_subset(&allowed(&["validate"])));
    let service = ["readers", "store", "outbound", "scan", "validate"];
    assert!(inner("pipeline").is_subset(&allowed(&service)));
    assert!(inner("web").is_subset(&allowed(&[&service[..], &["pipeline"]].concat())));
}

#[test]
fn photos_of_tests_are_made_without_the_product_s_code() {
    let product: BTreeSet<String> = dependencies().into_keys().collect();
    assert!(dependencies_in("tests")["render"].is_disjoint(&product));
}

#[test]
fn pure_crates_have_no_runtime() {
    for name in ["validate", "scan"] {
        for library in
            ["tokio", "futures", "futures-util", "async-trait", "jiff", "tracing", "rand"]
        {
            assert!(!dependencies()[name].contains(library), "{name} depends on {library}");
        }
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The product's source files of one crate, their path relative to `src` first.
fn sources(name: &str) -> Vec<(String, String)> {
    let src = root().join("crates").join(name).join("src");
    let mut found = Vec::new();
    rust_files(&src, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{name} has sources");
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let relative = path.strip_prefix(&src).expect("below src").display().to_string();
            (relative, code_of(&text))
        })
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .collect()
}

/// The text without comments and without a test module, which by custom ends the file.
fn code_of(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let uncommented = product.lines().map(|line| match line.split_once("//") {
        Some((code, _)) if !code.ends_with(':') => code,
        _ => line,
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

fn assert_absent(name: &str, words: &[&str], allowed_in: &[&str]) {
    for (path, code) in sources(name) {
        if allowed_in.contains(&path.as_str()) {
            continue;
        }
        for word in words {
            assert!(!code.contains(word), "{name}/src/{path} contains {word:?}");
        }
    }
}

#[test]
fn pure_crates_never_await_and_know_no_clock() {
    for name in ["validate", "scan"] {
        assert_absent(name, &["async ", ".await", "Instant", "SystemTime", "std::thread"], &[]);
    }
}

#[test]
fn pure_crates_do_no_input_or_output_after_load() {
    let io = ["std::fs", "std::net", "std::process", "std::env", "File::open", "println!"];
    assert_absent("validate", &io, &[]);
    assert_absent("scan", &io, &["models.rs"]);
}

#[test]
fn time_is_read_in_one_place() {
    let readers = ["Timestamp::now", "Instant::now", "SystemTime::now", "Zoned::now"];
    for name in dependencies().keys() {
        assert_absent(name, &readers, if name == "pipeline" { &["clock.rs"] } else { &[] });
    }
}

#[test]
fn only_the_program_takes_the_machine_s_clock() {
    for name in dependencies().keys().filter(|name| *name != "labelscan") {
        assert_absent(name, &["Clock::System"], &[]);
    }
}

#[test]
fn names_say_what_a_thing_is_for() {
    let empty = ["utils", "util", "common", "helpers", "helper", "manager", "service", "misc"];
    for name in dependencies().keys() {
        for (path, _) in sources(name) {
            for part in path.trim_end_matches(".rs").split('/') {
                assert!(!empty.contains(&part), "{name}/src/{path}");
            }
        }
    }
}

#[test]
fn each_test_that_the_table_of_security_names_exists() {
    let table = std::fs::read_to_string(root().join("docs/asvs.md")).expect("the table");
    let named: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.rsplit('|').nth(1)?.trim().strip_prefix('`')?.strip_suffix('`'))
        .collect();
    assert!(named.len() > 25, "{named:?}");
    let mut files = Vec::new();
    for folder in ["crates", "tests"] {
        rust_files(&root().join(folder), &mut files);
    }
    let code: String =
        files.iter().map(|path| std::fs::read_to_string(path).expect("UTF-8")).collect();
    for name in named {
        assert!(code.contains(&format!("fn {name}(")), "there is no test {name}");
    }
}
