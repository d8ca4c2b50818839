//! Symbology identifiers that scanners put in front (ISO/IEC 15424): `]C1`, `]d2`, `]Q3`.

/// What stands behind a symbology identifier, and what it says.
pub(super) struct Stripped<'p> {
    pub(super) payload: &'p str,
    /// The symbol declares GS1 data.
    pub(super) gs1: bool,
}

/// The identifiers of symbols with FNC1 in first position.
const GS1: [&str; 5] = ["]C1", "]d2", "]Q3", "]e0", "]J1"];

/// Takes the identifier off, if there is one.
pub(super) fn strip(payload: &str) -> Stripped<'_> {
    match length(payload) {
        Some(length) => {
            let (identifier, payload) = payload.split_at(length);
            Stripped { payload, gs1: GS1.contains(&identifier) }
        }
        None => Stripped { payload, gs1: false },
    }
}

/// The characters of the identifier in front: `]`, a letter for the code, a modifier.
fn length(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [b']', code, modifier, _, ..] => {
            (code.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric()).then_some(3)
        }
        _ => None,
    }
}
