//! The estate: which serials are expected, a new list with its preview, and where expected, seen and
//! registered do not agree.

use super::{Frame, Moment};
use crate::pages::page;
use crate::pages::texts::Texts;
use askama::Template;
use axum::response::Response;
use serde_json::json;
use store::{Awaited, Delivery, EstateDifferences, Page, SameDevice};
use validate::{Disagreeing, Disagreement, EstateMode, reconcile};

/// Rows of one kind of disagreement that are shown; the rest is counted.
const ROWS_SHOWN: usize = 100;

/// What the list shows.
pub(crate) struct Expecting {
    pub(crate) q: String,
    pub(crate) mode: EstateMode,
    pub(crate) count: u64,
    pub(crate) page: Page<Awaited>,
}

#[derive(Template)]
#[template(path = "console/estate.html")]
struct Estate {
    texts: &'static Texts,
    frame: Frame,
    q: String,
    mode: &'static str,
    count: u64,
    rows: Vec<ExpectedRow>,
    next: Option<String>,
    script_texts: String,
}

struct ExpectedRow {
    serial: String,
    said: String,
    added: Moment,
}

/// The list, and where a new one is dropped.
pub(crate) fn estate(frame: Frame, shown: Expecting) -> Response {
    let texts = frame.texts;
    let t = &texts.console.estate;
    let row = |awaited: Awaited| ExpectedRow {
        said: awaited.expected.said.into_values().collect::<Vec<_>>().join(" · "),
        serial: awaited.expected.serial,
        added: Moment::of(awaited.added_at),
    };
    page(&Estate {
        texts,
        frame,
        q: shown.q,
        mode: match shown.mode {
            EstateMode::Off => &t.mode_off,
            EstateMode::Helpful => &t.mode_helpful,
            EstateMode::Required => &t.mode_required,
        },
        count: shown.count,
        rows: shown.page.items.into_iter().map(row).collect(),
        next: shown.page.next,
        script_texts: crate::pages::texts::script_json(&json!(t)),
    })
}

#[derive(Template)]
#[template(path = "console/reconciliation.html")]
struct Reconciled {
    texts: &'static Texts,
    frame: Frame,
    kinds: Vec<Kind>,
    same: Vec<SameRow>,
    refused: Vec<RefusedRow>,
    script_texts: String,
}

/// One kind of disagreement.
struct Kind {
    title: &'static str,
    count: u64,
    rows: Vec<Disagreeing>,
}

struct SameRow {
    kind: &'static str,
    serials: [String; 2],
}

struct RefusedRow {
    serial: String,
    code: String,
}

/// Where the lists do not agree.
pub(crate) fn reconciliation(
    frame: Frame,
    differences: EstateDifferences,
    same: Vec<SameDevice>,
    refused: Vec<Delivery>,
) -> Response {
    let texts = frame.texts;
    let t = &texts.console.estate;
    let (missing, unexpected) = (differences.missing, differences.unexpected);
    let found = reconcile(differences.expected, differences.seen, None).disagreeing;
    let of = |what: &[Disagreement]| -> Vec<Disagreeing> {
        found.iter().filter(|row| what.contains(&row.what)).cloned().collect()
    };
    let alike = of(&[Disagreement::LookAlike, Disagreement::PerhapsSame]);
    let swapped = alike.iter().filter(|row| row.what == Disagreement::LookAlike).count() as u64;
    let kind = |title: &'static str, count: u64, mut rows: Vec<Disagreeing>| {
        rows.truncate(ROWS_SHOWN);
        Kind { title, count, rows }
    };
    let kinds = vec![
        kind(&t.alike, alike.len() as u64, alike.clone()),
        kind(&t.missing, missing.saturating_sub(swapped), of(&[Disagreement::Missing])),
        kind(
            &t.unexpected,
            unexpected.saturating_sub(alike.len() as u64),
            of(&[Disagreement::Unexpected]),
        ),
    ];
    let same_row = |pair: SameDevice| {
        let kind = serde_json::to_value(pair.kind).unwrap_or_default();
        let kind = texts.console.kinds.get(kind.as_str().unwrap_or_default());
        SameRow { kind: kind.map_or("", String::as_str), serials: pair.serials }
    };
    let refused_row = |delivery: Delivery| RefusedRow {
        serial: delivery.device_key.split_once(':').map_or("", |(_, serial)| serial).to_owned(),
        code: delivery.code.unwrap_or_default(),
    };
    page(&Reconciled {
        texts,
        frame,
        kinds,
        same: same.into_iter().take(ROWS_SHOWN).map(same_row).collect(),
        refused: refused.into_iter().map(refused_row).collect(),
        script_texts: crate::pages::texts::script_json(&json!(t)),
    })
}
