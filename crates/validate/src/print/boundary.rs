//! Where a printed value ends. A box that lost a character, or caught a neighbour's, gives a serial
//! of the wrong length at full confidence; only what stands beside the value tells.

/// Years that a device in use may have been made in.
const YEARS: std::ops::Range<u16> = 1980..2050;

/// How surely a value's first or last character is its own end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Boundary {
    /// Something stands close that may belong to it, or it may be cut off.
    #[default]
    Open,
    /// A year stands beside it, as on many nameplates, or a number below it where a long value
    /// would go on: the end of a value whose length is known, and of no other.
    OfKnownLength,
    /// Nothing is near.
    Own,
}

impl Boundary {
    /// What the word beside a value says about its end: digits there may belong to it.
    pub(crate) fn beside(word: &[char]) -> Self {
        let year = || word.iter().collect::<String>().parse().is_ok_and(|it| YEARS.contains(&it));
        match word.iter().any(char::is_ascii_digit) {
            false => Self::Own,
            true if word.len() == 4 && year() => Self::OfKnownLength,
            true => Self::Open,
        }
    }
}

/// Both ends of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Boundaries {
    pub(crate) start: Boundary,
    pub(crate) end: Boundary,
}

impl Boundaries {
    /// Nothing speaks against the box holding the whole value.
    pub(crate) fn whole(self) -> bool {
        self.start == Boundary::Own && self.end == Boundary::Own
    }

    /// Nothing speaks against it if a format says how long the value is.
    pub(crate) fn whole_for_its_length(self) -> bool {
        self.start != Boundary::Open && self.end != Boundary::Open
    }

    /// What two readings of the same value know together: a neighbour that only one of two
    /// differently cut boxes sees is dirt or a frame.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.max(other.end) }
    }
}
