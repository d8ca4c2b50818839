//! What stands before every sealed value: that it is sealed, how, and which key opens it. Reading it
//! must take any bytes whatever.

use thiserror::Error;

/// How a sealed value begins. No JSON, text or photo begins so.
const MAGIC: [u8; 3] = *b"\0LS";
/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with this header and the cell as associated data.
const VERSION: u8 = 1;

/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 32;
/// Bytes that tell the key: everything before the nonce.
pub(crate) const PREFIX_BYTES: usize = 8;

/// The header of a sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealHeader {
    /// The key that it was sealed with, by its number in the key file.
    pub key: u32,
    /// The nonce, random for each value.
    pub nonce: [u8; 24],
}

/// Why bytes do not begin with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealHeaderError {
    /// They begin otherwise.
    #[error("it is not sealed")]
    NotSealed,
    /// They end within the header.
    #[error("it is cut off")]
    CutOff,
    /// They were sealed in a way that this program does not know.
    #[error("it is sealed in way {0}, which only a newer labelscan knows")]
    Unknown(u8),
}

impl SealHeader {
    /// Takes the header off a sealed value; what remains is the ciphertext with its tag.
    ///
    /// # Errors
    /// If the bytes are no sealed value.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), SealHeaderError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SealHeaderError::NotSealed)?;
        let (&version, rest) = rest.split_first().ok_or(SealHeaderError::CutOff)?;
        if version != VERSION {
            return Err(SealHeaderError::Unknown(version));
        }
        let (key, rest) = rest.split_first_chunk().ok_or(SealHeaderError::CutOff)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(SealHeaderError::CutOff)?;
        Ok((Self { key: u32::from_be_bytes(*key), nonce: *nonce }, rest))
    }

    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..PREFIX_BYTES].copy_from_slice(&Self::prefix(self.key));
        bytes[PREFIX_BYTES..].copy_from_slice(&self.nonce);
        bytes
    }

    /// How every value begins that this key sealed.
    pub(crate) fn prefix(key: u32) -> [u8; PREFIX_BYTES] {
        let [a, b, c, d] = key.to_be_bytes();
        [MAGIC[0], MAGIC[1], MAGIC[2], VERSION, a, b, c, d]
    }

    /// The key of a value by its first bytes.
    pub(crate) fn key_of(prefix: &[u8]) -> Option<u32> {
        let key = prefix.strip_prefix(&MAGIC)?.strip_prefix(&[VERSION])?.first_chunk()?;
        Some(u32::from_be_bytes(*key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_sealed_value_is_told_apart() {
        let whole = SealHeader { key: 7, nonce: [9; 24] }.to_bytes();
        for end in 0..HEADER_BYTES {
            assert!(SealHeader::parse(&whole[..end]).is_err(), "{end}");
        }
        assert_eq!(SealHeader::parse(b"{\"a\":1}"), Err(SealHeaderError::NotSealed));
        let mut newer = whole;
        newer[3] = 2;
        assert_eq!(SealHeader::parse(&newer), Err(SealHeaderError::Unknown(2)));
        assert_eq!(SealHeader::key_of(&whole), Some(7));
        assert_eq!(SealHeader::key_of(&whole[..6]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_and_a_header_comes_back_the_same(
            bytes in prop::collection::vec(any::<u8>(), 0..100),
            key in any::<u32>(),
            nonce in any::<[u8; 24]>(),
        ) {
            if let Ok((header, rest)) = SealHeader::parse(&bytes) {
                prop_assert_eq!([header.to_bytes().as_slice(), rest].concat(), bytes.clone());
            }
            let header = SealHeader { key, nonce };
            let sealed = [header.to_bytes().as_slice(), &bytes].concat();
            prop_assert_eq!(SealHeader::parse(&sealed), Ok((header, bytes.as_slice())));
        }
    }
}
