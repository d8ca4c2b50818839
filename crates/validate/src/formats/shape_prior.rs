//! How serials are shaped, as far as it tells letters from digits that look the same.
//!
//! A reader cannot tell `0` from `O` or `1` from `I`, however sure it says to be. What can is how
//! makers build serials: letters stand in front, or in one place, and long runs of digits hold
//! none. The prior is how often a serial changes between letters and digits, counted over the
//! samples of every format in use: the public samples that ship, and those that the operator taught,
//! which are his own estate's. An arrangement of `n` changes in `l` characters is one of
//! `binomial(l - 1, n)`, so that one letter more within a run of ten digits, two changes that may
//! stand anywhere, is a hundred times less likely than none, while in `QW2F45K8T61XZWA9` a change
//! more or less says nothing.

/// Changes that are told apart; more are counted as this many.
const CHANGES_MAX: usize = 6;
/// Samples that are believed before any is counted, one for each number of changes.
const BEFORE: f32 = 1.0;
/// How often a digit is a `0` or a `1`, for each time that a letter is an `O` or an `I`, in a serial
/// that is built of a prefix and a number: of 52 letters in the public samples one is an `O` and none
/// an `I`, where four would be by chance. Makers who choose letters avoid them.
const DIGIT_TO_LETTER_BUILT: f32 = 10.0;
/// The same in a serial of mixed letters and digits: 26 letters, 10 digits.
const DIGIT_TO_LETTER_MIXED: f32 = 2.6;
/// Changes from which a serial is mixed.
const MIXED_CHANGES: usize = 3;
/// Odds from which the shape decides between a character and its look-alike.
pub(crate) const DECIDING_ODDS: f32 = 9.0;

/// The share of serials by how often they change between letters and digits.
#[derive(Clone, Debug)]
pub(crate) struct ShapePrior {
    share: [f32; CHANGES_MAX + 1],
}

impl ShapePrior {
    /// The prior of samples in canonical form.
    pub(crate) fn of<'s>(samples: impl Iterator<Item = &'s str>) -> Self {
        let mut share = [BEFORE; CHANGES_MAX + 1];
        samples.for_each(|sample| share[changes(sample.bytes()).min(CHANGES_MAX)] += 1.0);
        let all: f32 = share.iter().sum();
        Self { share: share.map(|count| count / all) }
    }

    /// How many times likelier a value is than the same with its look-alike of the other class at
    /// one place: a letter for the digit, or a digit for the letter.
    pub(crate) fn odds(&self, value: &str, at: usize) -> f32 {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        let as_read = changes(value.bytes());
        let flip = |(place, byte): (usize, u8)| match (place == at, is_digit(byte)) {
            (true, true) => b'O',
            (true, false) => b'0',
            (false, _) => byte,
        };
        let other = changes(value.bytes().enumerate().map(flip));
        // Of mixed letters and digits no arrangement is likelier than another.
        let is_mixed = as_read.min(other) >= MIXED_CHANGES;
        let arrangement = |changes: usize| {
            let share = self.share[changes.min(CHANGES_MAX)];
            share / binomial(value.len().saturating_sub(1), changes)
        };
        let (shape, letter) = match is_mixed {
            true => (1.0, DIGIT_TO_LETTER_MIXED),
            false => (arrangement(as_read) / arrangement(other), DIGIT_TO_LETTER_BUILT),
        };
        match value.as_bytes().get(at).copied().is_some_and(is_digit) {
            true => shape * letter,
            false => shape / letter,
        }
    }

    /// Whether the shape decides for what was read, against its look-alike of the other class.
    pub(crate) fn decides(&self, value: &str, at: usize) -> bool {
        self.odds(value, at) >= DECIDING_ODDS
    }
}

/// How often a text changes between letters and digits.
fn changes(bytes: impl Iterator<Item = u8>) -> usize {
    let mut last = None;
    let mut count = 0;
    for byte in bytes {
        let digit = byte.is_ascii_digit();
        count += usize::from(last.is_some_and(|last| last != digit));
        last = Some(digit);
    }
    count
}

fn binomial(of: usize, taken: usize) -> f32 {
    let taken = taken.min(of - taken.min(of));
    (0..taken).map(|index| (of - index) as f32 / (index + 1) as f32).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prior() -> ShapePrior {
        crate::Formats::builtin().shape_prior().clone()
    }

    #[test]
    fn a_run_of_digits_holds_no_letter() {
        let prior = prior();
        for value in ["0821032398", "C2305592110", "HL1903080003", "SG150700048", "77987515"] {
            for (at, char) in value.char_indices().filter(|(_, char)| matches!(char, '0' | '1')) {
                let odds = prior.odds(value, at);
                assert!(odds >= DECIDING_ODDS, "{char} at {at} of {value}: {odds}");
            }
        }
    }

    #[test]
    fn a_mixed_serial_leaves_it_open() {
        let prior = prior();
        for (value, at) in
            [("QW2F45K8T61XZWA9", 10), ("C02F5D3XMD6M", 1), ("4K1AB2F7", 2), ("A9A9G0ABAAM0034", 5)]
        {
            assert!(!prior.decides(value, at), "{value}: {}", prior.odds(value, at));
        }
    }

    #[test]
    fn arrangements_are_counted() {
        assert_eq!(changes(b"QW2F45".iter().copied()), 3);
        assert_eq!(changes(b"0821".iter().copied()), 0);
        assert_eq!((binomial(9, 2), binomial(9, 0), binomial(5, 7)), (36.0, 1.0, 1.0));
    }
}
