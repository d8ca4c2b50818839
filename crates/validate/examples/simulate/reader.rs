//! Readers that err as the real ones were measured to err.

use crate::sheet::{CHAR_WIDTH, CODE_SIZE, Code, LINE_HEIGHT, Label, Line};
use rand::{RngExt, rngs::StdRng};
use validate::{
    Barcode, CharReading, Evidence, Fault, Lattice, LineBounds, LineRef, PhotoEvidence, Point,
    Quad, Symbology, TextLine, look_alike,
};

/// Wrong characters of a label, least and most: accuracy of 99.9 to 97 %, as many labels in each
/// tenfold range.
const ERRORS_LEAST: f64 = 0.001;
const ERRORS_MOST: f64 = 0.03;
/// Of wrong characters: look-alikes and doubled ones; the rest is anything. Of wrong characters
/// that repeat the one before, so many are lost: that is what a recogniser with blanks loses.
const LOOK_ALIKE: f64 = 0.92;
const LOST: f64 = 0.5;
const DOUBLED: f64 = 0.03;
/// Of 38 wrong characters on real labels, 6 had a probability of a right one, and all 6 were O for
/// 0 or I for 1: about one in two of those. None of the other 32 did: half an event is taken.
const HIDDEN_TWO_LOOKS: f64 = 0.5;
const HIDDEN: f64 = 0.5 / 33.0;
/// The probabilities of the 32 spread evenly up to this one; beyond it, what is hidden is taken to
/// spread on evenly.
const OPEN_P_MOST: f32 = 0.98;
/// How sure the reader was of 449 right characters, of serials on 49 real labels: the share of them
/// below each probability, and one that stands for them.
const RIGHT: &[(f64, f32)] =
    &[(0.002, 0.85), (0.013, 0.94), (0.016, 0.985), (0.036, 0.993), (0.089, 0.997), (1.0, 0.9995)];
/// Of 38 wrong characters, 23 had the truth as runner-up.
const RUNNER_UP_IS_TRUE: f64 = 0.6;
/// Lines whose box loses a character at an end, or catches ink of a neighbour, and how often the
/// ink beyond the box shows it.
const CUT: f64 = 0.01;
const GLUED: f64 = 0.005;
const CUT_SHOWS: f64 = 0.7;
/// The share of the first reading's errors that the second repeats. Of 151 agreements of two such
/// readings none was wrong, where about five of the first readings were: one in ten predicts half
/// an agreement on a wrong value.
pub(crate) const SHARED: f64 = 0.1;
/// Time steps of the recogniser from one character to the next, and across a space: in
/// proportional type a space is narrower than a digit.
const PITCH_STEPS: usize = 3;
const SPACE_STEPS: usize = 2;
/// Spaces that a recogniser does not report, and located barcodes among those that are not
/// decoded: estimates.
const LOST_GAP: f64 = 0.1;
const LOCATED: f64 = 0.6;
/// A gap of so many spaces parts a line in two where it is found; with one less, two in five times.
/// Rendered in proportional type, three spaces stayed in the line and four did not.
const GAP_PARTS: usize = 4;
const GAP_PARTS_SOMETIMES: f64 = 0.4;
/// Barcodes that are decoded.
const DECODED: f64 = 0.85;
/// Decoded ones with a wrong value: 13 of 996 photos, most of them symbologies that are off now.
/// All of it is given to Code 39, which has no check; what passes the check of Code 128 is one in
/// 103 of that; a matrix symbol's error correction lets one in a million through.
const MISREAD: f64 = 13.0 / 996.0;
const MISREAD_CHECKED: f64 = MISREAD / 103.0;
const MISREAD_MATRIX: f64 = 1e-6;
/// Misreadings that two rows agree on.
const MISREAD_TWICE: f64 = 0.5;

/// A reader of labels.
pub(crate) struct Eyes {
    /// The share of the first reading's errors that the second repeats.
    shared: f64,
    space_steps: usize,
    lost_gap: f64,
    located: f64,
}

/// What was read of a label so far.
pub(crate) struct Reading {
    evidence: Evidence,
    /// Of each line: the print and the errors that were made in it.
    made: Vec<(String, Errors)>,
    errors: f64,
}

impl Reading {
    pub(crate) fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

/// What went wrong in one line.
#[derive(Clone, Default)]
struct Errors {
    /// Position in the print and what became of the character there.
    characters: Vec<(usize, Slip)>,
    cut: Option<Side>,
    glued: Option<Side>,
}

#[derive(Clone, Copy)]
enum Slip {
    Read(char),
    Lost,
    Doubled,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Start,
    End,
}

impl Eyes {
    pub(crate) fn new(shared: f64) -> Self {
        Self { shared, space_steps: SPACE_STEPS, lost_gap: LOST_GAP, located: LOCATED }
    }

    /// The reader of the former distribution: it sees every space, each as wide as a letter, and
    /// takes no notice of barcodes that it cannot read.
    pub(crate) fn former(shared: f64) -> Self {
        Self { shared, space_steps: PITCH_STEPS, lost_gap: 0.0, located: 0.0 }
    }

    /// Barcodes and the first reading of the print.
    pub(crate) fn read(&self, label: &Label, random: &mut StdRng) -> Reading {
        let spread = (ERRORS_MOST / ERRORS_LEAST).ln();
        let errors = ERRORS_LEAST * (spread * random.random::<f64>()).exp();
        let mut photo =
            PhotoEvidence { width_px: 1200, height_px: 900, ..PhotoEvidence::default() };
        for code in &label.codes {
            match decoded(code, random) {
                Some(barcode) => photo.barcodes.push(barcode),
                None if self.located > 0.0 && random.random_bool(self.located) => {
                    photo.faults = vec![Fault::BarcodeUnreadable];
                }
                None => {}
            }
        }
        let mut made = Vec::with_capacity(label.lines.len());
        for printed in &label.lines {
            for line in self.parted(printed, random) {
                let slips = self.slips(&line.text, errors, random);
                let place = quad(line.x, line.y, self.width(&line.text), LINE_HEIGHT);
                photo.lines.push(self.seen(&line.text, &slips, place, random));
                made.push((line.text, slips));
            }
        }
        Reading { evidence: Evidence { photos: vec![photo] }, made, errors }
    }

    /// The second reading of some lines: errors of its own, and some of the first one's.
    pub(crate) fn read_again(
        &self,
        reading: &mut Reading,
        wanted: &[LineRef],
        random: &mut StdRng,
    ) {
        for wanted in wanted {
            let (text, first) = &reading.made[wanted.line];
            let mut errors = self.slips(text, reading.errors, random);
            for slip in &first.characters {
                if random.random_bool(self.shared) {
                    errors.characters.retain(|(at, _)| at != &slip.0);
                    errors.characters.push(*slip);
                }
            }
            if first.cut.is_some() && random.random_bool(self.shared) {
                errors.cut = first.cut;
            }
            if first.glued.is_some() && random.random_bool(self.shared) {
                errors.glued = first.glued;
            }
            let place = reading.evidence.photos[0].lines[wanted.line].quad;
            let mut line = self.seen(text, &errors, place, random);
            // The second recogniser does not say how sure it is.
            line.chars.iter_mut().for_each(|char| char.p = 1.0);
            reading.evidence.photos[0].second_lines.push(line);
        }
    }

    /// A printed line as the detector finds it: parted where a gap is wide.
    fn parted(&self, printed: &Line, random: &mut StdRng) -> Vec<Line> {
        let mut parts = Vec::with_capacity(1);
        let mut start = 0;
        let text = printed.text.as_str();
        while let Some(gap) = text[start..].find("   ").map(|at| start + at) {
            let end = text[gap..].find(|char| char != ' ').map_or(text.len(), |at| gap + at);
            let parted = match end - gap {
                GAP_PARTS.. => true,
                _ => random.random_bool(GAP_PARTS_SOMETIMES),
            };
            if !parted {
                break;
            }
            parts.push((start, gap));
            start = end;
        }
        parts.push((start, text.len()));
        let line = |(from, to): (usize, usize)| {
            let x = printed.x + self.width(&text[..from]);
            Line { x, y: printed.y, text: text[from..to].to_owned() }
        };
        parts.into_iter().filter(|(from, to)| from < to).map(line).collect()
    }

    fn steps(&self, char: char) -> usize {
        if char == ' ' { self.space_steps } else { PITCH_STEPS }
    }

    /// Width of a line in pixels.
    fn width(&self, text: &str) -> f32 {
        let steps: usize = text.chars().map(|char| self.steps(char)).sum();
        steps as f32 / PITCH_STEPS as f32 * CHAR_WIDTH
    }

    /// The errors that one reader makes in a line.
    fn slips(&self, text: &str, errors: f64, random: &mut StdRng) -> Errors {
        let mut made = Errors::default();
        let mut before = None;
        for (at, char) in text.chars().enumerate() {
            if char.is_ascii_alphanumeric() && random.random_bool(errors) {
                let lost = before == Some(char) && random.random_bool(LOST);
                made.characters.push((at, if lost { Slip::Lost } else { slip(char, random) }));
            }
            if char == ' ' && self.lost_gap > 0.0 && random.random_bool(self.lost_gap) {
                made.characters.push((at, Slip::Lost));
            }
            before = Some(char);
        }
        let side = |random: &mut StdRng| if random.random() { Side::Start } else { Side::End };
        made.cut = random.random_bool(CUT).then(|| side(random));
        made.glued = random.random_bool(GLUED).then(|| side(random));
        made
    }

    /// A line as it is read with these errors.
    fn seen(&self, text: &str, errors: &Errors, quad: Quad, random: &mut StdRng) -> TextLine {
        let mut chars: Vec<CharReading> = Vec::with_capacity(text.len() + 2);
        let mut step = 0;
        for (at, char) in text.chars().enumerate() {
            let start = chars.len();
            let slip =
                errors.characters.iter().find(|(place, _)| *place == at).map(|(_, slip)| *slip);
            match slip {
                None => chars.push(right(char, random)),
                Some(Slip::Lost) => {}
                Some(Slip::Doubled) => chars.extend([right(char, random), right(char, random)]),
                Some(Slip::Read(wrong)) => chars.push(misread(char, wrong, random)),
            }
            // Where it is printed: one that is lost leaves its place empty, one that is doubled shares
            // its place.
            for (half, seen) in chars[start..].iter_mut().enumerate() {
                let jitter = random.random_range(0..=1);
                seen.step = (step + half * PITCH_STEPS / 2 + jitter) as u16;
            }
            step += self.steps(char);
        }
        let mut bounds = LineBounds::default();
        let shows = |side: Side, bounds: &mut LineBounds| match side {
            Side::Start => bounds.ink_before = true,
            Side::End => bounds.ink_after = true,
        };
        let (first, last) = (0, (step + PITCH_STEPS) as u16);
        if let Some(side) = errors.cut {
            if random.random_bool(CUT_SHOWS) {
                shows(side, &mut bounds);
            }
            match side {
                Side::Start => drop(chars.drain(..1.min(chars.len()))),
                Side::End => drop(chars.pop()),
            }
        }
        if let Some(side) = errors.glued {
            if random.random_bool(CUT_SHOWS) {
                shows(side, &mut bounds);
            }
            let one = right('1', random);
            match side {
                Side::Start => chars.insert(0, CharReading { step: first, ..one }),
                Side::End => chars.push(CharReading { step: last, ..one }),
            }
        }
        TextLine { quad, chars, lattice: Lattice::default(), bounds }
    }
}

fn slip(char: char, random: &mut StdRng) -> Slip {
    let alphabet: Vec<char> = ('0'..='9').chain('A'..='Z').collect();
    let kind = random.random::<f64>();
    let alike: Vec<char> = alphabet
        .iter()
        .copied()
        .filter(|&other| look_alike(char.to_ascii_uppercase(), other))
        .collect();
    if kind < DOUBLED {
        Slip::Doubled
    } else if kind < DOUBLED + LOOK_ALIKE && !alike.is_empty() {
        Slip::Read(alike[random.random_range(0..alike.len())])
    } else {
        // A letter is taken for a letter, a digit for a digit.
        let same: Vec<char> = alphabet
            .into_iter()
            .filter(|other| other.is_ascii_digit() == char.is_ascii_digit() && *other != char)
            .collect();
        Slip::Read(same[random.random_range(0..same.len())])
    }
}

fn right(best: char, random: &mut StdRng) -> CharReading {
    let drawn = random.random::<f64>();
    let p = RIGHT.iter().find(|(below, _)| drawn < *below).map_or(1.0, |(_, p)| *p);
    CharReading { best, p, runner_up: None, runner_up_p: 0.0, step: 0 }
}

fn misread(truth: char, best: char, random: &mut StdRng) -> CharReading {
    let hidden = match (truth, best) {
        ('0', 'O') | ('O', '0') | ('1', 'I') | ('I', '1') => HIDDEN_TWO_LOOKS,
        _ => HIDDEN,
    };
    let p = match random.random_bool(hidden) {
        true => random.random_range(OPEN_P_MOST..1.0),
        false => random.random_range(0.4..OPEN_P_MOST),
    };
    let runner_up = random.random_bool(RUNNER_UP_IS_TRUE).then_some(truth);
    CharReading { best, p, runner_up, runner_up_p: 0.9 * (1.0 - p), step: 0 }
}

/// A barcode as it is decoded; `None` if it is not.
fn decoded(code: &Code, random: &mut StdRng) -> Option<Barcode> {
    let Code { symbology, payload, gs1, sure, x, y } = code;
    if !random.random_bool(DECODED) && !sure {
        return None;
    }
    let wrong = match symbology {
        Symbology::Code39 => MISREAD,
        Symbology::QrCode | Symbology::DataMatrix => MISREAD_MATRIX,
        _ => MISREAD_CHECKED,
    };
    let mut payload = payload.clone();
    let mut votes = random.random_range(2..30);
    if random.random_bool(wrong) {
        let mut chars: Vec<char> = payload.chars().collect();
        let at = random.random_range(0..chars.len());
        // Bars that are taken for others have nothing to do with the looks of the letters.
        let any = char::from_digit(random.random_range(0..36u32), 36).unwrap_or('0');
        match any.to_ascii_uppercase() {
            same if same == chars[at] => drop(chars.remove(at)),
            other => chars[at] = other,
        }
        payload = chars.into_iter().collect();
        votes = if random.random_bool(MISREAD_TWICE) { 2 } else { 1 };
    }
    let quad = quad(*x, *y, CODE_SIZE.0, CODE_SIZE.1);
    Some(Barcode { symbology: *symbology, payload, gs1: *gs1, part: None, quad, votes })
}

fn quad(x: f32, y: f32, width: f32, height: f32) -> Quad {
    [(x, y), (x + width, y), (x + width, y + height), (x, y + height)].map(|(x, y)| Point { x, y })
}
