//! Crates depend on each other downwards, and each library of consequence has one user.

use super::{product_crates, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The product's crates from the ground up, each with those that it may use.
const ROOMS: [(&str, &[&str]); 9] = [
    ("validate", &[]),
    ("scan", &["validate"]),
    ("readers", &["scan", "validate"]),
    ("store", &["validate"]),
    ("outbound", &["store", "validate"]),
    ("labels", &["validate"]),
    ("pipeline", &["readers", "scan", "store", "outbound", "validate"]),
    ("web", &["pipeline", "readers", "scan", "store", "outbound", "validate"]),
    (
        "labelscan",
        &["web", "pipeline", "labels", "readers", "scan", "store", "outbound", "validate"],
    ),
];

/// Names of the crates that each crate lists.
type Listed = BTreeMap<String, BTreeSet<String>>;

/// Which dependencies of a crate count.
#[derive(Clone, Copy, PartialEq)]
enum Kinds {
    Shipped,
    AndOfTests,
}

fn listed_in(folder: &str, kinds: Kinds) -> Listed {
    let folder = root().join(folder);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let inside = packages.filter(|package| {
        let manifest = package["manifest_path"].as_str().expect("a path");
        Path::new(manifest).starts_with(&folder)
    });
    let listed = inside.map(|package| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        let kept =
            all.filter(|dependency| kinds == Kinds::AndOfTests || dependency["kind"] != "dev");
        let names = kept.filter_map(|dependency| dependency["name"].as_str()).map(str::to_owned);
        (package["name"].as_str().expect("a name").to_owned(), names.collect())
    });
    listed.collect()
}

fn shipped() -> Listed {
    listed_in("crates", Kinds::Shipped)
}

/// What depends upwards or sideways: `lower -> upper`; a crate without a room is `name: no room`.
fn upward(listed: &Listed) -> Vec<String> {
    let product: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    let mut found = Vec::new();
    for (name, dependencies) in listed {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| room == name) else {
            found.push(format!("{name}: no room"));
            continue;
        };
        let inner = dependencies.iter().filter(|it| product.contains(it.as_str()));
        let upward = inner.filter(|it| !allowed.contains(&it.as_str()));
        found.extend(upward.map(|it| format!("{name} -> {it}")));
    }
    found
}

/// Who lists one of the libraries, of those that may not: `name -> library`.
fn strays(listed: &Listed, libraries: &[&str], users: &[&str]) -> Vec<String> {
    let others = listed.iter().filter(|(name, _)| !users.contains(&name.as_str()));
    let found = others.flat_map(|(name, dependencies)| {
        let named = libraries.iter().filter(|library| dependencies.contains(**library));
        named.map(move |library| format!("{name} -> {library}"))
    });
    found.collect()
}

fn assert_used_only_by(libraries: &[&str], users: &[&str]) {
    let listed = shipped();
    let found = strays(&listed, libraries, users);
    assert!(found.is_empty(), "{found:?}");
    let is_used = |library: &str| listed.values().any(|names| names.contains(library));
    assert!(libraries.iter().any(|library| is_used(library)), "nobody uses any of {libraries:?}");
}

#[test]
fn crates_depend_only_downwards() {
    let listed = listed_in("crates", Kinds::AndOfTests);
    assert_eq!(listed.keys().cloned().collect::<Vec<_>>(), product_crates());
    assert_eq!(upward(&listed), [""; 0]);
}

#[test]
fn rooms_stand_above_what_they_use() {
    for (floor, (name, allowed)) in ROOMS.iter().enumerate() {
        for used in *allowed {
            let below = ROOMS[..floor].iter().any(|(lower, _)| lower == used);
            assert!(below, "{name} uses {used}, which does not stand below it");
        }
    }
}

fn listed(crates: &[(&str, &[&str])]) -> Listed {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    crates.iter().map(|(name, names)| ((*name).to_owned(), owned(names))).collect()
}

#[test]
fn upward_dependency_and_crate_without_a_room_are_found() {
    let made_up = listed(&[
        ("validate", &["serde", "scan"]),
        ("store", &["sqlx", "validate", "outbound"]),
        ("web", &["pipeline", "axum"]),
        ("helpers", &[]),
    ]);
    assert_eq!(upward(&made_up), ["helpers: no room", "store -> outbound", "validate -> scan"]);
}

#[test]
fn stray_user_of_a_library_is_found() {
    let made_up = listed(&[("web", &["axum"]), ("pipeline", &["tokio", "axum"])]);
    assert_eq!(strays(&made_up, &["axum", "tower-http"], &["web"]), ["pipeline -> axum"]);
}

#[test]
fn databases_are_reached_only_from_store() {
    assert_used_only_by(&["sqlx", "rusqlite", "object_store"], &["store"]);
}

#[test]
fn http_is_served_only_from_web() {
    assert_used_only_by(&["axum", "axum-server", "tower-http"], &["web"]);
}

#[test]
fn other_hosts_are_reached_only_from_outbound() {
    assert_used_only_by(&["async-nats", "hyper", "hyper-util", "ureq"], &["outbound"]);
    // `store` lists reqwest only to give the S3 client TLS: see the words that it may not write.
    assert_used_only_by(&["reqwest"], &["outbound", "store"]);
}

#[test]
fn photos_of_tests_are_made_without_the_product_s_code() {
    let product: BTreeSet<String> = shipped().into_keys().collect();
    assert!(listed_in("tests", Kinds::AndOfTests)["render"].is_disjoint(&product));
}

#[test]
fn pure_crates_have_no_runtime() {
    let runtimes = ["tokio", "futures", "futures-util", "async-trait", "jiff", "tracing", "rand"];
    let listed = shipped();
    for name in ["validate", "scan"] {
        for library in runtimes {
            assert!(!listed[name].contains(library), "{name} depends on {library}");
        }
    }
}
