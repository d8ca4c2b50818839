//! Serials that a spreadsheet program may have shortened: they look like serials and are told with
//! a warning, and nothing is changed unless somebody asks for it.

use crate::lists::cell::fits_a_maker;
use serde::Serialize;
use utoipa::ToSchema;
use validate::{Formats, Standing};

/// Zeros that are looked for in front of a number.
const ZEROS_MAX: usize = 3;
/// Digits of a number that spreadsheet programs keep.
const DIGITS_KEPT: usize = 15;
/// Zeros at the end that are no chance.
const ZEROS_AT_END_MIN: usize = 2;

/// What may have become of a serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// With zeros in front it fits a format whose serials begin with one: a spreadsheet may have dropped them.
    ZeroLost,
    /// Everything after its fifteenth digit is zero: a spreadsheet keeps no more.
    DigitsLost,
}

/// Whether something may have been lost, and the serial with its zeros where that is what was.
/// `keeps_zeros` says that other numbers of the column begin with a zero, so that no spreadsheet
/// program took them for numbers.
pub(super) fn doubt(
    written: &str,
    serial: &str,
    formats: &Formats,
    keeps_zeros: bool,
) -> Option<(Doubt, Option<String>)> {
    if !is_number(written) {
        return None;
    }
    let rest = serial.get(DIGITS_KEPT..).unwrap_or_default();
    if rest.len() >= ZEROS_AT_END_MIN && rest.bytes().all(|byte| byte == b'0') {
        return Some((Doubt::DigitsLost, None));
    }
    if serial.starts_with('0') || !rest.is_empty() {
        return None;
    }
    // A number that fits as it stands may only lack the one zero that its neighbours lack.
    let stands = fits_a_maker(serial, formats);
    if stands && keeps_zeros {
        return None;
    }
    let padded = |zeros: usize| format!("{}{serial}", "0".repeat(zeros));
    let zeros_max = if stands { 1 } else { ZEROS_MAX };
    let restored = (1..=zeros_max).map(padded).find(|padded| begins_with_zero(padded, formats))?;
    Some((Doubt::ZeroLost, Some(restored)))
}

/// Whether a maker's format fits of which serials are known that begin with a zero.
fn begins_with_zero(serial: &str, formats: &Formats) -> bool {
    formats.matching(serial).any(|format| {
        let known = format.samples.iter().any(|sample| sample.starts_with('0'));
        known && format.standing != Standing::Permissive
    })
}

/// Digits alone, as a spreadsheet program takes them for a number.
pub(super) fn is_number(written: &str) -> bool {
    !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit())
}
