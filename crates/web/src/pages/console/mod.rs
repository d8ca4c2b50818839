//! The console: the operators' pages. Each is rendered whole on the server, so that it can be
//! linked, printed and read without its script; the scripts only add what a person does.

mod chart;
mod deliveries;
mod estate;
mod overview;
mod terminals;
mod texts;

use super::page;
use super::texts::{Language, Texts};
use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use std::fmt;

pub(crate) use deliveries::{Shown as ShownDeliveries, deliveries, first_tab};
pub(crate) use estate::{Expecting, estate, reconciliation};
pub(crate) use overview::{DAYS, Figures, overview};
pub(crate) use terminals::{Known, Listed, terminal, terminals};
pub(crate) use texts::ConsoleTexts;
use texts::{DeliveriesTexts, OverviewTexts};

/// The pages in the order of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Review,
    Terminals,
    Estate,
    Deliveries,
    People,
}

impl Place {
    const ALL: [Self; 6] = [
        Self::Overview,
        Self::Review,
        Self::Terminals,
        Self::Estate,
        Self::Deliveries,
        Self::People,
    ];

    fn href(self) -> &'static str {
        match self {
            Self::Overview => "/console",
            Self::Review => "/console/review",
            Self::Terminals => "/console/terminals",
            Self::Estate => "/console/estate",
            Self::Deliveries => "/console/deliveries",
            Self::People => "/console/people",
        }
    }

    fn name(self, texts: &'static ConsoleTexts) -> &'static str {
        match self {
            Self::Overview => &texts.nav.overview,
            Self::Review => &texts.nav.review,
            Self::Terminals => &texts.nav.terminals,
            Self::Estate => &texts.nav.estate,
            Self::Deliveries => &texts.nav.deliveries,
            Self::People => &texts.nav.people,
        }
    }
}

/// What stands around every page: its texts, the menu, who is signed in.
pub(crate) struct Frame {
    texts: &'static Texts,
    title: &'static str,
    menu: Vec<MenuItem>,
    name: String,
}

struct MenuItem {
    href: &'static str,
    name: &'static str,
    here: bool,
    count: Option<u64>,
}

impl Frame {
    /// The frame of the page `here` for a person; `waiting` scans are under review.
    pub(crate) fn new(headers: &HeaderMap, here: Place, name: &str, waiting: u64) -> Self {
        let texts = Language::of(headers).texts();
        let item = |place: Place| MenuItem {
            href: place.href(),
            name: place.name(&texts.console),
            here: place == here,
            count: (place == Place::Review && waiting > 0).then_some(waiting),
        };
        Self {
            texts,
            title: here.name(&texts.console),
            menu: Place::ALL.map(item).into(),
            name: name.to_owned(),
        }
    }
}

/// A time in a page: UTC as it is stored, which the page's script turns to the reader's clock.
struct Moment(Timestamp);

impl Moment {
    fn of(at: Timestamp) -> Self {
        Self(at)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.0.strftime("%Y-%m-%d %H:%M");
        write!(out, "<time datetime=\"{}\">{read} UTC</time>", self.0)
    }
}

/// A time is written by this program and holds nothing to escape.
impl askama::filters::HtmlSafe for Moment {}

#[derive(Template)]
#[template(path = "console/review.html")]
struct Review {
    texts: &'static Texts,
    frame: Frame,
    script_texts: String,
}

/// The review queue.
pub(crate) fn review(frame: Frame) -> Response {
    let texts = frame.texts;
    let script_texts = super::texts::script_json(&json!({
        "states": texts.states, "questions": texts.questions, "reasons": texts.reasons, "problems": texts.problems,
        "kinds": texts.console.kinds, "review": texts.console.review,
    }));
    page(&Review { texts, frame, script_texts })
}

#[derive(Template)]
#[template(path = "console/people.html")]
struct People {
    texts: &'static Texts,
    frame: Frame,
    admin: bool,
    once: String,
}

/// Handing out sign-in links; only admins make links for admins.
pub(crate) fn people(frame: Frame, admin: bool, minutes: u32) -> Response {
    let once = frame.texts.console.people.once.replace("{minutes}", &minutes.to_string());
    page(&People { texts: frame.texts, frame, admin, once })
}
