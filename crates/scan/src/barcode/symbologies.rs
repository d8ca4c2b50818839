//! Sets of symbologies: which kinds of barcode are looked for.

use validate::Symbology;

/// Short or without a check character, so that chance, glare or a part of another code can pass for
/// one: looked for only where a format asks, and believed only if more rows than usual and a second
/// decoder agree.
pub const MISREAD_EASILY: [Symbology; 4] =
    [Symbology::Itf, Symbology::Codabar, Symbology::UpcE, Symbology::Ean8];

/// Which symbologies are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbologies(u16);

impl Symbologies {
    /// Those found on devices and their boxes, without [`MISREAD_EASILY`].
    pub const DEVICE: Self = Self(!0)
        .without(MISREAD_EASILY[0])
        .without(MISREAD_EASILY[1])
        .without(MISREAD_EASILY[2])
        .without(MISREAD_EASILY[3]);

    /// Nothing: codes are located and not read.
    pub const NONE: Self = Self(0);

    /// This set and one more.
    pub const fn with(self, symbology: Symbology) -> Self {
        Self(self.0 | 1 << symbology as u16)
    }

    /// This set without one of its members.
    pub const fn without(self, symbology: Symbology) -> Self {
        Self(self.0 & !(1 << symbology as u16))
    }

    /// Whether the set holds a symbology.
    pub const fn has(self, symbology: Symbology) -> bool {
        self.0 & 1 << symbology as u16 != 0
    }
}

impl Default for Symbologies {
    fn default() -> Self {
        Self::DEVICE
    }
}
