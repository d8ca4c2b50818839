//! Captions that stand alone, and the numbers and barcodes that they may name: assigned to each
//! other one to one over the whole label, so that what one caption explains is out of the question
//! for the others. A caption stands left of its number, above it, or heads its column.

use crate::evidence::Quad;
use crate::identifier::IdentifierKind;
use crate::print::keyword::{Keyword, Strength};
use crate::print::line::{Line, PRINTED_DIGITS_MIN, VALUE_CHARS_MIN};
use crate::print::meaning::meaning;
use crate::print::place::Frame;
use crate::serial::fold::{digits, fold};

/// Line heights between a caption and its number in the same row.
const ROW_GAP_MAX: f32 = 8.8;
/// Line heights between two boxes of one line: a detector parts a line there.
const WIDE_SPACE: f32 = 2.0;
/// Line heights from a caption down to its number.
const DROP_MAX: f32 = 1.5;
/// How much dearer any other number in reach must be before a caption is settled.
const MARGIN: f32 = 3.5;
/// How far around a caption a number that nothing explains leaves open which one is meant.
const AROUND: f32 = 6.0;
/// Price of a step down, of a line height along the row, and of a barcode above its caption.
const BELOW: f32 = 1.0;
const ALONG: f32 = 0.3;
const ABOVE: f32 = 2.0;

/// Where the caption of a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caption {
    /// There is none.
    None,
    /// It names another number first: `0821032398, 1170000652`.
    Second,
    /// Near, but it may be another number's.
    Near,
    /// In another line, and no other number in reach may be the one.
    Assigned,
    /// In the number's own line, before it.
    Inline,
}

/// A barcode as far as captions are concerned: where it is and what values it holds.
pub(crate) struct Code<'a> {
    pub(crate) quad: &'a Quad,
    pub(crate) values: Vec<String>,
}

/// A caption without a number in its own line.
pub(crate) struct Lone {
    kind: IdentifierKind,
    strength: Strength,
    frame: Frame,
}

impl Lone {
    /// A keyword of a line; `None` if the line has no place.
    pub(crate) fn of(line: &Line, keyword: &Keyword) -> Option<Self> {
        let (frame, span) = line.place((keyword.start, keyword.end))?;
        let frame = Frame::of(&frame.quad(span))?;
        Some(Self { kind: keyword.kind, strength: keyword.strength, frame })
    }
}

/// What a caption may name: a word of a line, or a barcode.
pub(crate) struct Thing {
    pub(crate) quad: Quad,
    /// Canonical form; of a barcode the first of its values.
    value: String,
    others: Vec<String>,
    /// What it is by its form.
    typed: bool,
    pub(crate) code: Option<usize>,
    pub(crate) line: usize,
    pub(crate) word: (usize, usize),
}

/// A caption with what it names.
pub(crate) struct Assignment<'t> {
    pub(crate) kind: IdentifierKind,
    pub(crate) strength: Strength,
    pub(crate) thing: &'t Thing,
    /// [`Caption::Assigned`], or [`Caption::Near`] if it may as well name another.
    pub(crate) caption: Caption,
}

/// Everything that captions may name: words that no caption names in their own line, and barcodes.
/// `explained` are the values that the line of their print explains.
pub(crate) fn things(lines: &[Line], codes: &[Code], explained: &[&str]) -> Vec<Thing> {
    let mut things = Vec::new();
    let open = |code: &&Code| !code.values.iter().any(|value| explained.contains(&value.as_str()));
    for (index, code) in codes.iter().enumerate().filter(|(_, code)| open(code)) {
        let mut values = code.values.iter().cloned();
        things.push(Thing {
            quad: *code.quad,
            value: values.next().unwrap_or_default(),
            others: values.collect(),
            typed: false,
            code: Some(index),
            line: 0,
            word: (0, 0),
        });
    }
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.keywords.is_empty()) {
        for word in line.words(0, line.chars.len()) {
            let text = line.text(word);
            let value = fold(&text);
            let place = line.place(word).filter(|_| value.len() >= 2);
            let Some((frame, span)) = place else { continue };
            things.push(Thing {
                quad: frame.quad(span),
                typed: meaning(&text).is_some(),
                value,
                others: Vec::new(),
                code: None,
                line: index,
                word,
            });
        }
    }
    things
}

impl Thing {
    fn may_be(&self, kind: IdentifierKind) -> bool {
        use IdentifierKind::*;
        let value = &self.value;
        let all_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        match kind {
            Serial => digits(value) > 0 && value.len() >= VALUE_CHARS_MIN && !self.typed,
            Mac => value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Imei => all_digits && (14..=17).contains(&value.len()),
            Ean => all_digits && (8..=14).contains(&value.len()),
            Iccid => digits(value) >= 18,
            Date => digits(value) >= 3,
            _ => true,
        }
    }

    /// Whether it is twelve hexadecimal digits with letters among them: a hardware address, where
    /// another number may be the serial.
    fn is_perhaps_mac(&self) -> bool {
        let value = &self.value;
        value.len() == 12
            && value.bytes().all(|byte| byte.is_ascii_hexdigit())
            && value.bytes().any(|byte| byte.is_ascii_uppercase())
    }

    /// Whether it may be a serial for all that its form says.
    fn is_serial_like(&self) -> bool {
        !self.typed
            && !self.is_perhaps_mac()
            && self.value.len() > VALUE_CHARS_MIN
            && digits(&self.value) >= PRINTED_DIGITS_MIN
    }

    /// Whether two things carry the same number: a barcode and the print below it.
    fn is_same(&self, other: &Self) -> bool {
        self.value == other.value
            || self.others.contains(&other.value)
            || other.others.contains(&self.value)
    }
}

/// How far a thing is from being what the caption names, in line heights; `None` out of reach.
fn cost(caption: &Lone, thing: &Thing) -> Option<f32> {
    let extent = caption.frame.extent(&thing.quad);
    let length = caption.frame.length;
    let gap = extent.left - length;
    let is_code = thing.code.is_some();
    let in_row = match is_code {
        true => extent.top < 0.6 && extent.bottom > 0.4,
        false => (extent.middle() - 0.5).abs() < 0.7 && (0.4..2.5).contains(&extent.height()),
    };
    if in_row && (-0.7..ROW_GAP_MAX).contains(&gap) {
        let off = if is_code { 0.0 } else { (extent.middle() - 0.5).abs() };
        return Some(gap.max(0.0) * ALONG + off);
    }
    let drop = extent.top - 1.0;
    let covers = extent.overlap(0.0, length) > 0.3;
    if covers && (-0.4..DROP_MAX).contains(&drop) {
        return Some(BELOW + drop.max(0.0) + 0.1 * extent.left.abs().min(5.0));
    }
    let rise = -extent.bottom;
    if is_code && covers && (-0.4..DROP_MAX).contains(&rise) {
        return Some(ABOVE + rise.max(0.0));
    }
    None
}

/// The clear space between a caption and a thing, in line heights.
fn distance(caption: &Lone, thing: &Thing) -> f32 {
    let extent = caption.frame.extent(&thing.quad);
    let across = (extent.top - 1.0).max(-extent.bottom).max(0.0);
    let along = (extent.left - caption.frame.length).max(-extent.right).max(0.0);
    across.hypot(along)
}

/// Assigns captions to things one to one, the nearest pair first.
pub(crate) fn assign<'t>(captions: &[Lone], things: &'t [Thing]) -> Vec<Assignment<'t>> {
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for (at, caption) in captions.iter().enumerate() {
        for (to, thing) in things.iter().enumerate().filter(|(_, it)| it.may_be(caption.kind)) {
            pairs.extend(cost(caption, thing).map(|cost| (cost, at, to)));
        }
    }
    pairs.sort_by(|one, other| {
        one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)).then(one.2.cmp(&other.2))
    });
    // What each thing is explained by, and at which price.
    let mut explained: Vec<Option<(usize, f32)>> = vec![None; things.len()];
    let mut named: Vec<Option<(usize, f32)>> = vec![None; captions.len()];
    for &(cost, caption, thing) in &pairs {
        if named[caption].is_some() || explained[thing].is_some() {
            continue;
        }
        named[caption] = Some((thing, cost));
        for (at, other) in things.iter().enumerate() {
            if other.is_same(&things[thing]) {
                explained[at] = Some((caption, cost));
            }
        }
    }
    let mut assignments = Vec::new();
    for (at, caption) in captions.iter().enumerate() {
        let Some((nearest, own)) = named[at] else { continue };
        let settled = is_settled(at, (nearest, own), captions, things, &explained);
        let standing = if settled { Caption::Assigned } else { Caption::Near };
        // The barcode and the print of one number have one caption.
        let same =
            things.iter().zip(&explained).filter(|(_, by)| by.is_some_and(|(by, _)| by == at));
        assignments.extend(same.map(|(thing, _)| Assignment {
            kind: caption.kind,
            strength: caption.strength,
            thing,
            caption: if goes_on(caption, thing) && settled { Caption::Inline } else { standing },
        }));
    }
    assignments
}

/// Whether no other number in reach of a caption may be the one that it names: each is explained by
/// a caption that stands nearer to it, or is far dearer.
fn is_settled(
    at: usize,
    (nearest, own): (usize, f32),
    captions: &[Lone],
    things: &[Thing],
    explained: &[Option<(usize, f32)>],
) -> bool {
    let caption = &captions[at];
    let direct =
        things[nearest].code.is_some() && own < 5.0 * ALONG || goes_on(caption, &things[nearest]);
    things.iter().zip(explained).all(|(thing, by)| {
        if thing.is_same(&things[nearest]) || !thing.may_be(caption.kind) {
            return true;
        }
        let dear = cost(caption, thing);
        match (by, dear) {
            (Some((by, price)), Some(dear)) if *by != at => price + 0.3 < dear,
            (Some(_), _) => true,
            (None, Some(dear)) => {
                !thing.is_serial_like() || dear > own + if direct { 0.5 } else { MARGIN }
            }
            (None, None) => direct || !thing.is_serial_like() || distance(caption, thing) > AROUND,
        }
    })
}

/// Whether a thing is the rest of the caption's line: in the same row, of about the same size, no
/// further off than a wide space.
fn goes_on(caption: &Lone, thing: &Thing) -> bool {
    let extent = caption.frame.extent(&thing.quad);
    thing.code.is_none()
        && (extent.middle() - 0.5).abs() < 0.3
        && (0.6..1.7).contains(&extent.height())
        && (-0.7..WIDE_SPACE).contains(&(extent.left - caption.frame.length))
}
