//! Files and messages made of pieces. An input is read as if it were typed: one change of a byte
//! changes one piece or one character, so that what the fuzzer finds stays when it goes on.

/// The first byte that stands for a piece; those below stand for themselves.
const FIRST: u8 = 0x80;

/// Each byte from 0x80 on stands for one of the pieces, any other for itself.
pub fn spliced<P: AsRef<[u8]>>(input: &[u8], pieces: &[P]) -> Vec<u8> {
    let mut all = Vec::new();
    for &byte in input {
        match byte.checked_sub(FIRST) {
            Some(piece) => {
                all.extend_from_slice(pieces[usize::from(piece) % pieces.len()].as_ref())
            }
            None => all.push(byte),
        }
    }
    all
}

/// The same where only text can come.
pub fn spliced_text(input: &[u8], pieces: &[&str]) -> String {
    String::from_utf8(spliced(input, pieces)).expect("ASCII and whole pieces")
}
