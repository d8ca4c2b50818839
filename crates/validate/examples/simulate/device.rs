//! The devices that labels stand on: their makers and how these number them.

use crate::fill::{fill, one_of, percent};
use rand::{RngExt, rngs::StdRng};

/// A maker and its serials.
pub(crate) struct Maker {
    /// As it is printed.
    pub(crate) brand: &'static str,
    /// As the product names it if it knows it, else "unknown".
    pub(crate) vendor: &'static str,
    /// How often its devices are drawn.
    weight: u32,
    models: &'static [&'static str],
    serials: &'static [&'static str],
}

/// Makers whose serials are published or seen in public samples.
const KNOWN: &[Maker] = &[
    Maker {
        brand: "PAX",
        vendor: "pax",
        weight: 30,
        models: &["A920", "A920PRO", "A80", "D210"],
        serials: &["082%7d", "117%7d", "185%7d", "%2n%6d"],
    },
    Maker {
        brand: "Verifone",
        vendor: "verifone",
        weight: 20,
        models: &["VX520", "P400", "V240m"],
        serials: &["%9d", "%3d-%3d-%3d"],
    },
    Maker {
        brand: "Ingenico",
        vendor: "ingenico",
        weight: 20,
        models: &["iCT250", "Move/5000", "DESK3500"],
        serials: &["%y%j%7d"],
    },
    Maker {
        brand: "Castles",
        vendor: "castles",
        weight: 8,
        models: &["VEGA3000", "SATURN1000"],
        serials: &["0001%2d%y%w%5d"],
    },
    Maker {
        brand: "Clover",
        vendor: "clover",
        weight: 6,
        models: &["FLEX", "MINI"],
        serials: &["C0%2dU%a%8d"],
    },
    Maker {
        brand: "BBPOS",
        vendor: "bbpos",
        weight: 10,
        models: &["WisePOS E", "Chipper 2X"],
        serials: &["WSC51%x%9d", "STRM2%x%9d", "WPC32%x%9d", "CHB%3x%9d"],
    },
    Maker {
        brand: "SumUp",
        vendor: "sumup",
        weight: 3,
        models: &["Air", "Solo"],
        serials: &["%9x-%2a"],
    },
];

/// Makers that the product knows nothing of: public samples of other devices, and invented ones.
const OTHERS: &[Maker] = &[
    unknown("SUNMI", 10, &["P2", "V2 PRO"], &["PB0%d%2dA%x%d%4d"]),
    unknown("NEXGO", 10, &["N86", "N96"], &["N860W%x%5d", "N960W%x%5d", "N96N960W%a%5d"]),
    unknown("Newland", 10, &["N950", "SP930"], &["N950NC%aB%8d"]),
    unknown("WizarPOS", 6, &["Q2", "Q3"], &["WPOSQT2%9d"]),
    unknown("TELIUM", 10, &["EFT930", "iWL250"], &["%y%j%2a%8d", "%y%j%19d"]),
    unknown("ORVANO", 12, &["KT-20", "KT-31X"], &["%12d", "%10d", "%9d"]),
    unknown("Meridia", 10, &["M5", "M7 Lite"], &["%a%10d", "%2a%y%w%5d"]),
    unknown("ZHUOYI", 8, &["ZY80", "T8-4G"], &["%4d%a%3d%a%4d%a", "ZY%y%m%6d"]),
    unknown("Keltec", 4, &["R200", "Edge-4"], &["%16x", "%2x%a%2x%3d%4a%2d"]),
    unknown("TARNSOFT", 8, &["PinPad 3", "TS-7"], &["%8d", "%3a%4d%3a"]),
    unknown("Hanbyul", 6, &["HB-90", "HX1"], &["R%2d%a%d%7x", "%4d-%6d"]),
    unknown("Lumiq", 8, &["L1", "Q-Dock"], &["LQ%y%w%a%6d", "%6d"]),
    unknown("Pontis", 6, &["P-11", "GX4"], &["%2a%2d%2a%2d%2a%2d", "%7d%a"]),
];

const fn unknown(
    brand: &'static str,
    weight: u32,
    models: &'static [&'static str],
    serials: &'static [&'static str],
) -> Maker {
    Maker { brand, vendor: "unknown", weight, models, serials }
}

/// A device with its serial.
pub(crate) struct Device {
    pub(crate) maker: &'static Maker,
    pub(crate) model: &'static str,
    /// As it is printed.
    pub(crate) serial: String,
    pattern: &'static str,
}

impl Device {
    pub(crate) fn draw(random: &mut StdRng) -> Self {
        let makers = if percent(random, 45) { KNOWN } else { OTHERS };
        Self::of(weighted(random, makers), random)
    }

    fn of(maker: &'static Maker, random: &mut StdRng) -> Self {
        let pattern = *one_of(random, maker.serials);
        Self {
            maker,
            model: *one_of(random, maker.models),
            serial: serial(random, pattern),
            pattern,
        }
    }

    /// Another serial of the same maker and form.
    pub(crate) fn sibling(&self, random: &mut StdRng) -> String {
        loop {
            let other = serial(random, self.pattern);
            if other != self.serial {
                return other;
            }
        }
    }

    /// The device and others of its batch: where serials end in digits, those differ in the last
    /// two.
    pub(crate) fn batch(&self, random: &mut StdRng) -> Vec<String> {
        let (start, end) = self.serial.split_at(self.serial.len() - 2);
        let counted = end.bytes().all(|byte| byte.is_ascii_digit());
        let neighbour = |_| match counted {
            true => format!("{start}{}", fill(random, "%2d")),
            false => self.sibling(random),
        };
        std::iter::once(self.serial.clone()).chain((1..20).map(neighbour)).collect()
    }
}

fn weighted(random: &mut StdRng, makers: &'static [Maker]) -> &'static Maker {
    let mut at = random.random_range(0..makers.iter().map(|maker| maker.weight).sum());
    let drawn = makers.iter().find(|maker| {
        let here = at < maker.weight;
        at = at.saturating_sub(maker.weight);
        here
    });
    drawn.unwrap_or(&makers[0])
}

/// Makers' serials have digits: four or more.
fn serial(random: &mut StdRng, pattern: &str) -> String {
    loop {
        let drawn = fill(random, pattern);
        if drawn.bytes().filter(u8::is_ascii_digit).count() >= 4 {
            return drawn;
        }
    }
}
