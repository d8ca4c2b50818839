//! The architecture's promises that can be seen in the sources and in cargo's own view of them.
//! Each rule is a function over plain values, tried on made-up ones beside its use on the product.
#![forbid(unsafe_code)]

mod circles;
mod container;
mod dependencies;
mod documents;
mod folders;
mod handlers;
mod page_shell;
mod source;
mod words;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of tests");
    tests.parent().expect("the workspace's root").to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of the crates that the product is made of.
fn product_crates() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("crates")).expect("the crates");
    let paths = folders.map(|entry| entry.expect("an entry").path());
    let crates = paths.filter(|path| path.join("Cargo.toml").exists());
    let mut names: Vec<String> = crates
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    names
}

/// All Rust files in and below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A product crate's files by their path below `src`, with their text.
fn rust_files_of(name: &str) -> Vec<(String, String)> {
    let src = root().join("crates").join(name).join("src");
    let files = rust_files(&src).into_iter().map(|path| {
        let below = path.strip_prefix(&src).expect("below src").display().to_string();
        (below, read(&path))
    });
    files.collect()
}
