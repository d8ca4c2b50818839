//! One Rust source file as its tokens tell it: the paths that it names, what it defines and what it
//! passes on. Comments and what is compiled for tests alone are not part of it.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::str::FromStr as _;

/// Segments of a path, for example `crate`, `judge`, `Verdict`; the last one is `*` for a glob.
pub(super) type SourcePath = Vec<String>;

/// A `use` of one name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) path: SourcePath,
    /// What the name is called here.
    pub(super) name: String,
    /// Whether others may take it from here.
    pub(super) is_public: bool,
}

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) uses: Vec<Use>,
    /// Paths in the code, beside `use`.
    pub(super) paths: Vec<SourcePath>,
    pub(super) defines: BTreeSet<String>,
    /// Modules in files of their own that are compiled for tests alone.
    pub(super) test_modules: BTreeSet<String>,
    /// Files that are compiled in: the macro or attribute, and the path in quotes.
    pub(super) embedded: Vec<(String, String)>,
}

impl Source {
    pub(super) fn parse(text: &str) -> Self {
        let tokens = TokenStream::from_str(text).expect("Rust source");
        let mut source = Self::default();
        let tokens: Vec<_> = tokens.into_iter().collect();
        source.define(&tokens);
        source.walk(&tokens, 0);
        source
    }

    /// Names of the items at the top of the file.
    fn define(&mut self, tokens: &[TokenTree]) {
        let items = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod"];
        for pair in tokens.windows(2) {
            if let [TokenTree::Ident(item), TokenTree::Ident(name)] = pair
                && items.contains(&item.to_string().as_str())
            {
                self.defines.insert(name.to_string());
            }
        }
    }

    /// `depth` counts the modules in braces around the tokens.
    fn walk(&mut self, tokens: &[TokenTree], depth: usize) {
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at = self.skip_item(tokens, at + 2);
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    at = self.take_use(tokens, at, depth);
                    continue;
                }
                TokenTree::Ident(_) if begins_path(tokens, at) => {
                    let (path, end) = path_at(tokens, at);
                    self.paths.push(from_file(path, depth));
                    at = end;
                    continue;
                }
                TokenTree::Literal(literal) => self.take_text(&literal.to_string(), depth),
                TokenTree::Group(group) if is_visibility(&tokens[..at], group) => {}
                TokenTree::Group(group) => {
                    self.take_embedded(&tokens[..at], group);
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    self.walk(&inner, depth + usize::from(is_module(&tokens[..at])));
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Passes by the item that stands behind `#[cfg(test)]`; gives where the next one begins.
    fn skip_item(&mut self, tokens: &[TokenTree], begin: usize) -> usize {
        let ends_with_semicolon = |word: &str| ["use", "const", "static", "type"].contains(&word);
        let mut until_semicolon = false;
        for at in begin..tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(word) => {
                    until_semicolon |= ends_with_semicolon(&word.to_string());
                    if word == "mod"
                        && let (Some(name), true) =
                            (tokens.get(at + 1), is_punct(tokens.get(at + 2), ';'))
                    {
                        self.test_modules.insert(name.to_string());
                    }
                }
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Brace && !until_semicolon =>
                {
                    return at + 1;
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => return at + 1,
                _ => {}
            }
        }
        tokens.len()
    }

    fn take_use(&mut self, tokens: &[TokenTree], begin: usize, depth: usize) -> usize {
        let length = tokens[begin..].iter().position(|token| is_punct(Some(token), ';'));
        let end = begin + length.expect("a use ends");
        let before = &tokens[..begin];
        let is_public = match before {
            [.., TokenTree::Ident(word), TokenTree::Group(_)] => word == "pub",
            [.., TokenTree::Ident(word)] => word == "pub",
            _ => false,
        };
        let mut leaves = Vec::new();
        use_leaves(&tokens[begin + 1..end], &[], &mut leaves);
        for (path, name) in leaves {
            self.uses.push(Use { path: from_file(path, depth), name, is_public });
        }
        end + 1
    }

    /// A path in quotes, as attributes name functions.
    fn take_text(&mut self, literal: &str, depth: usize) {
        let text = literal.trim_matches('"');
        let is_path = ["crate::", "self::", "super::"].iter().any(|begin| text.starts_with(begin))
            && text.chars().all(|it| it.is_alphanumeric() || it == '_' || it == ':');
        if is_path {
            let path = text.split("::").map(str::to_owned).collect();
            self.paths.push(from_file(path, depth));
        }
    }

    fn take_embedded(&mut self, before: &[TokenTree], group: &Group) {
        let inner: Vec<_> = group.stream().into_iter().collect();
        match (before, inner.as_slice()) {
            ([.., TokenTree::Ident(name), mark], [TokenTree::Literal(path), ..])
                if is_punct(Some(mark), '!') =>
            {
                let name = name.to_string();
                if name.starts_with("include") || name == "migrate" {
                    self.embedded.push((name, path.to_string().trim_matches('"').to_owned()));
                }
            }
            ([.., mark], [TokenTree::Ident(name), equals, TokenTree::Literal(path)])
                if is_punct(Some(mark), '#') && is_punct(Some(equals), '=') && name == "folder" =>
            {
                let path = path.to_string().trim_matches('"').to_owned();
                self.embedded.push((name.to_string(), path));
            }
            (
                [.., TokenTree::Ident(name)],
                [TokenTree::Ident(key), equals, TokenTree::Literal(path), ..],
            ) if name == "template" && key == "path" && is_punct(Some(equals), '=') => {
                let path = path.to_string().trim_matches('"').to_owned();
                self.embedded.push((name.to_string(), path));
            }
            _ => {}
        }
    }
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    match tokens {
        [mark, TokenTree::Group(group), ..] => {
            let text = group.stream().to_string().replace(' ', "");
            is_punct(Some(mark), '#') && text == "cfg(test)"
        }
        _ => false,
    }
}

fn is_module(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(word), TokenTree::Ident(_)] if word == "mod")
}

/// `pub(in crate::a)` imports nothing.
fn is_visibility(before: &[TokenTree], group: &Group) -> bool {
    let is_public = matches!(before, [.., TokenTree::Ident(word)] if word == "pub");
    is_public && group.stream().into_iter().next().is_some_and(|first| first.to_string() == "in")
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// Whether a path of more than one segment begins here.
fn begins_path(tokens: &[TokenTree], at: usize) -> bool {
    let goes_on = at >= 2 && is_separator(tokens, at - 2);
    is_separator(tokens, at + 1) && !goes_on
}

/// The path and where it ends.
fn path_at(tokens: &[TokenTree], begin: usize) -> (SourcePath, usize) {
    let mut path = vec![tokens[begin].to_string()];
    let mut at = begin + 1;
    while let (true, Some(TokenTree::Ident(segment))) =
        (is_separator(tokens, at), tokens.get(at + 2))
    {
        path.push(segment.to_string());
        at += 3;
    }
    (path, at)
}

/// Each name of a tree such as `a::{b, c::{self, d as e}}`, with its path.
fn use_leaves(tokens: &[TokenTree], base: &[String], leaves: &mut Vec<(SourcePath, String)>) {
    for branch in tokens.split(|token| is_punct(Some(token), ',')) {
        let mut path = base.to_vec();
        let mut name = None;
        let mut branches = false;
        let mut words = branch.iter();
        while let Some(token) = words.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    name = words.next().map(ToString::to_string)
                }
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => path.push("*".to_owned()),
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    use_leaves(&inner, &path, leaves);
                    branches = true;
                }
                _ => {}
            }
        }
        if !branches && !branch.is_empty() {
            let name = name.unwrap_or_else(|| path.last().cloned().unwrap_or_default());
            leaves.push((path, name));
        }
    }
}

/// The path as the file itself would write it, outside of its modules in braces.
fn from_file(mut path: SourcePath, depth: usize) -> SourcePath {
    let ups = path.iter().take_while(|segment| *segment == "super").count().min(depth);
    if ups > 0 {
        path.drain(..ups);
        path.insert(0, "self".to_owned());
    }
    path
}

#[test]
fn source_names_each_use_and_each_path() {
    let source = Source::parse(
        r#"
        //! `crate::comment::Nothing`
        use crate::a::{self, B, c::{D as E, *}};
        pub(crate) use super::f::G;
        #[serde(with = "crate::quoted::form")]
        fn run() { let x = crate::h::run::<u8>(); format!("{}", self::i::J); std::fs::read(x); }
        mod inner { use super::K; fn f() { super::super::l::m(); } }
        pub(in crate::n::o) fn captures() -> impl Sized + use<'_> {}
        "#,
    );
    let uses: Vec<_> =
        source.uses.iter().map(|it| (it.path.join("::"), it.name.as_str(), it.is_public)).collect();
    let expected = [
        ("crate::a", "a", false),
        ("crate::a::B", "B", false),
        ("crate::a::c::D", "E", false),
        ("crate::a::c::*", "*", false),
        ("super::f::G", "G", true),
        ("self::K", "K", false),
    ];
    assert_eq!(uses, expected.map(|(path, name, public)| (path.to_owned(), name, public)));
    let paths: Vec<_> = source.paths.iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::quoted::form",
        "crate::h::run",
        "self::i::J",
        "std::fs::read",
        "self::super::l::m",
    ];
    assert_eq!(paths, expected);
    assert!(source.defines.contains("run") && source.defines.contains("inner"));
}

#[test]
fn source_leaves_out_what_is_compiled_for_tests_alone() {
    let source = Source::parse(
        "#[cfg(test)] use crate::a::{B, C};\n#[cfg(test)] mod tests;\n#[cfg(test)]\n#[allow(x)]\n\
         mod more { use crate::d::E; }\n#[cfg(test)] fn f() { crate::g::h() }\nuse crate::i::J;",
    );
    assert_eq!(source.uses.len(), 1);
    assert_eq!(source.uses[0].name, "J");
    assert!(source.paths.is_empty());
    assert_eq!(source.test_modules, BTreeSet::from(["tests".to_owned()]));
}
