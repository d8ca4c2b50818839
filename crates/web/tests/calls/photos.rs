//! Photos whose bytes say in words what a reader sees in them.

use bytes::Bytes;
use readers::{ReadFailure, ReadRequest};
use scan::{Reading, Took, Unreadable, UnreadableCode};
use validate::{
    Barcode, CharReading, Evidence, Lattice, LineBounds, PhotoEvidence, Point, Quad, Symbology,
    TextLine,
};

/// A label that names its maker and whose barcode and print agree: it is accepted.
pub(crate) const AGREES: &str = "code_128 0821032398 | S/N: 0821032398 | PAX";
/// Another terminal's label, as good.
pub(crate) const ANOTHER: &str = "code_128 0821032411 | S/N: 0821032411 | PAX";
/// A label whose barcode and print differ in a character: a person has to look.
pub(crate) const DIFFERS: &str = "code_128 0821032398 | S/N: 0821032399 | PAX";
/// A wall.
pub(crate) const NOTHING: &str = "nothing";
/// Takes longer than a reader may.
pub(crate) const SLOW: &str = "takes too long";
/// Kills the reader.
pub(crate) const DEADLY: &str = "kills the reader";
/// Is read for as long as anybody waits.
pub(crate) const ENDLESS: &str = "is read without end";
/// Begins like a JPEG and is none.
pub(crate) const DAMAGED: &str = "is damaged";
/// Says that it has more pixels than are decoded.
pub(crate) const VAST: &str = "has too many pixels";

/// Height of a printed line in pixels; a character is half as wide.
const LINE_PX: f32 = 20.0;

/// The file of a photo that shows this.
pub(crate) fn jpeg(shows: &str) -> Bytes {
    [b"\xff\xd8\xff".as_slice(), shows.as_bytes()].concat().into()
}

/// What a reader sees in the photos of a request; none if it never answers.
pub(crate) fn read(request: &ReadRequest) -> Option<Result<Reading, ReadFailure>> {
    let mut evidence = Evidence::default();
    for (n, photo) in request.photos.iter().enumerate() {
        let unreadable = |code| {
            let detail = "so say its words".to_owned();
            Some(Err(ReadFailure::Unreadable(Unreadable { photo: n, code, detail })))
        };
        match words_of(&photo.bytes) {
            SLOW => return Some(Err(ReadFailure::Timeout { after_ms: 20_000 })),
            DEADLY => return Some(Err(ReadFailure::Crashed { how: "signal 9".to_owned() })),
            ENDLESS => return None,
            DAMAGED => return unreadable(UnreadableCode::PhotoDamaged),
            VAST => return unreadable(UnreadableCode::TooManyPixels),
            label => {
                evidence.photos.push(PhotoEvidence { surface: photo.surface, ..seen(label) });
            }
        }
    }
    Some(Ok(Reading { evidence, took: Took::default() }))
}

fn words_of(photo: &[u8]) -> &str {
    photo.get(3..).and_then(|words| std::str::from_utf8(words).ok()).unwrap_or_default()
}

/// What a photo of this label shows: parts that begin with a symbology are barcodes, the others
/// printed lines.
fn seen(label: &str) -> PhotoEvidence {
    let mut photo = PhotoEvidence { width_px: 1000, height_px: 1000, ..PhotoEvidence::default() };
    if label == NOTHING {
        return photo;
    }
    for (row, part) in label.split(" | ").enumerate() {
        let y = row as f32 * LINE_PX * 3.0;
        match part.strip_prefix("code_128 ") {
            Some(payload) => photo.barcodes.push(Barcode {
                symbology: Symbology::Code128,
                payload: payload.to_owned(),
                gs1: false,
                part: None,
                quad: quad(y, 300.0),
                votes: 4,
            }),
            None => photo.lines.push(line(y, part)),
        }
    }
    photo
}

/// A printed line that was read surely.
fn line(y: f32, text: &str) -> TextLine {
    let char = |(step, best)| CharReading {
        best,
        p: 0.999,
        runner_up: None,
        runner_up_p: 0.0,
        step: step as u16,
    };
    TextLine {
        quad: quad(y, text.len() as f32 * LINE_PX / 2.0),
        chars: text.chars().enumerate().map(char).collect(),
        lattice: Lattice::default(),
        bounds: LineBounds::default(),
    }
}

fn quad(y: f32, width: f32) -> Quad {
    [(0.0, y), (width, y), (width, y + LINE_PX), (0.0, y + LINE_PX)].map(|(x, y)| Point { x, y })
}
