//! A label while it is filled.

use crate::label::{Element, Label};
use crate::print::{Face, Fonts};
use crate::symbol::Code;
use crate::{Recipe, TrueBarcode, Truth};
use anyhow::Result;
use rand::{RngExt, rngs::StdRng};

pub(super) const MARGIN_MM: f32 = 3.0;
/// Below this a phone at arm's length resolves no bars.
const MODULE_MM_MIN: f32 = 0.2;

/// A label while it is being filled, from the top down.
pub(super) struct Sheet<'f> {
    pub(super) fonts: &'f Fonts,
    pub(super) label: Label,
    pub(super) face: Face,
    pub(super) code: Code,
    pub(super) cap_mm: f32,
    /// Left edge of the label, if it is not the first one in view.
    pub(super) edge_mm: f32,
    pub(super) left_mm: f32,
    pub(super) y_mm: f32,
}

impl<'f> Sheet<'f> {
    pub(super) fn new(fonts: &'f Fonts, recipe: &Recipe, rng: &mut StdRng) -> Self {
        let faces = [Face::Sans, Face::SansBold, Face::Narrow, Face::Mono, Face::Dejavu];
        Self {
            fonts,
            label: Label {
                width_mm: rng.random_range(58.0..70.0),
                height_mm: 0.0,
                elements: Vec::new(),
                ink: recipe.ink,
                truth: Truth::default(),
            },
            face: faces[rng.random_range(0..faces.len())],
            code: recipe.code,
            cap_mm: rng.random_range(1.9..2.4),
            edge_mm: 0.0,
            left_mm: MARGIN_MM,
            y_mm: MARGIN_MM,
        }
    }

    pub(super) fn finish(mut self) -> Label {
        self.label.height_mm = self.label.height_mm.max(self.y_mm) + MARGIN_MM - 1.0;
        self.label
    }

    pub(super) fn room_mm(&self) -> f32 {
        self.label.width_mm - MARGIN_MM - self.left_mm
    }

    /// A line; type that is too wide for the room is set smaller.
    pub(super) fn text(&mut self, face: Face, cap_mm: f32, text: &str) {
        let cap_mm = cap_mm * (self.room_mm() / self.fonts.width_mm(face, cap_mm, text)).min(1.0);
        let (x_mm, y_mm) = (self.left_mm, self.y_mm);
        let text = text.to_owned();
        self.label.elements.push(Element::Text { x_mm, y_mm, cap_mm, face, text });
        self.y_mm += cap_mm * 1.75;
    }

    pub(super) fn line(&mut self, text: &str) {
        self.text(self.face, self.cap_mm, text);
    }

    pub(super) fn small(&mut self, text: &str) {
        self.text(self.face, self.cap_mm * 0.75, text);
    }

    pub(super) fn other(&mut self, key: &str, value: &str) {
        self.line(&format!("{key}: {value}"));
        self.label.truth.other_ids.insert(key.to_owned(), value.to_owned());
    }

    /// A linear barcode; the label grows if the narrowest printable bar needs more room.
    pub(super) fn bars(&mut self, code: Code, payload: &str, height_mm: f32) -> Result<()> {
        let modules = code.encode(payload)?.width();
        let quiet = code.quiet_modules();
        let fits_mm = (self.label.width_mm - self.edge_mm - 2.0) / (modules + 2.0 * quiet);
        let module_mm = fits_mm.clamp(MODULE_MM_MIN, 0.32);
        let needed_mm = self.edge_mm + module_mm * (modules + 2.0 * quiet) + 2.0;
        self.label.width_mm = self.label.width_mm.max(needed_mm);
        let (x_mm, y_mm) = (self.left_mm.max(self.edge_mm + 1.0 + quiet * module_mm), self.y_mm);
        self.symbol(x_mm, y_mm, module_mm, height_mm, code, payload);
        self.y_mm += height_mm + 1.2;
        Ok(())
    }

    pub(super) fn symbol(
        &mut self,
        x: f32,
        y: f32,
        module: f32,
        height: f32,
        code: Code,
        payload: &str,
    ) {
        let format = code.name().to_owned();
        self.label.truth.barcodes.push(TrueBarcode { format, text: payload.to_owned() });
        self.label.elements.push(Element::Symbol {
            x_mm: x,
            y_mm: y,
            module_mm: module,
            height_mm: height,
            code,
            payload: payload.to_owned(),
        });
    }
}
