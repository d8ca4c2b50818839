//! Finding terminals by what is known about them, and taking the finds home as a file.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Code, Problem};
use axum::extract::State as FromApp;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use pipeline::access::Role;
use pipeline::csv_cell::guarded;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};
use store::{DeliveryStatus, FoundTerminal, WriteContext};
use utoipa::{IntoParams, ToSchema};
use validate::terminal::State;

/// Characters of a search.
const Q_CHARS_MAX: usize = 64;
/// Terminals in one file.
const EXPORT_ROWS_MAX: usize = 50_000;
/// Terminals that are fetched at once for a file.
const ROWS_AT_ONCE: u32 = 1_000;

/// Which terminals are wanted.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    /// In the canonical form of serials, empty for any.
    serial: String,
    /// In lower case, empty for any.
    words: String,
    state: Option<State>,
    registration: Option<DeliveryStatus>,
}

impl Wanted {
    /// Terminals that have `q` somewhere in their serial, maker, model, merchant, site or terminal
    /// number, that are in the state of life that `state` names, and whose registration stands
    /// where `registration` says. What is missing or empty is any.
    pub(crate) fn new(
        q: Option<&str>,
        state: Option<&str>,
        registration: Option<&str>,
    ) -> Result<Self, Problem> {
        crate::paging::at_most("q", q, Q_CHARS_MAX)?;
        let q = q.unwrap_or_default().trim();
        Ok(Self {
            serial: validate::fold(q),
            words: q.to_lowercase(),
            state: one_of(state, || {
                format!("state: one of {}", State::ALL.map(State::name).join(", "))
            })?,
            registration: one_of(registration, || {
                "registration: queued, delivered, refused or exhausted".to_owned()
            })?,
        })
    }

    /// Whether it is one of them.
    pub(crate) fn fits(&self, found: &FoundTerminal) -> bool {
        let said = ["model", "merchant", "site", "tid"];
        let said = said.iter().filter_map(|name| found.details[name].as_str());
        let holds = |text: &str| text.to_lowercase().contains(&self.words);
        self.state.is_none_or(|state| state == found.terminal.state)
            && self.registration.is_none_or(|status| status == found.terminal.delivery)
            && (self.words.is_empty()
                || !self.serial.is_empty() && found.terminal.serial.contains(&self.serial)
                || holds(&found.terminal.vendor)
                || found.terminal.merchant.as_deref().is_some_and(holds)
                || said.into_iter().any(holds))
    }
}

/// The kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    Csv,
    Json,
}

/// What to put into the file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// CSV for spreadsheets, in UTF-8 with a header; JSON for programs.
    #[param(inline)]
    format: Format,
    /// Any part of a serial, maker, model, merchant, site or terminal number.
    #[param(max_length = 64)]
    q: Option<String>,
    /// Only terminals in this state of their life: `seen`, `verified`, `submitted`, `registered`,
    /// `refused`, `swapped`, `unbound`, `retired`.
    #[param(example = "registered")]
    state: Option<String>,
    /// Only terminals whose registration stands there: `queued`, `delivered`, `refused`,
    /// `exhausted`.
    #[param(example = "delivered")]
    registration: Option<String>,
}

/// A terminal in a file.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedTerminal {
    #[schema(example = "0821032398")]
    serial: String,
    #[schema(example = "pax")]
    vendor: String,
    #[schema(example = "A920")]
    model: String,
    #[schema(example = "310100048140001")]
    merchant: String,
    #[schema(example = "Station Road 4")]
    site: String,
    #[schema(example = "10023456")]
    tid: String,
    /// Where it is in its life.
    #[schema(value_type = String, example = "registered")]
    state: State,
    /// Where its registration stands.
    #[schema(value_type = String, example = "delivered")]
    registration: DeliveryStatus,
    /// The registry's code, if it refused.
    #[schema(example = "")]
    code: String,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_change: Timestamp,
}

impl From<FoundTerminal> for ExportedTerminal {
    fn from(found: FoundTerminal) -> Self {
        let said = |name: &str| found.details[name].as_str().unwrap_or_default().to_owned();
        Self {
            model: said("model"),
            merchant: found.terminal.merchant.clone().unwrap_or_else(|| said("merchant")),
            site: said("site"),
            tid: said("tid"),
            serial: found.terminal.serial,
            vendor: found.terminal.vendor,
            state: found.terminal.state,
            registration: found.terminal.delivery,
            code: found.terminal.code.unwrap_or_default(),
            first_seen: found.terminal.created_at,
            last_change: found.terminal.updated_at,
        }
    }
}

/// Terminals as a file
///
/// The newest 50,000 that fit. In CSV a cell that a spreadsheet would run as a formula begins with
/// an apostrophe. For operators.
#[utoipa::path(
    get, path = "/v1/terminals/export", tag = "terminals", params(ExportQuery),
    responses(
        (status = 200, description = "The file.", content(
            (Vec<ExportedTerminal> = "application/json"), (String = "text/csv"))),
        Problem,
    ),
)]
pub(crate) async fn export(
    FromApp(app): FromApp<App>,
    caller: Caller,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    caller.at_least(Role::Operator)?;
    let (state, registration) = (query.state.as_deref(), query.registration.as_deref());
    let wanted = Wanted::new(query.q.as_deref(), state, registration)?;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let fits = |terminal: &FoundTerminal| wanted.fits(terminal);
        let page = app.store().find_terminals(after, ROWS_AT_ONCE, fits).await?;
        found.extend(page.items);
        after = page.next;
        if after.is_none() || found.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let told = found.len().min(EXPORT_ROWS_MAX);
    app.store()
        .record(
            "terminals.exported",
            "terminals",
            &told,
            WriteContext::new(&caller.name, app.now()),
        )
        .await?;
    let rows = found.into_iter().take(EXPORT_ROWS_MAX).map(ExportedTerminal::from);
    let (kind, name, bytes) = match query.format {
        Format::Json => {
            let json = serde_json::to_vec(&rows.collect::<Vec<_>>());
            ("application/json", "terminals.json", json.map_err(|error| Problem::internal(&error))?)
        }
        Format::Csv => {
            let csv = csv_of(rows).map_err(|error| Problem::internal(&error))?;
            ("text/csv; charset=utf-8", "terminals.csv", csv)
        }
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, bytes).into_response())
}

/// What a query names by its word on the wire; nothing if the word is missing or empty.
fn one_of<'de, T: Deserialize<'de>>(
    word: Option<&'de str>,
    words: impl Fn() -> String,
) -> Result<Option<T>, Problem> {
    let Some(word) = word.filter(|word| !word.is_empty()) else { return Ok(None) };
    let word: StrDeserializer<'de, Error> = word.into_deserializer();
    T::deserialize(word).map(Some).map_err(|_| Problem::new(Code::ParameterInvalid, words()))
}

/// With a byte order mark, without which a spreadsheet program may take UTF-8 for something else.
fn csv_of(rows: impl Iterator<Item = ExportedTerminal>) -> anyhow::Result<Vec<u8>> {
    let mut file = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    file.write_record([
        "serial",
        "vendor",
        "model",
        "merchant",
        "site",
        "tid",
        "state",
        "registration",
        "code",
        "first_seen",
        "last_change",
    ])?;
    for row in rows {
        let registration = serde_json::to_value(row.registration)?;
        let (first, last) = (row.first_seen.to_string(), row.last_change.to_string());
        let cells = [
            row.serial.as_str(),
            &row.vendor,
            &row.model,
            &row.merchant,
            &row.site,
            &row.tid,
            row.state.name(),
            registration.as_str().unwrap_or_default(),
            &row.code,
            &first,
            &last,
        ];
        file.write_record(cells.map(guarded))?;
    }
    Ok(file.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_a_file_is_a_formula() {
        let row = ExportedTerminal {
            serial: "0821032398".into(),
            vendor: "pax".into(),
            model: String::new(),
            merchant: "=cmd|'/c calc'!A1".into(),
            site: "a \"quoted\", site".into(),
            tid: String::new(),
            state: State::Registered,
            registration: DeliveryStatus::Delivered,
            code: String::new(),
            first_seen: Timestamp::UNIX_EPOCH,
            last_change: Timestamp::UNIX_EPOCH,
        };
        let csv = String::from_utf8(csv_of([row].into_iter()).unwrap()).unwrap();
        let second = csv.lines().nth(1).unwrap();
        assert_eq!(
            second,
            "0821032398,pax,,'=cmd|'/c calc'!A1,\"a \"\"quoted\"\", site\",,registered,delivered,,\
             1970-01-01T00:00:00Z,1970-01-01T00:00:00Z"
        );
    }
}
