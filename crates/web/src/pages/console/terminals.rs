//! Terminals: finding one among thousands, and everything that is known about it.

use super::{Frame, Moment};
use crate::pages::page;
use crate::pages::texts::Texts;
use askama::Template;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::Value;
use store::{
    AuditEntry, DeliveryStatus, FoundTerminal, MaintenanceRecord, Page, ServiceHistory, Terminal,
};
use uuid::Uuid;
use validate::terminal::State;

/// Where a registration may stand, in the order of the filter.
const REGISTRATIONS: [&str; 4] = ["queued", "delivered", "refused", "exhausted"];

/// Scans whose photo a terminal's page shows, the newest.
const PHOTOS_SHOWN: usize = 12;

/// What the list shows.
pub(crate) struct Listed {
    pub(crate) q: String,
    /// A state of life, empty for any.
    pub(crate) state: String,
    /// Where the registration stands, empty for any.
    pub(crate) registration: String,
    pub(crate) page: Page<FoundTerminal>,
}

#[derive(Template)]
#[template(path = "console/terminals.html")]
struct Terminals {
    texts: &'static Texts,
    frame: Frame,
    q: String,
    filtered: bool,
    /// The search as it stands in an address, without the page.
    query: String,
    states: Vec<StateOption>,
    registrations: Vec<StateOption>,
    rows: Vec<TerminalRow>,
    older: Option<String>,
}

struct StateOption {
    word: &'static str,
    name: &'static str,
    chosen: bool,
}

struct TerminalRow {
    device_key: String,
    serial: String,
    vendor: String,
    model: Option<String>,
    merchant: Option<String>,
    tid: Option<String>,
    site: Option<String>,
    since: Option<Moment>,
    state_name: &'static str,
    registration: &'static str,
    registration_name: &'static str,
    changed: Moment,
}

/// The list.
pub(crate) fn terminals(frame: Frame, listed: Listed) -> Response {
    let texts = frame.texts;
    let state = |state: State| {
        let word = state.name();
        StateOption { word, name: life_name(texts, word), chosen: word == listed.state }
    };
    let registration = |word| StateOption {
        word,
        name: registration_name(texts, word),
        chosen: word == listed.registration,
    };
    page(&Terminals {
        texts,
        frame,
        filtered: [&listed.q, &listed.state, &listed.registration].iter().any(|it| !it.is_empty()),
        query: url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &listed.q)
            .append_pair("state", &listed.state)
            .append_pair("registration", &listed.registration)
            .finish(),
        q: listed.q,
        states: State::ALL.map(state).into(),
        registrations: REGISTRATIONS.map(registration).into(),
        rows: listed
            .page
            .items
            .iter()
            .map(|found| row(texts, &found.terminal, &found.details))
            .collect(),
        older: listed.page.next,
    })
}

fn row(texts: &'static Texts, terminal: &Terminal, details: &Value) -> TerminalRow {
    let said = |name: &str| details[name].as_str().map(str::to_owned);
    let registration = match terminal.delivery {
        DeliveryStatus::Queued => "queued",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Refused => "refused",
        DeliveryStatus::Exhausted => "exhausted",
        DeliveryStatus::Undone => "undone",
    };
    TerminalRow {
        state_name: life_name(texts, terminal.state.name()),
        registration,
        registration_name: registration_name(texts, registration),
        changed: Moment::of(terminal.updated_at),
        device_key: terminal.device_key.clone(),
        serial: terminal.serial.clone(),
        vendor: terminal.vendor.clone(),
        model: said("model"),
        merchant: terminal.merchant.clone(),
        tid: terminal.tid.clone(),
        site: terminal.site.clone(),
        since: terminal.since.map(Moment::of),
    }
}

fn life_name(texts: &'static Texts, word: &str) -> &'static str {
    texts.console.life.get(word).map_or("", String::as_str)
}

fn registration_name(texts: &'static Texts, word: &str) -> &'static str {
    texts.states.get(word).map_or("", String::as_str)
}

/// Everything that is known about one terminal.
pub(crate) struct Known {
    pub(crate) terminal: Terminal,
    /// What was said with its newest photo: its model, which no operation changes.
    pub(crate) details: Value,
    pub(crate) upkeep: ServiceHistory,
    /// What happened to it, to its scans and to its deliveries.
    pub(crate) history: Page<AuditEntry>,
}

#[derive(Template)]
#[template(path = "console/terminal.html")]
struct OneTerminal {
    texts: &'static Texts,
    frame: Frame,
    device_key: String,
    groups: Vec<String>,
    spelled: String,
    row: TerminalRow,
    code: Option<String>,
    replaces: Option<String>,
    created: Moment,
    warranty: Option<String>,
    warranty_over: bool,
    scans: Vec<Uuid>,
    records: Vec<RecordRow>,
    older_records: Option<String>,
    kinds: Vec<(&'static str, &'static str)>,
    /// Whether somebody can say that its serial is wrong.
    withdrawable: bool,
    history: Vec<HistoryRow>,
    older_history: Option<String>,
    today: String,
}

struct RecordRow {
    id: String,
    on: String,
    kind: String,
    kind_name: String,
    note: String,
    photos: Vec<Uuid>,
    by: String,
    changed: Moment,
}

struct HistoryRow {
    at: Moment,
    what: String,
    who: String,
}

/// Kinds of maintenance work.
const KINDS: [&str; 5] = ["repair", "part", "inspection", "software", "other"];

/// The page of one terminal; `now` tells whether its warranty is over.
pub(crate) fn terminal(frame: Frame, known: Known, now: Timestamp) -> Response {
    let texts = frame.texts;
    let terminal = known.terminal;
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let records = known.upkeep.records;
    let characters: Vec<char> = terminal.serial.chars().collect();
    let kind = |kind| (kind, texts.console.work.get(kind).map_or(kind, String::as_str));
    page(&OneTerminal {
        texts,
        frame,
        device_key: terminal.device_key.clone(),
        groups: characters.chunks(4).map(|group| group.iter().collect()).collect(),
        spelled: characters.iter().map(|c| format!("{c} ")).collect(),
        code: terminal.code.clone(),
        replaces: terminal.replaces.clone(),
        created: Moment::of(terminal.created_at),
        warranty: known.upkeep.warranty_until.map(|date| date.to_string()),
        warranty_over: known.upkeep.warranty_until.is_some_and(|until| until < today),
        scans: terminal.scans.iter().rev().take(PHOTOS_SHOWN).copied().map(Uuid::from).collect(),
        records: records.items.into_iter().map(|record| record_row(texts, record)).collect(),
        older_records: records.next,
        kinds: KINDS.map(kind).into(),
        history: known.history.items.into_iter().map(|it| history_row(texts, it)).collect(),
        older_history: known.history.next,
        today: today.to_string(),
        withdrawable: !matches!(terminal.state, State::Withdrawn | State::Retired | State::Seen),
        row: row(texts, &terminal, &known.details),
    })
}

fn record_row(texts: &Texts, record: MaintenanceRecord) -> RecordRow {
    let kind = record.work.kind;
    RecordRow {
        id: record.id,
        on: record.work.on.to_string(),
        kind_name: texts.console.work.get(&kind).unwrap_or(&kind).clone(),
        kind,
        note: record.work.note,
        photos: record.photos.into_iter().map(|photo| photo.id).collect(),
        by: record.by,
        changed: Moment::of(record.changed_at),
    }
}

fn history_row(texts: &Texts, entry: AuditEntry) -> HistoryRow {
    // A check that found nothing changes nothing of a terminal that is known.
    let matched = entry.what == "terminal.verification"
        && serde_json::from_slice::<Value>(&entry.detail)
            .is_ok_and(|detail| detail["matches"] == true);
    let word = if matched { "terminal.verify" } else { entry.what.as_str() };
    let what = texts.console.events.get(word).cloned().unwrap_or(entry.what);
    HistoryRow { at: Moment::of(entry.at), what, who: entry.who }
}
