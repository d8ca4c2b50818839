//! XChaCha20-Poly1305, put together as its draft (draft-irtf-cfrg-xchacha) says: HChaCha20 makes a
//! key of its own from the key and the nonce's first 16 bytes, and under that one ring's
//! ChaCha20-Poly1305 seals. Sealing is the largest part of what the processor does for an upload
//! outside of the kernel, and ring's, in assembly, takes half the time of the one in Rust.

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// Bytes of Poly1305's tag, which end a sealed value.
pub(super) const TAG_BYTES: usize = 16;

/// Encrypts a text where it lies; its tag. `None` if it is too long, at 256 GiB.
pub(super) fn seal(
    key: &[u8; 32],
    nonce: &[u8; 24],
    associated: &[u8],
    text: &mut [u8],
) -> Option<[u8; TAG_BYTES]> {
    let (key, nonce) = own_key(key, nonce)?;
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(associated), text).ok()?;
    tag.as_ref().try_into().ok()
}

/// Decrypts a text, behind which its tag lies, where it lies. `None` if anything about it is not as
/// it was sealed; then the text is not to be used.
pub(super) fn open(
    key: &[u8; 32],
    nonce: &[u8; 24],
    associated: &[u8],
    text_and_tag: &mut [u8],
) -> Option<()> {
    let (key, nonce) = own_key(key, nonce)?;
    key.open_in_place(nonce, Aad::from(associated), text_and_tag).ok().map(drop)
}

/// The key that is this nonce's own, and what is left of the nonce.
fn own_key(key: &[u8; 32], nonce: &[u8; 24]) -> Option<(LessSafeKey, Nonce)> {
    let (start, rest) = nonce.split_first_chunk::<16>()?;
    let own = hchacha::<R20>(&(*key).into(), &(*start).into());
    let mut short = [0; 12];
    short[4..].copy_from_slice(rest);
    let key = UnboundKey::new(&CHACHA20_POLY1305, &own).ok()?;
    Some((LessSafeKey::new(key), Nonce::assume_unique_for_key(short)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::hash::hex;

    /// The example of the draft, A.3.1.
    #[test]
    fn the_drafts_example_is_sealed_and_opened() {
        let key = std::array::from_fn(|n| 0x80 + n as u8);
        let nonce = std::array::from_fn(|n| 0x40 + n as u8);
        let associated = b"PQRS\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7";
        let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
                      for the future, sunscreen would be it.";
        let mut text = plain.to_vec();
        let tag = seal(&key, &nonce, associated, &mut text).unwrap();
        assert_eq!(hex(&text[..16]), "bd6d179d3e83d43b9576579493c0e939");
        assert_eq!(hex(&tag), "c0875924c1c7987947deafd8780acf49");
        text.extend(tag);
        open(&key, &nonce, associated, &mut text).unwrap();
        assert_eq!(&text[..plain.len()], plain);
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let (key, nonce) = ([1; 32], [2; 24]);
        let mut sealed = b"0821032398".to_vec();
        let tag = seal(&key, &nonce, b"cell", &mut sealed).unwrap();
        sealed.extend(tag);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&key, &nonce, b"cell", &mut changed).is_none(), "byte {at}");
        }
        assert!(open(&key, &nonce, b"another", &mut sealed.clone()).is_none());
        assert!(open(&key, &[3; 24], b"cell", &mut sealed.clone()).is_none());
        assert!(open(&key, &nonce, b"cell", &mut sealed).is_some());
    }
}
