//! What a reader saw in the photos of one terminal, before anyone judges it.
//!
//! These are plain facts with positions: a reader process makes them, they cross a pipe, the judge
//! weighs them. Nothing here decides; nothing here is ever altered on the way.

use serde::{Deserialize, Serialize};

/// Everything read from the photos of one terminal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// One entry a photo, in the order they were handed in.
    pub photos: Vec<PhotoEvidence>,
}

/// What one photo shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhotoEvidence {
    /// Width in pixels after the EXIF orientation was applied.
    pub width_px: u32,
    /// Height in pixels after the EXIF orientation was applied.
    pub height_px: u32,
    /// What was photographed, as far as the sender said.
    pub surface: Surface,
    /// Every barcode that was decoded.
    pub barcodes: Vec<Barcode>,
    /// Printed lines from the first reading (detection and recognition).
    pub lines: Vec<TextLine>,
    /// Printed lines from the second reading: another detection, another recogniser. Only lines
    /// that the first reading made interesting are here; an empty list means it did not run.
    pub second_lines: Vec<TextLine>,
    /// What is wrong with the photo itself, measured from its pixels.
    pub faults: Vec<Fault>,
}

/// What a photo was taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// The label on the device, or nobody said.
    #[default]
    Label,
    /// The device's own screen.
    Screen,
}

/// A decoded barcode. Its payload is never altered, not even a control character.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Barcode {
    /// The kind of barcode.
    pub symbology: Symbology,
    /// The decoded text with GS, RS and EOT as they stand, at most 4 KiB.
    pub payload: String,
    /// Whether the symbol declares GS1 data (FNC1 in first position).
    pub gs1: bool,
    /// Which part of a message in several symbols it is; `None` if it is a message of its own.
    #[serde(default)]
    pub part: Option<SymbolPart>,
    /// Where it is, in pixels.
    pub quad: Quad,
    /// How many independent scan rows or passes gave this payload. 1 for a 2-D symbol, whose
    /// error correction vouches for it; a 1-D symbol needs 2 before it may count alone.
    pub votes: u16,
}

/// A symbol's place in a message that is spread over several (Structured Append).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolPart {
    /// Its place, from 0.
    pub index: u8,
    /// How many symbols the message has, 2 or more.
    pub count: u8,
    /// The same in every symbol of one message: the parity of the whole.
    pub message: u8,
}

/// The barcode kinds that are found on devices and their boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Symbology {
    /// Code 128 and GS1-128.
    #[serde(rename = "code_128")]
    Code128,
    /// Code 39.
    #[serde(rename = "code_39")]
    Code39,
    /// Code 93.
    #[serde(rename = "code_93")]
    Code93,
    /// Data Matrix ECC 200.
    #[serde(rename = "data_matrix")]
    DataMatrix,
    /// QR Code.
    #[serde(rename = "qr_code")]
    QrCode,
    /// PDF417.
    #[serde(rename = "pdf417")]
    Pdf417,
    /// Aztec.
    #[serde(rename = "aztec")]
    Aztec,
    /// EAN-13, always a product number.
    #[serde(rename = "ean_13")]
    Ean13,
    /// EAN-8, always a product number.
    #[serde(rename = "ean_8")]
    Ean8,
    /// UPC-A, always a product number.
    #[serde(rename = "upc_a")]
    UpcA,
    /// UPC-E, always a product number.
    #[serde(rename = "upc_e")]
    UpcE,
    /// Codabar: misreads easily, only where a format asks for it.
    #[serde(rename = "codabar")]
    Codabar,
    /// Interleaved 2 of 5: any part of it may pass for a whole one, so it is read only where a format
    /// asks for it and is never sure by itself.
    #[serde(rename = "itf")]
    Itf,
}

/// Four corners in pixels of the upright photo: top left, top right, bottom right, bottom left in
/// the direction of reading, so that `quad[0] -> quad[1]` points along the text.
pub type Quad = [Point; 4];

/// A point in pixels of the upright photo; x to the right, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Pixels from the left edge.
    pub x: f32,
    /// Pixels from the top edge.
    pub y: f32,
}

/// A printed line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextLine {
    /// Where it is.
    pub quad: Quad,
    /// The characters, best first guess each, with how sure the recogniser was.
    pub chars: Vec<CharReading>,
    /// The recogniser's answer step by step, for decoding under a format. May be empty.
    pub lattice: Lattice,
    /// Whether the line may continue where its box ends.
    pub bounds: LineBounds,
}

impl TextLine {
    /// The line as read, left to right.
    pub fn text(&self) -> String {
        self.chars.iter().map(|char| char.best).collect()
    }

    /// Mean probability of the characters, 0 for an empty line.
    pub fn confidence(&self) -> f32 {
        let sum: f32 = self.chars.iter().map(|char| char.p).sum();
        sum / self.chars.len().max(1) as f32
    }
}

/// One character of a line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CharReading {
    /// The most probable character.
    pub best: char,
    /// Its probability, 0 to 1.
    pub p: f32,
    /// The next most probable character, if it is one and not the blank.
    pub runner_up: Option<char>,
    /// The runner-up's probability, 0 to 1.
    pub runner_up_p: f32,
    /// The step of the lattice where the character peaked.
    pub step: u16,
}

/// CTC output of a recogniser, pruned: for each time step the classes worth keeping with their
/// natural-log probability, best first. `None` is the CTC blank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lattice {
    /// One entry a time step.
    pub steps: Vec<Vec<(Option<char>, f32)>>,
}

/// Signs that a line's box does not hold the whole line, or holds more than one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineBounds {
    /// The box touches the edge of the photo: characters may be cut off.
    pub touches_frame: bool,
    /// Other ink stands close before the box: the line's start may be elsewhere.
    pub ink_before: bool,
    /// Other ink stands close after the box: the line may go on.
    pub ink_after: bool,
}

impl LineBounds {
    /// True if nothing speaks against the box holding exactly the whole line.
    pub fn whole(self) -> bool {
        !(self.touches_frame || self.ink_before || self.ink_after)
    }
}

/// What can be wrong with a photo, measured from its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Edges are smeared: out of focus or moved.
    Blurred,
    /// A part is blown out to white.
    Glare,
    /// Too little light.
    Dark,
    /// Text is there but too small to read.
    TextTooSmall,
    /// A text line or a barcode runs out of the frame.
    CutOff,
    /// A barcode was located but could not be decoded.
    BarcodeUnreadable,
    /// The photo's file ends before its picture does: a part is missing.
    Incomplete,
}

/// What kind of evidence a value rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A barcode.
    Barcode,
    /// Printed text.
    Text,
    /// A barcode and printed text that agree.
    Both,
    /// A person typed or confirmed it.
    Person,
}

/// Where on which photo something was found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Index of the photo.
    pub photo: usize,
    /// Its corners.
    pub quad: Quad,
}
