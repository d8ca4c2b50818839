//! The letters that labels are printed in: strokes of a pen, drawn for this program.
//!
//! People and readers confuse 0 with O, 1 with I, 8 with B, 5 with S, 2 with Z. Here the zero is
//! narrow and crossed, the one has a flag and a foot, the I has serifs, the four is open, B and D
//! have square backs, and all characters stand equally far apart. A font of our own has no licence
//! that a label could break, and needs no file beside the program.
//!
//! Units: a capital's skeleton is [`CAP`] high and [`WIDTH`] wide, y grows downwards, the baseline
//! lies at [`CAP`]. The pen of [`PEN`] stands half outside of the skeleton.

/// Height of a capital's skeleton.
const CAP: f64 = 10.0;
/// Width of a character's skeleton.
const WIDTH: f64 = 6.0;
/// Thickness of the pen.
pub const PEN: f64 = 1.5;
/// From one character to the next.
pub const ADVANCE: f64 = 8.4;
/// Height of a printed capital: skeleton and pen.
pub const CAP_PRINTED: f64 = CAP + PEN;
/// How far strokes reach below the baseline, the pen's half included.
pub const DESCENT: f64 = 3.0 + PEN / 2.0;
/// Chords that stand for one curve.
const CHORDS: u8 = 8;

/// A point of a character, in the font's units, from the upper left corner of its printed box.
pub type Point = (f64, f64);

/// Every character that can be printed, except the space.
///
/// Strokes in the letters of SVG paths: M moves, L draws a line, Q a quadratic curve.
const GLYPHS: [(char, &str); 78] = [
    ('0', "M.5 3 Q.5 0 3 0 Q5.5 0 5.5 3 L5.5 7 Q5.5 10 3 10 Q.5 10 .5 7 L.5 3 M1.6 7.4 L4.4 2.6"),
    ('1', "M.8 2.2 L3.2 0 L3.2 10 M.8 10 L5.4 10"),
    ('2', "M.3 2.6 Q.5 0 3 0 Q5.6 0 5.6 2.6 Q5.6 4.2 4 6 L.2 10 L5.9 10"),
    (
        '3',
        "M.4 1.7 Q1.1 0 3 0 Q5.4 0 5.4 2.4 Q5.4 4.7 2.4 4.7 Q5.8 4.7 5.8 7.3 Q5.8 10 3 10 Q.9 10 .2 8.1",
    ),
    ('4', "M2.4 0 L.1 6.9 L6 6.9 M4.4 3.9 L4.4 10"),
    ('5', "M5.4 0 L.9 0 L.6 4.6 Q1.5 3.8 3 3.8 Q5.8 3.8 5.8 6.9 Q5.8 10 3 10 Q.9 10 .2 8.3"),
    (
        '6',
        "M5.2 .9 Q4.4 0 3.2 0 Q.2 0 .2 5.6 L.2 6.9 Q.2 10 3 10 Q5.8 10 5.8 6.9 Q5.8 3.9 3.1 3.9 Q.8 3.9 .2 6.4",
    ),
    ('7', "M.1 0 L5.9 0 L2.2 10"),
    (
        '8',
        "M3 4.7 Q.6 4.7 .6 2.35 Q.6 0 3 0 Q5.4 0 5.4 2.35 Q5.4 4.7 3 4.7 Q.1 4.7 .1 7.35 Q.1 10 3 10 Q5.9 10 5.9 7.35 Q5.9 4.7 3 4.7",
    ),
    (
        '9',
        "M.8 9.1 Q1.6 10 2.8 10 Q5.8 10 5.8 4.4 L5.8 3.1 Q5.8 0 3 0 Q.2 0 .2 3.1 Q.2 6.1 2.9 6.1 Q5.2 6.1 5.8 3.6",
    ),
    ('A', "M0 10 L3 0 L6 10 M1.1 6.6 L4.9 6.6"),
    (
        'B',
        "M3 4.7 L.2 4.7 M3 4.7 Q5.3 4.7 5.3 2.35 Q5.3 0 3 0 L.2 0 L.2 10 L3.1 10 Q5.9 10 5.9 7.35 Q5.9 4.7 3 4.7",
    ),
    ('C', "M5.8 2.1 Q5.2 0 3.2 0 Q.1 0 .1 5 Q.1 10 3.2 10 Q5.2 10 5.8 7.9"),
    ('D', "M.2 0 L2.3 0 Q5.9 0 5.9 5 Q5.9 10 2.3 10 L.2 10 L.2 0"),
    ('E', "M5.6 0 L.3 0 L.3 10 L5.8 10 M.3 4.8 L4.7 4.8"),
    ('F', "M5.7 0 L.4 0 L.4 10 M.4 5 L4.8 5"),
    ('G', "M5.7 2 Q5.1 0 3.2 0 Q.1 0 .1 5 Q.1 10 3.2 10 Q5.8 10 5.8 7.4 L5.8 5.5 L3.4 5.5"),
    ('H', "M.2 0 L.2 10 M5.8 0 L5.8 10 M.2 4.8 L5.8 4.8"),
    ('I', "M.8 0 L5.2 0 M3 0 L3 10 M.8 10 L5.2 10"),
    ('J', "M2.4 0 L5.3 0 L5.3 7 Q5.3 10 2.8 10 Q.3 10 .2 7.4"),
    ('K', "M.3 0 L.3 10 M5.8 0 L.3 6 M2.2 4 L6 10"),
    ('L', "M.6 0 L.6 10 L5.9 10"),
    ('M', "M0 10 L.2 0 L3 5.6 L5.8 0 L6 10"),
    ('N', "M.2 10 L.2 0 L5.8 10 L5.8 0"),
    ('O', "M3 0 Q6.1 0 6.1 5 Q6.1 10 3 10 Q-.1 10 -.1 5 Q-.1 0 3 0"),
    ('P', "M.4 10 L.4 0 L3.2 0 Q5.9 0 5.9 2.8 Q5.9 5.6 3.2 5.6 L.4 5.6"),
    ('Q', "M3 0 Q6.1 0 6.1 5 Q6.1 10 3 10 Q-.1 10 -.1 5 Q-.1 0 3 0 M3.5 7.2 L6.2 10.8"),
    ('R', "M.4 10 L.4 0 L3.1 0 Q5.7 0 5.7 2.7 Q5.7 5.4 3.1 5.4 L.4 5.4 M3.1 5.4 L6 10"),
    (
        'S',
        "M5.6 1.9 Q4.9 0 3 0 Q.4 0 .4 2.4 Q.4 4.3 3 4.9 Q5.8 5.5 5.8 7.6 Q5.8 10 3 10 Q.9 10 .1 8",
    ),
    ('T', "M0 0 L6 0 M3 0 L3 10"),
    ('U', "M.2 0 L.2 6.8 Q.2 10 3 10 Q5.8 10 5.8 6.8 L5.8 0"),
    ('V', "M0 0 L3 10 L6 0"),
    ('W', "M-.1 0 L1.3 10 L3 3.4 L4.7 10 L6.1 0"),
    ('X', "M.1 0 L5.9 10 M5.9 0 L.1 10"),
    ('Y', "M0 0 L3 5 L6 0 M3 5 L3 10"),
    ('Z', "M.2 0 L5.8 0 L.2 10 L5.9 10"),
    (
        'a',
        "M.8 3.8 Q1.6 3.2 3 3.2 Q5.3 3.2 5.3 5.4 L5.3 10 M5.3 6.2 L3 6.2 Q.4 6.2 .4 8.1 Q.4 10 2.6 10 Q4.6 10 5.3 8.6",
    ),
    ('b', "M.4 0 L.4 10 M.4 5.4 Q1.1 3.2 3.2 3.2 Q5.7 3.2 5.7 6.6 Q5.7 10 3.2 10 Q1.1 10 .4 7.8"),
    ('c', "M5.5 4.6 Q4.9 3.2 3.2 3.2 Q.4 3.2 .4 6.6 Q.4 10 3.2 10 Q4.9 10 5.5 8.6"),
    ('d', "M5.6 0 L5.6 10 M5.6 5.4 Q4.9 3.2 2.8 3.2 Q.3 3.2 .3 6.6 Q.3 10 2.8 10 Q4.9 10 5.6 7.8"),
    ('e', "M.4 6.5 L5.6 6.5 Q5.6 3.2 3 3.2 Q.3 3.2 .3 6.6 Q.3 10 3.1 10 Q4.8 10 5.4 8.8"),
    ('f', "M5.2 .3 Q4.8 0 4 0 Q2.4 0 2.4 2 L2.4 10 M.6 3.6 L4.8 3.6"),
    (
        'g',
        "M5.6 3.2 L5.6 10.4 Q5.6 13 3 13 Q1.4 13 .6 12.2 M5.6 5.4 Q4.9 3.2 2.8 3.2 Q.3 3.2 .3 6.5 Q.3 9.8 2.8 9.8 Q4.9 9.8 5.6 7.6",
    ),
    ('h', "M.5 0 L.5 10 M.5 5.4 Q1.3 3.2 3.2 3.2 Q5.5 3.2 5.5 5.6 L5.5 10"),
    ('i', "M1 3.4 L3.2 3.4 L3.2 10 M.8 10 L5.4 10 M2.8 0.2 L3.4 0.2 L3.4 0.8 L2.8 0.8 L2.8 0.2"),
    (
        'j',
        "M1.6 3.4 L4.2 3.4 L4.2 10.6 Q4.2 13 1.8 13 L.8 12.8 M3.8 0.2 L4.4 0.2 L4.4 0.8 L3.8 0.8 L3.8 0.2",
    ),
    ('k', "M.6 0 L.6 10 M5.3 3.4 L.6 7.4 M2.4 6 L5.7 10"),
    ('l', "M.8 0 L3 0 L3 8.2 Q3 10 4.6 10 L5.6 9.8"),
    (
        'm',
        "M.1 3.4 L.1 10 M.1 5 Q.5 3.2 1.7 3.2 Q3 3.2 3 5 L3 10 M3 5 Q3.4 3.2 4.6 3.2 Q5.9 3.2 5.9 5 L5.9 10",
    ),
    ('n', "M.5 3.4 L.5 10 M.5 5.4 Q1.3 3.2 3.2 3.2 Q5.5 3.2 5.5 5.6 L5.5 10"),
    ('o', "M3 3.2 Q5.8 3.2 5.8 6.6 Q5.8 10 3 10 Q.2 10 .2 6.6 Q.2 3.2 3 3.2"),
    ('p', "M.4 3.4 L.4 13 M.4 5.4 Q1.1 3.2 3.2 3.2 Q5.7 3.2 5.7 6.6 Q5.7 10 3.2 10 Q1.1 10 .4 7.8"),
    (
        'q',
        "M5.6 3.4 L5.6 13 M5.6 5.4 Q4.9 3.2 2.8 3.2 Q.3 3.2 .3 6.6 Q.3 10 2.8 10 Q4.9 10 5.6 7.8",
    ),
    ('r', "M1 3.4 L1 10 M1 5.8 Q1.8 3.2 4 3.2 Q5 3.2 5.6 3.8"),
    (
        's',
        "M5.2 4.3 Q4.5 3.2 3 3.2 Q.7 3.2 .7 4.9 Q.7 6.2 3 6.5 Q5.5 6.9 5.5 8.3 Q5.5 10 3 10 Q1.1 10 .4 8.7",
    ),
    ('t', "M2.2 .8 L2.2 7.8 Q2.2 10 4 10 Q5 10 5.5 9.7 M.4 3.6 L5.2 3.6"),
    ('u', "M.5 3.4 L.5 7.6 Q.5 10 2.8 10 Q4.7 10 5.5 7.8 M5.5 3.4 L5.5 10"),
    ('v', "M.3 3.4 L3 10 L5.7 3.4"),
    ('w', "M-.1 3.4 L1.4 10 L3 5 L4.6 10 L6.1 3.4"),
    ('x', "M.4 3.4 L5.6 10 M5.6 3.4 L.4 10"),
    ('y', "M.3 3.4 L3.1 10 M5.7 3.4 L3.1 10 Q2 13 .6 13"),
    ('z', "M.5 3.4 L5.4 3.4 L.5 10 L5.6 10"),
    ('-', "M.9 5.4 L5.1 5.4"),
    ('_', "M0 11.4 L6 11.4"),
    ('.', "M2.7 9.3 L3.3 9.3 L3.3 9.9 L2.7 9.9 L2.7 9.3"),
    (',', "M3.1 9.5 L2.4 11.6"),
    (
        ':',
        "M2.7 3.7 L3.3 3.7 L3.3 4.3 L2.7 4.3 L2.7 3.7 M2.7 8.9 L3.3 8.9 L3.3 9.5 L2.7 9.5 L2.7 8.9",
    ),
    ('/', "M5.2 0 L.8 10"),
    ('+', "M.6 5.4 L5.4 5.4 M3 3 L3 7.8"),
    ('=', "M.6 4 L5.4 4 M.6 7 L5.4 7"),
    ('#', "M2 1.6 L1.4 9 M4.8 1.6 L4.2 9 M.2 3.8 L6 3.8 M0 6.8 L5.8 6.8"),
    ('*', "M3 1 L3 5.4 M1 2 L5 4.4 M5 2 L1 4.4"),
    ('(', "M4.6 0 Q2 2 2 5.4 Q2 8.8 4.6 10.8"),
    (')', "M1.4 0 Q4 2 4 5.4 Q4 8.8 1.4 10.8"),
    ('\'', "M3 0 L3 2.4"),
    (
        '&',
        "M6 10 L1.6 3.4 Q.6 1.8 1.2 .9 Q1.8 0 3 0 Q4.8 0 4.8 1.8 Q4.8 3 3 4.2 Q.1 5.8 .1 7.6 Q.1 10 2.6 10 Q5 10 5.9 6",
    ),
    ('%', "M5.2 0 L.8 10 M1.2 .6 L1.2 2 M4.8 8 L4.8 9.4"),
    (
        '@',
        "M4.4 3.4 Q1.9 3.4 1.9 5.4 Q1.9 7.2 4.4 6.8 L4.4 3.4 M4.4 6.8 Q6.1 6.6 6.1 4.4 Q6.1 0 3.1 0 Q-.1 0 -.1 5 Q-.1 10 3.1 10 L4.6 9.8",
    ),
];

/// Every character that has strokes.
pub fn characters() -> impl Iterator<Item = char> {
    GLYPHS.iter().map(|(char, _)| *char)
}

/// Whether the font has this character.
pub fn has(char: char) -> bool {
    char == ' ' || characters().any(|known| known == char)
}

/// The pen's ways for one character; none for a space.
pub fn strokes(char: char) -> Vec<Vec<Point>> {
    GLYPHS.iter().find(|(known, _)| *known == char).map_or_else(Vec::new, |(_, path)| ways(path))
}

/// Width of a printed line in the font's units.
pub fn width(text: &str) -> f64 {
    let characters = text.chars().count() as f64;
    if text.is_empty() { 0.0 } else { (characters - 1.0) * ADVANCE + WIDTH + PEN }
}

/// Takes a path apart; curves become chords.
fn ways(path: &str) -> Vec<Vec<Point>> {
    let mut ways: Vec<Vec<Point>> = Vec::new();
    for command in path.split_inclusive(char::is_alphabetic).collect::<Vec<_>>().windows(2) {
        let numbers: Vec<f64> = command[1]
            .trim_end_matches(char::is_alphabetic)
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        let point = |at: usize| (numbers[at] + PEN / 2.0, numbers[at + 1] + PEN / 2.0);
        match (command[0].chars().last(), ways.last_mut()) {
            (Some('L'), Some(way)) => way.push(point(0)),
            (Some('Q'), Some(way)) => bend(way, point(0), point(2)),
            _ => ways.push(vec![point(0)]),
        }
    }
    ways
}

/// Draws a quadratic curve from where the pen is.
fn bend(way: &mut Vec<Point>, pull: Point, end: Point) {
    let Some(&start) = way.last() else { return };
    for chord in 1..=CHORDS {
        let t = f64::from(chord) / f64::from(CHORDS);
        let mix = |from: f64, pull: f64, to: f64| {
            (1.0 - t) * (1.0 - t) * from + 2.0 * t * (1.0 - t) * pull + t * t * to
        };
        way.push((mix(start.0, pull.0, end.0), mix(start.1, pull.1, end.1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_character_stands_once_within_its_box() {
        let known: BTreeSet<char> = characters().collect();
        assert_eq!(known.len(), GLYPHS.len());
        for char in ('0'..='9').chain('A'..='Z').chain('a'..='z').chain("-./:".chars()) {
            assert!(has(char), "{char}");
        }
        for char in characters() {
            let ways = strokes(char);
            assert!(ways.iter().all(|way| way.len() > 1), "{char}: a way goes somewhere");
            for (x, y) in ways.into_iter().flatten() {
                assert!((0.4..=WIDTH + PEN - 0.4).contains(&x), "{char}: x {x}");
                // The pen's upper half stays within the line.
                assert!((PEN / 2.0 - 0.01..=CAP + DESCENT).contains(&y), "{char}: y {y}");
            }
        }
    }

    #[test]
    fn look_alikes_have_strokes_of_their_own() {
        // The zero is crossed, the I has three strokes and the one two, the four is open.
        let count = |char| strokes(char).len();
        assert_eq!((count('0'), count('O')), (2, 1));
        assert_eq!((count('1'), count('I'), count('l')), (2, 3, 1));
        assert_eq!(count('4'), 2);
        let leftmost = |char| {
            let points: Vec<Point> = strokes(char).into_iter().flatten().collect();
            let left = points.iter().map(|point| point.0).fold(f64::MAX, f64::min);
            points.iter().filter(|point| point.0 < left + 0.01).count()
        };
        assert!(leftmost('B') > leftmost('8'), "a B has a straight back");
    }
}
