//! What lists of all kinds share: bounds of their parameters, and how large a page is.

use crate::problem::{Code, Problem};

/// Characters of the place in a list that a page begins after.
const AFTER_CHARS_MAX: usize = 128;

/// Refuses a parameter that is longer than documented.
pub(crate) fn at_most(name: &str, text: Option<&str>, chars_max: usize) -> Result<(), Problem> {
    match text {
        Some(text) if text.chars().count() > chars_max => {
            let detail = format!("{name}: more than {chars_max} characters");
            Err(Problem::new(Code::ParameterInvalid, detail))
        }
        _ => Ok(()),
    }
}

/// Refuses an `after` that no list has given as its `next`.
pub(crate) fn check_after(after: Option<&str>) -> Result<(), Problem> {
    at_most("after", after, AFTER_CHARS_MAX)
}

/// Items of one page: 50 unless asked, 200 at most.
pub(crate) fn page_size(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(50) {
        most @ 1..=200 => Ok(most),
        _ => Err(Problem::new(Code::ParameterInvalid, "most: 1 to 200")),
    }
}
