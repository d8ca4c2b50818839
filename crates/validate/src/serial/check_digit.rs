//! Check digits of the numbers that are not serials, and the check character that an operator's own
//! may have. Each proves little alone: about one number in ten passes by chance, or one in 36.

use serde::Deserialize;

/// A check character at the end of a serial, computed from all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum CheckCharacter {
    /// ISO/IEC 7064:2003 MOD 37,36: one letter or digit for letters and digits, as in ISAN and
    /// GRid. It finds every single wrong character.
    #[serde(rename = "mod_37_36")]
    Mod37Of36,
}

impl CheckCharacter {
    /// The check character of what stands before it; `None` if that is not letters and digits.
    pub fn of(self, before: &str) -> Option<char> {
        match self {
            Self::Mod37Of36 => mod_37_36(before),
        }
    }

    /// Whether a canonical value ends in its check character.
    pub fn is_right(self, canonical: &str) -> bool {
        let mut before = canonical.chars();
        let last = before.next_back();
        last.is_some() && self.of(before.as_str()) == last
    }
}

/// Whether the digits pass the Luhn formula (ISO/IEC 7812-1 annex B), as IMEI and ICCID do.
pub(crate) fn luhn(digits: &str) -> bool {
    let mut sum = 0;
    for (index, char) in digits.chars().rev().enumerate() {
        let Some(digit) = char.to_digit(10) else { return false };
        sum += match index % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        };
    }
    !digits.is_empty() && sum % 10 == 0
}

/// Whether the digits pass the check of GTIN-8, 12, 13 and 14 (GS1 General Specifications 7.9).
pub(crate) fn gtin(digits: &str) -> bool {
    if !matches!(digits.len(), 8 | 12 | 13 | 14) {
        return false;
    }
    let mut sum = 0;
    for (index, char) in digits.chars().rev().enumerate() {
        let Some(digit) = char.to_digit(10) else { return false };
        sum += digit * if index % 2 == 0 { 1 } else { 3 };
    }
    sum % 10 == 0
}

/// The check character of letters and digits (ISO/IEC 7064:2003, MOD 37,36: a hybrid system of the
/// moduli 37 and 36); `None` if anything else is among them.
pub(crate) fn mod_37_36(before: &str) -> Option<char> {
    const MODULUS: u32 = 36;
    let mut product = MODULUS;
    for char in before.chars() {
        let value = char.to_digit(MODULUS).filter(|_| !char.is_ascii_lowercase())?;
        let sum = match (product + value) % MODULUS {
            0 => MODULUS,
            sum => sum,
        };
        product = 2 * sum % (MODULUS + 1);
    }
    char::from_digit((MODULUS + 1 - product) % MODULUS, MODULUS)
        .map(|char| char.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_pass_on_serials_too() {
        assert!(luhn("357654062100956") && !luhn("357654062100957") && !luhn(""));
        assert!(gtin("4035999001512") && gtin("04035999001512") && !gtin("4035999001513"));
        // The clashes that the domain knows: check digits alone prove nothing.
        assert!(luhn("310100048140001"), "a merchant number");
        assert!(gtin("212857310045"), "an Ingenico serial");
    }
}
