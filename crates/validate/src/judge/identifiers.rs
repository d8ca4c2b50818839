//! The other numbers of a label, each once.

use super::answer::source;
use super::values::{Case, best_first};
use crate::keyword::Strength;
use crate::label::Joined;
use crate::sighting::{Carrier, Sighting};
use crate::{Identifier, IdentifierKind};
use std::collections::BTreeMap;

/// Identifiers returned: more than any label carries.
const IDENTIFIERS_MAX: usize = 32;

/// Every number with a meaning, each once, in a fixed order.
pub(super) fn identifiers(case: &Case) -> Vec<Identifier> {
    let mut seen: BTreeMap<(IdentifierKind, &str), Vec<&Sighting>> = BTreeMap::new();
    for sighting in &case.sightings {
        if let Some(kind) = kind(case, sighting) {
            seen.entry((kind, &sighting.value)).or_default().push(sighting);
        }
    }
    let identifier = |((kind, _), mut sightings): ((_, &str), Vec<&Sighting>)| {
        sightings.sort_by(|one, other| best_first(one, other));
        Identifier {
            kind,
            value: sightings[0].printed.clone(),
            source: source(&sightings),
            place: Some(sightings[0].place),
        }
    };
    seen.into_iter().map(identifier).take(IDENTIFIERS_MAX).collect()
}

fn kind(case: &Case, sighting: &Sighting) -> Option<IdentifierKind> {
    let kind = match sighting.named {
        Some((IdentifierKind::Serial, _)) => return None,
        Some((kind, Strength::Sure)) => kind,
        Some((kind @ (IdentifierKind::Imei | IdentifierKind::Mac), _)) => kind,
        _ if case.formats.is_tusn(&sighting.value) => IdentifierKind::Tusn,
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
