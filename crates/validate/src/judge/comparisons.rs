//! Questions about one value that need all sightings: where else it stands, how well it was read.

use crate::evidence::Surface;
use crate::formats::shape::{Class, Shape};
use crate::judge::context::JudgeContext;
use crate::judge::correction;
use crate::judge::sighting::{Carrier, Reading, Sighting};
use crate::judge::value_facts::ValueFacts;
use std::collections::BTreeSet;

impl JudgeContext<'_> {
    /// Whether the first reading, which keeps spaces, saw a value as a whole where nothing names it
    /// as another number.
    pub(super) fn stands_in_print(&self, value: &ValueFacts) -> bool {
        let other = |sighting: &Sighting| {
            let same = |it: &&Sighting| it.says_other().is_some() && it.same_ink(sighting);
            self.sightings.iter().any(|it| same(&it))
        };
        let first =
            |it: &Sighting| matches!(it.carrier, Carrier::Print { reading: Reading::First, .. });
        let mut whole = value.sightings.iter().filter(|it| first(it) && it.is_clear_print());
        whole.any(|sighting| !other(sighting))
    }

    /// Whether a barcode or a reading that was sure of at least every other character has a value:
    /// what was guessed of blurred print says nothing about what stands there.
    pub(super) fn is_legible(&self, value: &ValueFacts) -> bool {
        value.sightings.iter().any(|sighting| {
            let chars = sighting.chars(self.evidence);
            let unsure = chars.iter().filter(|char| !correction::is_sure(char)).count();
            sighting.is_barcode() || 2 * unsure <= chars.len()
        })
    }

    /// Whether a value may be another of one's format, misread: it has the form with one of several
    /// corrections or but for one character, and it has letters or the format has, or it is said to be
    /// a serial. A number of digits that nothing names is any number: meters show readings.
    pub(super) fn almost_is(&self, one: &ValueFacts, value: &ValueFacts) -> bool {
        let letter = |class: &Class| matches!(class, Class::Exactly('A'..='Z'));
        let lettered = |shape: &Shape| shape.classes().iter().any(letter);
        let named = value.sightings.iter().any(|sighting| sighting.says_serial());
        let ambiguous = self.ambiguous.iter().any(|(read, _)| read == value.value);
        let number = value.value.bytes().all(|byte| byte.is_ascii_digit());
        let mut shapes = one.format.into_iter().flat_map(|format| &format.shapes);
        shapes.any(|shape| {
            (named || lettered(shape) || !number)
                && (ambiguous || shape.fits_but_for_one(value.value))
        })
    }

    /// Whether a value was seen on a label (false) and on a screen (true).
    pub(super) fn surfaces(&self, value: &ValueFacts) -> BTreeSet<bool> {
        let surface = |sighting: &&Sighting| {
            let photo = self.evidence.photos.get(sighting.place.photo);
            photo.is_some_and(|photo| photo.surface == Surface::Screen)
        };
        value.sightings.iter().map(surface).collect()
    }
}
