//! Pages of labels as PDF: barcodes as filled rectangles, print as a font of strokes, so that both
//! are as sharp as the printer is and the serials can be searched for.

use crate::font;
use crate::label::{Label, Resolution};
use crate::page::Page;
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{LineCapStyle, LineJoinStyle, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

/// Points of an inch, the unit of PDF.
const INCH_POINTS: f32 = 72.0;
const FONT: Name = Name(b"F");
/// How hard page contents are compressed, 0 to 10.
const COMPRESSION: u8 = 6;

/// A document that grows page by page.
pub struct Document {
    pdf: Pdf,
    resolution: Resolution,
    next: i32,
    catalog: Ref,
    tree: Ref,
    font: Ref,
    pages: Vec<Ref>,
}

impl Document {
    /// A document without pages.
    pub fn new(resolution: Resolution) -> Self {
        let refs = [1, 2, 3].map(Ref::new);
        let mut document = Self {
            pdf: Pdf::new(),
            resolution,
            next: 4,
            catalog: refs[0],
            tree: refs[1],
            font: refs[2],
            pages: Vec::new(),
        };
        document.embed_font();
        document
    }

    fn reference(&mut self) -> Ref {
        let reference = Ref::new(self.next);
        self.next += 1;
        reference
    }

    /// The font as drawing procedures (Type 3), one a character.
    fn embed_font(&mut self) {
        // A viewer wants a procedure of the space too.
        let known: Vec<(u8, char)> = std::iter::once(' ')
            .chain(font::characters())
            .filter_map(|char| Some((u8::try_from(char).ok()?, char)))
            .collect();
        let (first, last) = (b' ', b'~');
        let name = |code: u8| format!("g{code}");
        let mut procedures = Vec::new();
        for (code, char) in &known {
            let reference = self.reference();
            self.pdf.stream(reference, &procedure(*char));
            procedures.push((name(*code), reference));
        }
        let to_unicode = self.reference();
        let system =
            SystemInfo { registry: Str(b"labelscan"), ordering: Str(b"strokes"), supplement: 0 };
        let mut map = UnicodeCmap::<u8>::new(Name(b"labelscan-strokes"), system);
        for (code, char) in &known {
            map.pair(*code, *char);
        }
        self.pdf.cmap(to_unicode, &map.finish());

        let mut type3 = self.pdf.type3_font(self.font);
        let unit = 1.0 / font::CAP_PRINTED as f32;
        type3.bbox(Rect::new(
            0.0,
            -font::DESCENT as f32,
            font::ADVANCE as f32,
            font::CAP_PRINTED as f32,
        ));
        type3.matrix([unit, 0.0, 0.0, unit, 0.0, 0.0]);
        let mut named = type3.char_procs();
        for (name, reference) in &procedures {
            named.pair(Name(name.as_bytes()), *reference);
        }
        named.finish();
        let mut encoding = type3.encoding_custom();
        let mut differences = encoding.differences();
        for (code, _) in &known {
            differences.consecutive(*code, [Name(name(*code).as_bytes())]);
        }
        differences.finish();
        encoding.finish();
        type3.first_char(first).last_char(last);
        type3.widths((first..=last).map(|_| font::ADVANCE as f32));
        type3.resources();
        type3.to_unicode(to_unicode);
    }

    /// Adds a page.
    pub fn page(&mut self, page: &Page) {
        let (id, contents) = (self.reference(), self.reference());
        self.pages.push(id);
        let points = INCH_POINTS / self.resolution.0 as f32;
        let mut content = Content::new();
        content.transform([points, 0.0, 0.0, points, 0.0, 0.0]);
        for (corner, label) in &page.labels {
            draw(&mut content, page.height, *corner, label);
        }
        let drawn = compress_to_vec_zlib(&content.finish(), COMPRESSION);
        self.pdf.stream(contents, &drawn).filter(Filter::FlateDecode);
        let mut written = self.pdf.page(id);
        let side = |dots: u32| dots as f32 * points;
        written.parent(self.tree).contents(contents);
        written.media_box(Rect::new(0.0, 0.0, side(page.width), side(page.height)));
        written.resources().fonts().pair(FONT, self.font);
    }

    /// The file's bytes.
    pub fn finish(mut self) -> Vec<u8> {
        let mut catalog = self.pdf.catalog(self.catalog);
        catalog.pages(self.tree);
        // A page that is shrunk to fit lies beside its labels.
        catalog.viewer_preferences().pair(Name(b"PrintScaling"), Name(b"None"));
        catalog.finish();
        let count = i32::try_from(self.pages.len()).unwrap_or(i32::MAX);
        self.pdf.pages(self.tree).kids(self.pages.iter().copied()).count(count);
        let info = self.reference();
        self.pdf.document_info(info).title(TextStr("Labels")).producer(TextStr("labelscan"));
        self.pdf.finish()
    }
}

/// How one character is drawn; y grows upwards here, from the baseline.
fn procedure(char: char) -> Vec<u8> {
    let mut content = Content::new();
    let (wide, high) = (font::ADVANCE as f32, font::CAP_PRINTED as f32);
    content.start_shape_glyph(wide, 0.0, -font::DESCENT as f32, wide, high);
    content.set_line_width(font::PEN as f32);
    content.set_line_cap(LineCapStyle::RoundCap).set_line_join(LineJoinStyle::RoundJoin);
    for way in font::strokes(char) {
        for (at, (x, y)) in way.into_iter().enumerate() {
            let (x, y) = (x as f32, (font::CAP_PRINTED - y) as f32);
            if at == 0 {
                content.move_to(x, y)
            } else {
                content.line_to(x, y)
            };
        }
    }
    if char != ' ' {
        content.stroke();
    }
    content.finish().into_vec()
}

/// Draws a label on a page of `height` dots.
fn draw(content: &mut Content, height: u32, (left, top): (u32, u32), label: &Label) {
    // One path, so that no viewer draws seams between rectangles that touch.
    for dark in label.symbol.rectangles() {
        let bottom = height as f32 - (top + dark.y + dark.height) as f32;
        content.rect((left + dark.x) as f32, bottom, dark.width as f32, dark.height as f32);
    }
    content.fill_nonzero();
    for line in &label.lines {
        let baseline = height as f32 - (top + line.y + line.cap) as f32;
        content.begin_text();
        content.set_font(FONT, line.cap as f32);
        content.set_text_matrix([1.0, 0.0, 0.0, 1.0, (left + line.x) as f32, baseline]);
        content.show(Str(line.text.as_bytes()));
        content.end_text();
    }
}
