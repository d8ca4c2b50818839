//! No file of a crate imports itself by way of others.

use super::source::{Source, SourcePath};
use super::{product_crates, rust_files_of};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A module's path from the root of its crate; the root's own is empty.
type Module = Vec<String>;

/// Which file imports which, and the names that it imports.
type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// More than any chain of re-exports: a circle of them ends here.
const HOPS_MAX: usize = 16;

struct Crate {
    modules: BTreeMap<Module, (String, Source)>,
}

impl Crate {
    /// From files, by their path below `src`.
    fn parse(files: &[(String, String)]) -> Self {
        let is_library = files.iter().any(|(path, _)| path == "lib.rs");
        let parsed: BTreeMap<Module, (String, Source)> = files
            .iter()
            .filter(|(path, _)| !(is_library && path == "main.rs"))
            .map(|(path, text)| (module_of(path), (path.clone(), Source::parse(text))))
            .collect();
        let is_test = |module: &Module| {
            (1..=module.len()).any(|length| {
                let (parent, name) = (&module[..length - 1], &module[length - 1]);
                parsed.get(parent).is_some_and(|(_, source)| source.test_modules.contains(name))
            })
        };
        let tests: BTreeSet<Module> = parsed.keys().filter(|it| is_test(it)).cloned().collect();
        let modules = parsed.into_iter().filter(|(module, _)| !tests.contains(module)).collect();
        Self { modules }
    }

    /// The module that a path leads to, through what others re-export; none if it leaves the crate.
    fn resolve(&self, from: &Module, path: &[String], hops: usize) -> Option<Module> {
        let (mut module, mut rest) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" | "super" => (from.clone(), path),
            child if self.modules.contains_key(&below(from, child)) => (from.clone(), path),
            _ => return None,
        };
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "self" => {}
                "super" => {
                    module.pop()?;
                }
                child if self.modules.contains_key(&below(&module, child)) => {
                    module.push(child.to_owned());
                }
                _ => break,
            }
            rest = others;
        }
        let (Some(name), true) = (rest.first(), hops < HOPS_MAX) else { return Some(module) };
        let passed_on = self.passed_on(&module, name, hops);
        Some(passed_on.unwrap_or(module))
    }

    /// Where a name comes from that a module has from another one.
    fn passed_on(&self, module: &Module, name: &str, hops: usize) -> Option<Module> {
        let (_, source) = self.modules.get(module)?;
        if source.defines.contains(name) {
            return None;
        }
        if let Some(named) = source.uses.iter().find(|it| it.name == name) {
            return self.resolve(module, &named.path, hops + 1);
        }
        let globs = source.uses.iter().filter(|it| it.name == "*");
        globs
            .filter_map(|glob| {
                let behind = self.resolve(module, glob.path.split_last()?.1, hops + 1)?;
                let (_, source) = self.modules.get(&behind)?;
                if source.defines.contains(name) {
                    return Some(behind);
                }
                (behind != *module).then(|| self.passed_on(&behind, name, hops + 1)).flatten()
            })
            .next()
    }

    fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (module, (file, source)) in &self.modules {
            let mut add = |path: &SourcePath, reexports: bool| {
                let Some(target) = self.resolve(module, path, 0) else { return };
                // What a folder passes on of its own is no import of it.
                let own = reexports && target.starts_with(module);
                let Some((other, _)) = self.modules.get(&target) else { return };
                if own || other == file {
                    return;
                }
                let names = imports.entry(file.clone()).or_default();
                let name = path.last().cloned().unwrap_or_default();
                names.entry(other.clone()).or_default().insert(name);
            };
            source.uses.iter().for_each(|it| add(&it.path, it.is_public));
            source.paths.iter().for_each(|path| add(path, false));
        }
        imports
    }
}

fn below(module: &[String], name: &str) -> Module {
    [module, &[name.to_owned()]].concat()
}

fn module_of(file: &str) -> Module {
    let mut parts: Module = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// The shortest way of a file back to itself, as lines `a.rs -> b.rs (names)`.
fn shortest_circle(imports: &Imports) -> Option<Vec<String>> {
    let circle = imports.keys().filter_map(|file| way_back(imports, file)).min_by_key(Vec::len)?;
    let lines = circle.windows(2).map(|step| {
        let names: Vec<_> = imports[step[0]][step[1]].iter().map(String::as_str).collect();
        format!("{} -> {} ({})", step[0], step[1], names.join(", "))
    });
    Some(lines.collect())
}

fn way_back<'a>(imports: &'a Imports, start: &'a str) -> Option<Vec<&'a str>> {
    let mut reached_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for next in imports.get(file).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut way = vec![start, file];
                while way[way.len() - 1] != start {
                    way.push(reached_from[way[way.len() - 1]]);
                }
                way.reverse();
                return Some(way);
            }
            if !reached_from.contains_key(next.as_str()) {
                reached_from.insert(next, file);
                open.push_back(next);
            }
        }
    }
    None
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let mut circles = Vec::new();
    for name in product_crates() {
        let imports = Crate::parse(&rust_files_of(&name)).imports();
        circles
            .extend(shortest_circle(&imports).map(|it| format!("{name}:\n  {}", it.join("\n  "))));
    }
    assert!(circles.is_empty(), "import circles:\n{}", circles.join("\n"));
}

fn circle_in(files: &[(&str, &str)]) -> Option<Vec<String>> {
    let owned: Vec<_> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    shortest_circle(&Crate::parse(&owned).imports())
}

#[test]
fn circle_of_three_files_is_found_and_told() {
    let found = circle_in(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "pub struct B; fn f() { crate::c::g() }"),
        ("c.rs", "use super::a::A as Other; pub fn g() {}"),
    ]);
    assert_eq!(
        found.expect("a circle"),
        ["a.rs -> b.rs (B)", "b.rs -> c.rs (g)", "c.rs -> a.rs (A)"]
    );
}

#[test]
fn circle_through_reexports_of_the_root_and_of_a_folder_is_found() {
    let through_root = [
        ("lib.rs", "mod a; mod b; pub use a::A; pub(crate) use b::*;"),
        ("a.rs", "use crate::B; pub struct A;"),
        ("b.rs", "use crate::A; pub struct B;"),
    ];
    assert_eq!(circle_in(&through_root).expect("a circle").len(), 2);
    let through_folder = [
        ("lib.rs", "mod a; mod folder;"),
        ("a.rs", "use crate::folder::B; pub struct A;"),
        ("folder/mod.rs", "mod inner; pub use inner::B;"),
        ("folder/inner.rs", "pub struct B(crate::a::A);"),
    ];
    let expected = ["a.rs -> folder/inner.rs (B)", "folder/inner.rs -> a.rs (A)"];
    assert_eq!(circle_in(&through_folder).expect("a circle"), expected);
}

#[test]
fn circle_between_a_folder_and_its_file_is_found() {
    let found = circle_in(&[
        ("lib.rs", "mod folder;"),
        ("folder/mod.rs", "mod inner; pub struct A; fn f() { inner::g() }"),
        ("folder/inner.rs", "use super::A; pub fn g() {}"),
    ]);
    assert_eq!(found.expect("a circle").len(), 2);
}

#[test]
fn circle_in_macros_and_quoted_paths_is_found() {
    let found = circle_in(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "fn f() { println!(\"{}\", crate::b::g()); }  pub fn named() {}"),
        ("b.rs", "#[serde(default = \"crate::a::named\")] struct S; pub fn g() {}"),
    ]);
    assert_eq!(found.expect("a circle").len(), 2);
}

#[test]
fn declarations_reexports_tests_and_downward_imports_make_no_circle() {
    let found = circle_in(&[
        ("lib.rs", "mod a; mod folder; pub use folder::B; pub use a::A;"),
        (
            "a.rs",
            "use crate::B; pub struct A; #[cfg(test)] mod tests { use super::*; use crate::folder::X; }",
        ),
        ("folder/mod.rs", "mod inner; #[cfg(test)] mod tests; pub use inner::B;"),
        (
            "folder/inner.rs",
            "pub struct B; pub struct X; #[cfg(test)] mod tests { use crate::a::A; }",
        ),
        ("folder/tests.rs", "use crate::a::A; use super::*;"),
    ]);
    assert_eq!(found, None);
}
