//! The registry's own list held against the terminals that were seen: what it has and nobody saw, and
//! what was seen and it does not have. Nothing of the list is kept.

use crate::access::caller::Caller;
use crate::api::estate::read_list;
use crate::app::App;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::{Request, State};
use pipeline::access::Role;
use pipeline::lists::RefusedLine;
use serde::Serialize;
use store::FoundTerminal;
use utoipa::ToSchema;
use validate::{Disagreeing, Disagreement, Reconciliation, reconcile};

/// Serials of one kind that are named; the others are counted.
const SERIALS_NAMED_MAX: usize = 100;
/// Terminals that are compared in one call; whoever has more compares on the command line.
const TERMINALS_MAX: usize = 50_000;
/// Terminals that are fetched at once.
const ROWS_AT_ONCE: u32 = 1_000;

/// How the registry's list and the terminals that were seen differ.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReconciliationObject {
    /// Different serials on the registry's list.
    registered: usize,
    /// Different serials of terminals that were seen.
    seen: usize,
    /// Seen, and not registered.
    not_registered: Differing,
    /// Seen, and registered as another one, from which look-alikes alone tell it.
    registered_as: Differing,
    /// Registered, and not seen.
    only_registered: Differing,
    /// Registered more than once.
    registered_twice: Differing,
    /// Lines that hold no serial, or an earlier one's, the first 100.
    refused: Vec<RefusedLine>,
    /// How many such lines there are.
    refused_count: usize,
}

/// Serials that differ in one way.
#[derive(Serialize, ToSchema)]
struct Differing {
    /// How many.
    count: usize,
    /// The first 100.
    serials: Vec<DifferingSerial>,
}

/// A serial that differs.
#[derive(Serialize, ToSchema)]
struct DifferingSerial {
    /// In canonical form.
    #[schema(example = "0821032398")]
    serial: String,
    /// What it is registered as, if that looks alike.
    other: Option<String>,
}

impl Differing {
    fn of(found: &Reconciliation, what: Disagreement) -> Self {
        let rows: Vec<&Disagreeing> =
            found.disagreeing.iter().filter(|row| row.what == what).collect();
        let named = rows.iter().take(SERIALS_NAMED_MAX);
        let serials = named
            .map(|row| DifferingSerial { serial: row.serial.clone(), other: row.other.clone() });
        Self { count: rows.len(), serials: serials.collect() }
    }
}

/// Hold the registry's own list against what was seen
///
/// The list is CSV like the one of `POST /v1/estate`; nothing of it is kept. For operators.
#[utoipa::path(
    post, path = "/v1/registry/reconciliation", tag = "registry",
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What differs.", body = ReconciliationObject), Problem),
)]
pub(crate) async fn compare(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Json<ReconciliationObject>, Problem> {
    caller.at_least(Role::Operator)?;
    let _alone = app.importing()?;
    let list = read_list(&app, &caller, request).await?;
    let seen = terminals(&app).await?;
    let registered = list.expected.into_iter().map(|one| one.serial).chain(list.doubled).collect();
    // Nothing is expected here: what the registry has and nobody saw is told, whoever expects it.
    let comparing = move || reconcile(Vec::new(), seen, Some(registered));
    let found = tokio::task::spawn_blocking(comparing).await;
    let found = found.map_err(|error| Problem::internal(&error))?;
    Ok(Json(ReconciliationObject {
        registered: found.registered.unwrap_or_default(),
        seen: found.seen,
        not_registered: Differing::of(&found, Disagreement::NotRegistered),
        registered_as: Differing::of(&found, Disagreement::RegisteredAs),
        only_registered: Differing::of(&found, Disagreement::OnlyRegistered),
        registered_twice: Differing::of(&found, Disagreement::RegisteredTwice),
        refused: list.refused.first,
        refused_count: list.refused.count,
    }))
}

/// The serial of every terminal.
async fn terminals(app: &App) -> Result<Vec<String>, Problem> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let all = |_: &FoundTerminal| true;
        let page = app.store().find_terminals(after, ROWS_AT_ONCE, all).await?;
        seen.extend(page.items.into_iter().map(|found| found.terminal.serial));
        if seen.len() > TERMINALS_MAX {
            let detail = format!(
                "more than {TERMINALS_MAX} terminals: use `labelscan reconcile --registry FILE`"
            );
            return Err(Problem::new(Code::BodyTooLarge, detail));
        }
        after = page.next;
        if after.is_none() {
            return Ok(seen);
        }
    }
}
