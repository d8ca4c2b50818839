//! The other numbers of a label, each once.

use crate::identifier::{Identifier, IdentifierKind};
use crate::judge::answer::source;
use crate::judge::context::JudgeContext;
use crate::judge::sighting::{Carrier, Sighting};
use crate::print::keyword::Strength;
use crate::print::label::Joined;

/// Identifiers returned: more than any label carries.
const IDENTIFIERS_MAX: usize = 32;

/// Every number with a meaning, each once, in a fixed order. `by_value` are the sightings by
/// value, the best of each first.
pub(super) fn identifiers(context: &JudgeContext, by_value: &[&Sighting]) -> Vec<Identifier> {
    let mut seen: Vec<(IdentifierKind, &Sighting)> =
        by_value.iter().filter_map(|&it| Some((kind(context, it)?, it))).collect();
    // Stable, so that values stay in order, the best sighting of each first.
    seen.sort_by_key(|(kind, _)| *kind);
    let same = |one: &(_, &Sighting), other: &(_, &Sighting)| {
        one.0 == other.0 && one.1.value == other.1.value
    };
    let identifier = |sightings: &[(IdentifierKind, &Sighting)]| {
        let (kind, best) = sightings[0];
        Identifier {
            kind,
            value: best.printed.to_owned(),
            source: source(sightings.iter().map(|(_, sighting)| *sighting)),
            place: Some(best.place),
        }
    };
    seen.chunk_by(same).take(IDENTIFIERS_MAX).map(identifier).collect()
}

fn kind(context: &JudgeContext, sighting: &Sighting) -> Option<IdentifierKind> {
    let kind = match sighting.named {
        Some((IdentifierKind::Serial, _)) => return None,
        Some((kind, Strength::Sure | Strength::Disputed)) => kind,
        Some((kind @ (IdentifierKind::Imei | IdentifierKind::Mac), _)) => kind,
        _ if context.formats.is_tusn(sighting.value) => IdentifierKind::Tusn,
        _ => return None,
    };
    // Of several words after a keyword the first is its value, unless numbers of this kind are
    // printed in groups.
    let grouped = matches!(
        kind,
        IdentifierKind::Mac | IdentifierKind::Imei | IdentifierKind::Ean | IdentifierKind::Iccid
    );
    let joined = match sighting.carrier {
        Carrier::Print { joined, .. } => joined,
        Carrier::Barcode { .. } => Joined::No,
    };
    let complete = match kind {
        IdentifierKind::Mac => sighting.value.len() == 12,
        IdentifierKind::Imei => sighting.value.len() == 15,
        _ => true,
    };
    (complete && (joined == Joined::No || grouped && joined == Joined::Words)).then_some(kind)
}
