//! The character class of each position of a serial.

use std::fmt;

/// What may stand at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// `0` to `9`, written `d`.
    Digit,
    /// `A` to `Z`, written `a`.
    Letter,
    /// A letter or a digit, written `x`.
    LetterOrDigit,
    /// A letter or a digit, but neither `O` nor `I`, written `n`.
    NoLookAlike,
    /// `0` to `9` and `A` to `F`, written `h`.
    Hexadecimal,
    /// This character alone, written as itself.
    Exactly(char),
}

impl Class {
    /// Whether the character may stand here.
    pub fn admits(self, char: char) -> bool {
        match self {
            Self::Digit => char.is_ascii_digit(),
            Self::Letter => char.is_ascii_uppercase(),
            Self::LetterOrDigit => char.is_ascii_digit() || char.is_ascii_uppercase(),
            Self::NoLookAlike => Self::LetterOrDigit.admits(char) && !matches!(char, 'O' | 'I'),
            Self::Hexadecimal => matches!(char, '0'..='9' | 'A'..='F'),
            Self::Exactly(only) => char == only,
        }
    }

    fn parse(char: char) -> Option<Self> {
        Some(match char {
            'd' => Self::Digit,
            'a' => Self::Letter,
            'x' => Self::LetterOrDigit,
            'n' => Self::NoLookAlike,
            'h' => Self::Hexadecimal,
            '0'..='9' | 'A'..='Z' => Self::Exactly(char),
            _ => return None,
        })
    }

    /// The class as it is written in a formats file.
    pub fn letter(self) -> char {
        match self {
            Self::Digit => 'd',
            Self::Letter => 'a',
            Self::LetterOrDigit => 'x',
            Self::NoLookAlike => 'n',
            Self::Hexadecimal => 'h',
            Self::Exactly(only) => only,
        }
    }

    fn pattern(self) -> String {
        match self {
            Self::Digit => r"\d".to_owned(),
            Self::Letter => "[A-Z]".to_owned(),
            Self::LetterOrDigit => "[0-9A-Z]".to_owned(),
            Self::NoLookAlike => "[0-9A-HJ-NP-Z]".to_owned(),
            Self::Hexadecimal => "[0-9A-F]".to_owned(),
            Self::Exactly(only) => only.to_string(),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digit => out.write_str("a digit"),
            Self::Letter => out.write_str("a letter"),
            Self::LetterOrDigit => out.write_str("a letter or digit"),
            Self::NoLookAlike => out.write_str("a letter or digit, but neither O nor I"),
            Self::Hexadecimal => out.write_str("a hexadecimal digit"),
            Self::Exactly(only) => write!(out, "{only}"),
        }
    }
}

/// A serial of one length: a class for each position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Vec<Class>);

impl Shape {
    /// The longest shape: what registries take for a serial is shorter.
    pub const POSITIONS_MAX: usize = 64;

    /// A shape from its classes; `None` if there are none or too many.
    pub fn new(classes: Vec<Class>) -> Option<Self> {
        (1..=Self::POSITIONS_MAX).contains(&classes.len()).then_some(Self(classes))
    }

    /// A shape as it is written in a formats file, such as `C0ddUadddddddd`.
    pub fn parse(written: &str) -> Option<Self> {
        Self::new(written.chars().map(Class::parse).collect::<Option<Vec<_>>>()?)
    }

    /// The class of each position.
    pub fn classes(&self) -> &[Class] {
        &self.0
    }

    /// Whether a canonical value has this shape.
    pub fn fits(&self, canonical: &str) -> bool {
        canonical.len() == self.0.len()
            && canonical.bytes().zip(&self.0).all(|(byte, class)| class.admits(char::from(byte)))
    }

    /// How many of its characters are given.
    pub(crate) fn marks(&self) -> usize {
        self.0.iter().filter(|class| matches!(class, Class::Exactly(_))).count()
    }

    /// Whether a canonical value would have this shape with one character more, less or another.
    pub(crate) fn fits_but_for_one(&self, canonical: &str) -> bool {
        let (value, classes) = (canonical.as_bytes(), &self.0[..]);
        if value.len().abs_diff(classes.len()) > 1 {
            return false;
        }
        let admits = |(char, class): (&u8, &Class)| class.admits(char::from(*char));
        let start = value.iter().zip(classes).take_while(|&pair| admits(pair)).count();
        // The rest must fit past the one place where the two part.
        let past = |extra: usize, missing: usize| {
            let (rest, classes) = (value.get(start + extra..), classes.get(start + missing..));
            let (rest, classes) = (rest.unwrap_or_default(), classes.unwrap_or_default());
            rest.len() == classes.len() && rest.iter().zip(classes).all(admits)
        };
        start < value.len().max(classes.len()) && (past(1, 0) || past(0, 1) || past(1, 1))
    }

    /// The shape as a regular expression without its anchors.
    pub fn pattern(&self) -> String {
        let mut pattern = String::new();
        let mut runs = self.0.iter().copied().peekable();
        while let Some(class) = runs.next() {
            let mut times = 1;
            while runs.next_if_eq(&class).is_some() {
                times += 1;
            }
            pattern.push_str(&class.pattern());
            if times > 1 {
                pattern.push_str(&format!("{{{times}}}"));
            }
        }
        pattern
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|class| write!(out, "{}", class.letter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_read_written_and_fits() {
        let shape = Shape::parse("C0ddUadddddddd").expect("a shape");
        assert_eq!(shape.to_string(), "C0ddUadddddddd");
        assert_eq!(shape.pattern(), r"C0\d{2}U[A-Z]\d{8}");
        assert!(shape.fits("C030UQ50550081"));
        assert!(!shape.fits("C030UQ5055008") && !shape.fits("C030U150550081"));
        for (value, almost) in [
            ("C030U50550081", true),
            ("C030UQ5055008", true),
            ("030UQ50550081", true),
            ("C030UQ505500817", true),
            ("C030UQ50550081", false),
            ("C030U5055008", false),
            ("X030U50550081", false),
            ("X030UQ50550081", true),
            ("X030UX5055A081", false),
        ] {
            assert_eq!(shape.fits_but_for_one(value), almost, "{value}");
        }
        assert_eq!(Shape::parse("dd-dd"), None);
        assert_eq!(Shape::parse(""), None);
        assert_eq!(Shape::parse(&"d".repeat(65)), None);
    }
}
