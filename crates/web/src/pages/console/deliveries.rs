//! Deliveries: what waits, what the registry refused, what never arrived, and how it is doing.

use super::{DeliveriesTexts, Frame, Moment};
use crate::api::registry::{RegistryObject, RegistryState};
use crate::pages::page;
use crate::pages::texts::Texts;
use askama::Template;
use axum::response::Response;
use store::{DeliveriesOf, Delivery, DeliveryStatus, Page};

/// The states in the order of the tabs.
const TABS: [DeliveryStatus; 4] = [
    DeliveryStatus::Exhausted,
    DeliveryStatus::Refused,
    DeliveryStatus::Queued,
    DeliveryStatus::Delivered,
];

/// The state that is shown unasked: the first that needs a person, else what waits.
pub(crate) fn first_tab(counts: &[DeliveriesOf]) -> DeliveryStatus {
    let any = |status: &&DeliveryStatus| counts.iter().any(|of| of.status == **status);
    TABS.iter().find(any).copied().unwrap_or(DeliveryStatus::Queued)
}

/// What the page shows.
pub(crate) struct Shown {
    pub(crate) status: DeliveryStatus,
    pub(crate) counts: Vec<DeliveriesOf>,
    pub(crate) page: Page<Delivery>,
    pub(crate) registry: RegistryObject,
}

#[derive(Template)]
#[template(path = "console/deliveries.html")]
struct Deliveries {
    texts: &'static Texts,
    frame: Frame,
    registry: RegistryObject,
    until: Option<Moment>,
    delivered: Option<Moment>,
    failed: Option<Moment>,
    health: &'static str,
    health_class: &'static str,
    tabs: Vec<Tab>,
    status: &'static str,
    rows: Vec<DeliveryRow>,
    older: Option<String>,
    can_replay: bool,
    can_reopen: bool,
}

struct Tab {
    status: &'static str,
    name: &'static str,
    count: u64,
    here: bool,
}

struct DeliveryRow {
    id: String,
    serial: String,
    vendor: String,
    attempts: u32,
    queued: Moment,
    due: Option<Moment>,
    settled: Option<Moment>,
    code: Option<String>,
    why: Option<String>,
}

/// The page.
pub(crate) fn deliveries(frame: Frame, shown: Shown) -> Response {
    let texts = frame.texts;
    let t = &texts.console.deliveries;
    let tab = |status: DeliveryStatus| Tab {
        status: word(status),
        name: name(status, t),
        count: shown.counts.iter().find(|of| of.status == status).map_or(0, |of| of.deliveries),
        here: status == shown.status,
    };
    let (health, health_class) = health(shown.registry.state(), t);
    let stopped = matches!(shown.status, DeliveryStatus::Refused | DeliveryStatus::Exhausted);
    page(&Deliveries {
        texts,
        frame,
        health,
        health_class,
        can_reopen: matches!(shown.registry.state(), RegistryState::Gone | RegistryState::Paused),
        until: shown.registry.until.map(Moment::of),
        delivered: shown.registry.delivered_at.map(Moment::of),
        failed: shown.registry.failed_at.map(Moment::of),
        registry: shown.registry,
        tabs: TABS.map(tab).into(),
        status: word(shown.status),
        can_replay: stopped && !shown.page.items.is_empty(),
        rows: shown.page.items.into_iter().map(row).collect(),
        older: shown.page.next,
    })
}

fn row(delivery: Delivery) -> DeliveryRow {
    let (vendor, serial) = delivery.device_key.split_once(':').unwrap_or_default();
    DeliveryRow {
        vendor: vendor.to_owned(),
        serial: serial.to_owned(),
        id: delivery.event_id,
        attempts: delivery.attempts,
        queued: Moment::of(delivery.created_at),
        due: delivery.due_at.map(Moment::of),
        settled: delivery.settled_at.map(Moment::of),
        code: delivery.code,
        why: delivery.why,
    }
}

/// The word in an address.
fn word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Queued => "queued",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Refused => "refused",
        DeliveryStatus::Exhausted => "exhausted",
        DeliveryStatus::Undone => "undone",
    }
}

fn name(status: DeliveryStatus, t: &'static DeliveriesTexts) -> &'static str {
    match status {
        DeliveryStatus::Queued => &t.queued,
        DeliveryStatus::Delivered => &t.delivered,
        DeliveryStatus::Refused => &t.refused,
        DeliveryStatus::Exhausted => &t.exhausted,
        DeliveryStatus::Undone => &t.undone,
    }
}

fn health(state: RegistryState, t: &'static DeliveriesTexts) -> (&'static str, &'static str) {
    match state {
        RegistryState::None => (&t.health_none, "queued"),
        RegistryState::Ready => (&t.health_ready, "delivered"),
        RegistryState::Probing => (&t.health_probing, "queued"),
        RegistryState::Paused => (&t.health_paused, "exhausted"),
        RegistryState::Gone => (&t.health_gone, "exhausted"),
    }
}
