//! Characters and texts in the form in which they are compared.

/// Letters and digits of `text` in upper case, everything else dropped: how texts are compared and
/// searched. A serial is made of a text by [`crate::canonical`], which drops nothing unseen.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    folded.extend(text.chars().filter_map(fold_char));
    folded
}

/// One character in canonical form, or `None` for a separator. Latin, because no maker uses other
/// letters in a serial.
pub(crate) fn fold_char(char: char) -> Option<char> {
    match char {
        '0'..='9' | 'A'..='Z' => Some(char),
        'a'..='z' => Some(char.to_ascii_uppercase()),
        '\0'..='\u{7f}' => None,
        _ => Some(half_width(char).to_ascii_uppercase()).filter(char::is_ascii_alphanumeric),
    }
}

/// The ordinary form of a full-width character (U+FF01 to U+FF5E), others unchanged.
pub(crate) fn half_width(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(char as u32 - 0xff01 + 0x21).unwrap_or(char),
        '\u{3000}' => ' ',
        _ => char,
    }
}

/// How many ASCII digits a value has.
pub(crate) fn digits(value: &str) -> usize {
    value.bytes().filter(u8::is_ascii_digit).count()
}
