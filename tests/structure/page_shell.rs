//! The phone's page opens without a network: its service worker keeps exactly what it is made of.

use super::{read, root};
use std::collections::{BTreeMap, BTreeSet};

/// What a service worker keeps: the paths in its list `SHELL`.
fn kept(worker: &str) -> BTreeSet<String> {
    let list = worker.split_once("const SHELL = [").and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.expect("the list SHELL");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What a page is made of: the assets that its templates name, and what their modules import.
fn made_of(templates: &[&str], scripts: &BTreeMap<String, String>) -> BTreeSet<String> {
    let named = templates.iter().flat_map(|template| template.split('"'));
    let mut open: Vec<String> =
        named.filter(|text| text.starts_with("/assets/")).map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    while let Some(path) = open.pop() {
        let script = path.strip_prefix("/assets/").and_then(|name| scripts.get(name));
        let imported = script.into_iter().flat_map(|text| imported(text));
        open.extend(imported.filter(|it| *it != path && !found.contains(it)));
        found.insert(path);
    }
    found
}

/// Modules of ours that a script imports, at its head or later.
fn imported(script: &str) -> Vec<String> {
    let uncommented = script.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = uncommented.flat_map(|line| [line, "\n"]).collect();
    let quoted = code.split('"').skip(1).step_by(2);
    let modules =
        quoted.filter_map(|text| text.strip_prefix("./").filter(|it| it.ends_with(".js")));
    modules.map(|name| format!("/assets/{name}")).collect()
}

#[test]
fn service_worker_keeps_exactly_what_the_page_imports() {
    let web = root().join("crates/web");
    let scripts: BTreeMap<String, String> = std::fs::read_dir(web.join("assets"))
        .expect("the assets")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "js"))
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), read(&path)))
        .collect();
    let templates =
        ["base.html", "capture.html"].map(|name| read(&web.join("templates").join(name)));
    let mut expected = made_of(&templates.each_ref().map(String::as_str), &scripts);
    assert!(expected.contains("/assets/capture.js"), "{expected:?}");
    expected.insert("/".to_owned());
    assert_eq!(kept(&scripts["sw.js"]), expected);
}

#[test]
fn page_is_made_of_what_its_modules_import() {
    let scripts = BTreeMap::from(
        [
            (
                "a.js",
                "import { b } from \"./b.js\";\n// import \"./gone.js\";\nconst say = \"text\";",
            ),
            ("b.js", "import * as a from \"./a.js\";\nconst late = () => import(\"./late.js\");"),
            ("late.js", ""),
            ("other.js", ""),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned())),
    );
    let template = "<link href=\"/assets/style.css\"><script src=\"/assets/a.js\"></script>";
    let expected = ["/assets/a.js", "/assets/b.js", "/assets/late.js", "/assets/style.css"];
    assert_eq!(made_of(&[template], &scripts), expected.map(str::to_owned).into());
}

#[test]
fn kept_paths_are_those_of_the_list() {
    let worker =
        "const SHELL = [\"/\", \"/assets/a.js\",\n  \"/assets/b.js\"];\nconst X = [\"/c\"];";
    assert_eq!(kept(worker), ["/", "/assets/a.js", "/assets/b.js"].map(str::to_owned).into());
}
