//! Folders that can be overlooked, with names that say something.

use super::{product_crates, rust_files_of};
use std::collections::BTreeMap;

/// Rust files in one folder, without the ones that only introduce it and without tests.
const FOLDER_FILES_MAX: usize = 20;

/// Folders with more files than allowed, and how many they have.
fn crowded<'a>(files: impl Iterator<Item = &'a str>) -> Vec<(String, usize)> {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        if !["mod.rs", "lib.rs", "main.rs", "tests.rs"].contains(&name) {
            *folders.entry(folder.to_owned()).or_default() += 1;
        }
    }
    folders.into_iter().filter(|(_, count)| *count > FOLDER_FILES_MAX).collect()
}

/// Parts of a path that say nothing about what is in it.
fn empty_names(file: &str) -> Vec<&str> {
    let empty = ["utils", "util", "common", "helpers", "helper", "manager", "service", "misc"];
    file.trim_end_matches(".rs").split('/').filter(|part| empty.contains(part)).collect()
}

#[test]
fn folders_hold_few_files() {
    for name in product_crates() {
        let files = rust_files_of(&name);
        let found = crowded(files.iter().map(|(path, _)| path.as_str()));
        assert!(found.is_empty(), "crates/{name}/src: {found:?}, {FOLDER_FILES_MAX} allowed");
    }
}

#[test]
fn names_say_what_a_thing_is_for() {
    for name in product_crates() {
        for (path, _) in rust_files_of(&name) {
            assert!(empty_names(&path).is_empty(), "{name}/src/{path}");
        }
    }
}

#[test]
fn crowded_folder_is_found() {
    let files = |folder: &str, count: usize| -> Vec<String> {
        (0..count).map(|number| format!("{folder}file{number}.rs")).collect()
    };
    let all = [files("", 20), files("a/", 21), files("a/b/", 20), vec!["a/mod.rs".to_owned()]];
    let found = crowded(all.iter().flatten().map(String::as_str));
    assert_eq!(found, [("a".to_owned(), 21)]);
}

#[test]
fn empty_name_is_found() {
    assert_eq!(empty_names("common/seal.rs"), ["common"]);
    assert_eq!(empty_names("a/helpers.rs"), ["helpers"]);
    assert_eq!(empty_names("serving/uncommon.rs"), [""; 0]);
}
