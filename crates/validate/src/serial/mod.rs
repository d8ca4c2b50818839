//! The characters of a serial: its canonical form, the characters that readers confuse, check
//! digits, and new serials for an operator. Nothing here knows photos, evidence or verdicts, and
//! nothing changes a character into its look-alike.

pub(crate) mod canonical;
pub(crate) mod check_digit;
pub(crate) mod fold;
pub(crate) mod generate;
pub(crate) mod look_alike;
pub(crate) mod tusn;
