//! The container's build has every file that it needs. Building it takes an engine, and compiling a
//! copy takes minutes, because another folder shares no artifacts: so its copies are made, cargo
//! resolves them, and each file that the sources compile in is looked for.

use super::source::Source;
use super::{product_crates, read, root, rust_files};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the first stage copies from the context, and where to.
fn copies(containerfile: &str) -> Vec<(String, String)> {
    let stages = containerfile.split("\nFROM ");
    let first = stages.take(2).find(|stage| stage.contains("cargo build")).expect("a build");
    let mut copies = Vec::new();
    for line in first.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let words: Vec<_> = line.split_whitespace().collect();
        let (target, sources) = words.split_last().expect("a target");
        for source in sources {
            let name = Path::new(source).file_name().expect("a name").to_string_lossy();
            let into_folder = target.ends_with('/');
            let to = if into_folder { format!("{target}{name}") } else { (*target).to_owned() };
            copies.push(((*source).to_owned(), to));
        }
    }
    copies
}

/// Files below `root` that the crate's sources compile in, by the macros and attributes that do so.
fn embedded(root: &Path, name: &str) -> Vec<PathBuf> {
    let folder = root.join("crates").join(name);
    let files = rust_files(&folder.join("src"));
    let found = files.iter().flat_map(|file| {
        let embedded = Source::parse(&read(file)).embedded;
        let beside = file.parent().expect("a folder").to_owned();
        let folder = folder.clone();
        embedded.into_iter().map(move |(by, path)| match by.as_str() {
            "template" => folder.join("templates").join(path),
            "folder" | "migrate" => folder.join(path),
            _ => beside.join(path),
        })
    });
    found.collect()
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        return;
    }
    for entry in std::fs::read_dir(from).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        if name != "target" {
            copy(&from.join(&name), &to.join(&name));
        }
    }
}

#[test]
fn container_s_build_has_what_it_compiles_in() {
    let file = read(&root().join("crates/labelscan/operate/Containerfile"));
    let context = tempfile::tempdir().expect("a folder");
    for (from, to) in copies(&file) {
        copy(&root().join(from), &context.path().join(to));
    }
    let resolved = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "labelscan",
            "--edges",
            "normal,build",
            "--locked",
            "--offline",
        ])
        .current_dir(context.path())
        .output()
        .expect("cargo runs");
    assert!(resolved.status.success(), "{}", String::from_utf8_lossy(&resolved.stderr));
    let mut count = 0;
    for name in product_crates() {
        for path in embedded(context.path(), &name) {
            assert!(path.exists(), "{} is not copied", path.display());
            count += 1;
        }
    }
    assert!(count > 20, "{count} files are compiled in");
}

#[test]
fn copies_are_those_of_the_stage_that_builds() {
    let file = "# build\nFROM a AS build\nCOPY Cargo.toml Cargo.lock ./\nCOPY models/SHA256SUMS models/\n\
                COPY crates crates\nRUN cargo build\n\nFROM b\nCOPY models /usr/share/models\n";
    let expected = [
        ("Cargo.toml", "./Cargo.toml"),
        ("Cargo.lock", "./Cargo.lock"),
        ("models/SHA256SUMS", "models/SHA256SUMS"),
        ("crates", "crates"),
    ];
    assert_eq!(copies(file), expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
}

#[test]
fn file_that_is_compiled_in_is_found_however_it_is_named() {
    let source = Source::parse(
        r#"
        const A: &str = include_str!("../a.toml");
        fn b() { sqlx::migrate!("migrations/sqlite").run(); }
        #[derive(RustEmbed)] #[folder = "assets/"] struct C;
        #[derive(Template)] #[template(path = "d.html")] struct D;
        #[cfg(test)] mod tests { const E: &[u8] = include_bytes!("e.bin"); }
        "#,
    );
    let found: Vec<_> = source.embedded.iter().map(|(by, path)| format!("{by} {path}")).collect();
    let expected =
        ["include_str ../a.toml", "migrate migrations/sqlite", "folder assets/", "template d.html"];
    assert_eq!(found, expected);
}
