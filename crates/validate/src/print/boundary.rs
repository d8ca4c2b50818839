//! Where a printed value begins and ends. A box that lost a character, or a line that goes on with
//! something else, gives a serial of the wrong length at full confidence; only what stands beside
//! the value tells.

use serde::Serialize;

/// What stands at one end of a printed value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Boundary {
    /// Other print so near that it may belong to the value.
    #[default]
    OtherPrint,
    /// A mark that parts numbers as well as it stands inside one: `/`, `&`, `#`, `-`.
    UnclearMark,
    /// Ink beyond the box of the line that belongs to no other line that was found.
    Ink,
    /// The edge of the photo.
    Frame,
    /// A year, as on many nameplates.
    Year,
    /// A number in the next line, where a long value would go on.
    NumberBelow,
    /// Words or a date, a rating, a revision: print that is known for something else.
    KnownPrint,
    /// A mark that ends a value: `,`, `;`, `|`, a bracket.
    Mark,
    /// A gap of several characters.
    WideGap,
    /// A caption.
    Caption,
    /// Nothing: the line ends.
    LineEnd,
}

/// How sure it is that a value begins or ends here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clearness {
    /// What stands there may belong to the value.
    #[default]
    Open,
    /// It is the end of a value whose length is known, and of no other.
    OfKnownLength,
    /// The value's own end.
    Clear,
}

impl Boundary {
    pub(crate) fn clearness(self) -> Clearness {
        match self {
            Self::OtherPrint | Self::UnclearMark | Self::Ink | Self::Frame => Clearness::Open,
            Self::Year | Self::NumberBelow => Clearness::OfKnownLength,
            Self::KnownPrint | Self::Mark | Self::WideGap | Self::Caption | Self::LineEnd => {
                Clearness::Clear
            }
        }
    }
}

/// Both ends of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) start: Boundary,
    pub(crate) end: Boundary,
}

impl Ends {
    /// Nothing speaks against the value beginning and ending just here.
    pub(crate) fn are_clear(self) -> bool {
        self.least() == Clearness::Clear
    }

    /// The clearness of the less clear end.
    pub(crate) fn least(self) -> Clearness {
        self.start.clearness().min(self.end.clearness())
    }

    /// What two readings of the same value know together: a neighbour that only one of two
    /// differently cut boxes sees is dirt or a frame.
    pub(crate) fn or(self, other: Self) -> Self {
        let clearer = |one: Boundary, two: Boundary| {
            if one.clearness() >= two.clearness() { one } else { two }
        };
        Self { start: clearer(self.start, other.start), end: clearer(self.end, other.end) }
    }
}
