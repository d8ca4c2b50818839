//! A handler is given an `App` and asks it. What `App` holds is not named, made or handed around
//! beside it, and no second state stands next to it.

use super::rust_files_of;
use super::source::Source;

/// Types that `App` holds, and the ways to have state without it.
const BESIDE_APP: [&str; 6] =
    ["Store", "ScanWorker", "Registrar", "Extension", "OnceLock", "LazyLock"];

/// The paths in a file that lead around `App`.
fn around_app(text: &str) -> Vec<String> {
    let source = Source::parse(text);
    let paths = source.uses.iter().map(|it| &it.path).chain(&source.paths);
    let found = paths.filter(|path| {
        let mut before = "";
        path.iter().any(|segment| {
            // `IssueError::Store` is a variant and no store.
            let is_variant = before.starts_with(|it: char| it.is_uppercase());
            before = segment;
            !is_variant && BESIDE_APP.contains(&segment.as_str())
        })
    });
    found.map(|path| path.join("::")).collect()
}

#[test]
fn handlers_do_not_reach_around_app() {
    let mut handlers = 0;
    for (path, text) in rust_files_of("web") {
        if path.starts_with("api/") || path.starts_with("upload/") {
            assert_eq!(around_app(&text), [""; 0], "web/src/{path}");
            handlers += 1;
        }
    }
    assert!(handlers > 15, "{handlers} files with handlers");
}

#[test]
fn way_around_app_is_found() {
    let text = "use store::{Scan, Store}; use axum::Extension;
                fn f() { pipeline::registration::Registrar::new(); IssueError::Store(e); store::Scan::a(); }";
    let expected = ["store::Store", "axum::Extension", "pipeline::registration::Registrar::new"];
    assert_eq!(around_app(text), expected);
}
