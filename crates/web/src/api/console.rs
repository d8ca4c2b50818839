//! The console's pages: what operators and admins see after signing in. A page is built from the
//! same questions as the calls, and changes nothing; its buttons make calls.

use crate::access::caller::Caller;
use crate::api::registry::RegistryObject;
use crate::api::scans::{self, stored_scan};
use crate::api::terminal_search::Wanted;
use crate::api::terminals::one_terminal;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::pages::console::{
    self, Expecting, Figures, Frame, Known, Listed, Place, ShownDeliveries,
};
use crate::problem::{Code, Problem};
use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jiff::Timestamp;
use pipeline::access::Role;
use pipeline::answer::Status;
use serde::Deserialize;
use store::{AuditEntry, DeliveryFilter, DeliveryStatus, FoundTerminal, Page, Terminal};

/// Rows of one page of a table.
const PAGE_ROWS: u32 = 50;
/// Scans of a terminal whose entries its history shows, the newest.
const HISTORY_SCANS_MAX: usize = 20;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Scans that were not accepted whose reasons the overview counts.
const REASONS_OF_SCANS_MAX: u32 = 1_000;

/// The pages' routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/console", get(overview))
        .route("/console/terminals", get(terminals))
        .route("/console/terminals/{key}", get(terminal))
        .route("/console/deliveries", get(deliveries))
        .route("/console/estate", get(estate))
        .route("/console/estate/differences", get(differences))
        .route("/console/review", get(review))
        .route("/console/people", get(people))
}

/// Somebody who may see the console. Others are sent to where they belong.
struct Operator(Caller);

impl FromRequestParts<App> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match Caller::from_request_parts(parts, app).await {
            Ok(caller) if caller.role >= Role::Operator => Ok(Self(caller)),
            Ok(_) => Err(Redirect::to("/").into_response()),
            Err(problem) if problem.is(Code::NotSignedIn) => {
                Err(Redirect::to("/sign-in").into_response())
            }
            Err(problem) => Err(problem.into_response()),
        }
    }
}

/// What stands around every page.
async fn frame(
    app: &App,
    operator: &Operator,
    headers: &HeaderMap,
    here: Place,
) -> Result<Frame, Problem> {
    let waiting = app.store().reviews_waiting().await?;
    Ok(Frame::new(headers, here, &operator.0.name, waiting))
}

/// `GET /console`
async fn overview(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let today = app.now().as_millisecond() / DAY_MS;
    let since = Timestamp::from_millisecond((today - console::DAYS + 1) * DAY_MS);
    let since = since.map_err(|error| Problem::internal(&error))?;
    let store = app.store();
    let figures = Figures {
        today,
        scans: store.scans_by_day(since).await?,
        reasons: reasons(&app, &operator.0, since).await?,
        registration_ms: store.registration_ms(since).await?,
        deliveries: store.deliveries_by_status().await?,
        waiting: store.reviews_waiting().await?,
    };
    Ok(console::overview(frame(&app, &operator, &headers, Place::Overview).await?, &figures))
}

/// Why the newest scans were not accepted, each reason once a scan.
async fn reasons(app: &App, caller: &Caller, since: Timestamp) -> Result<Vec<String>, Problem> {
    let mut codes = Vec::new();
    for status in [Status::Review, Status::Unreadable] {
        let scans = scans::page(app, caller, Some(status), None, REASONS_OF_SCANS_MAX / 2).await?;
        let scans = scans.items.into_iter().filter(|scan| scan.created_at >= since);
        codes.extend(scans.flat_map(|scan| scan.reasons).map(|reason| reason.code));
    }
    Ok(codes)
}

/// Which deliveries the page shows.
#[derive(Deserialize)]
struct DeliveryPage {
    status: Option<DeliveryStatus>,
    after: Option<String>,
}

/// `GET /console/deliveries`
async fn deliveries(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Query(query): Query<DeliveryPage>,
) -> Result<Response, Problem> {
    crate::paging::check_after(query.after.as_deref())?;
    let counts = app.store().deliveries_by_status().await?;
    let status = query.status.unwrap_or_else(|| console::first_tab(&counts));
    let filter = DeliveryFilter { status: Some(status), after: query.after, most: PAGE_ROWS };
    let page = app.store().deliveries(&filter).await?;
    let registry = RegistryObject::new(app.forwarding().map(outbound::Handle::health));
    let shown = ShownDeliveries { status, counts, page, registry };
    let frame = frame(&app, &operator, &headers, Place::Deliveries).await?;
    Ok(console::deliveries(frame, shown))
}

/// Which terminals the page shows.
#[derive(Deserialize)]
struct TerminalPage {
    q: Option<String>,
    state: Option<String>,
    registration: Option<String>,
    after: Option<String>,
}

/// `GET /console/terminals`
async fn terminals(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Query(query): Query<TerminalPage>,
) -> Result<Response, Problem> {
    crate::paging::check_after(query.after.as_deref())?;
    let (state, registration) = (query.state.as_deref(), query.registration.as_deref());
    let wanted = Wanted::new(query.q.as_deref(), state, registration)?;
    let fits = |found: &FoundTerminal| wanted.fits(found);
    let page = app.store().find_terminals(query.after, PAGE_ROWS, fits).await?;
    let listed = Listed {
        q: query.q.unwrap_or_default(),
        state: query.state.unwrap_or_default(),
        registration: query.registration.unwrap_or_default(),
        page,
    };
    let frame = frame(&app, &operator, &headers, Place::Terminals).await?;
    Ok(console::terminals(frame, listed))
}

/// Which parts of a terminal's history the page shows.
#[derive(Deserialize)]
struct TerminalHistory {
    after: Option<String>,
    work_after: Option<String>,
}

/// `GET /console/terminals/{key}`: a serial, or a device key where two makers use the same.
async fn terminal(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(query): Query<TerminalHistory>,
) -> Result<Response, Problem> {
    crate::paging::at_most("key", Some(&key), 128)?;
    crate::paging::check_after(query.after.as_deref())?;
    crate::paging::check_after(query.work_after.as_deref())?;
    let terminal = one_terminal(&app, &key).await?;
    let newest = terminal.scans.last().copied().unwrap_or(terminal.first_scan);
    let known = Known {
        details: stored_scan(&app, &operator.0, newest.into()).await?.details,
        upkeep: app
            .store()
            .service_history(&terminal.device_key, query.work_after.as_deref(), PAGE_ROWS)
            .await?,
        history: history(&app, &terminal, query.after.as_deref()).await?,
        terminal,
    };
    let frame = frame(&app, &operator, &headers, Place::Terminals).await?;
    Ok(console::terminal(frame, known, app.now()))
}

/// A page of what happened to a terminal, to its newest scans and to its last delivery.
async fn history(
    app: &App,
    terminal: &Terminal,
    after: Option<&str>,
) -> Result<Page<AuditEntry>, Problem> {
    let scans = terminal.scans.iter().rev().take(HISTORY_SCANS_MAX).map(ToString::to_string);
    let others: Vec<String> = scans.chain([terminal.event_id.clone()]).collect();
    Ok(app.store().terminal_history(&terminal.device_key, &others, after, PAGE_ROWS).await?)
}

/// Which expected serials the page shows.
#[derive(Deserialize)]
struct EstatePage {
    q: Option<String>,
    after: Option<String>,
}

/// `GET /console/estate`
async fn estate(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Query(query): Query<EstatePage>,
) -> Result<Response, Problem> {
    crate::paging::at_most("q", query.q.as_deref(), 64)?;
    crate::paging::check_after(query.after.as_deref())?;
    let (q, store) = (query.q.unwrap_or_default(), app.store());
    let part = validate::fold(&q);
    let page = store.estate(&part, query.after.as_deref(), PAGE_ROWS).await?;
    let (mode, count) = (app.settings().judging.estate, store.estate_count().await?);
    let frame = frame(&app, &operator, &headers, Place::Estate).await?;
    Ok(console::estate(frame, Expecting { q, mode, count, page }))
}

/// `GET /console/estate/differences`
async fn differences(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let store = app.store();
    let refused =
        DeliveryFilter { status: Some(DeliveryStatus::Refused), after: None, most: PAGE_ROWS };
    let refused = store.deliveries(&refused).await?.items;
    let (differences, same) = (store.estate_differences().await?, store.same_devices().await?);
    let frame = frame(&app, &operator, &headers, Place::Estate).await?;
    Ok(console::reconciliation(frame, differences, same, refused))
}

/// `GET /console/review`
async fn review(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(console::review(frame(&app, &operator, &headers, Place::Review).await?))
}

/// `GET /console/people`
async fn people(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let admin = operator.0.role >= Role::Admin;
    let minutes = app.settings().sessions.sign_in_minutes.get();
    Ok(console::people(frame(&app, &operator, &headers, Place::People).await?, admin, minutes))
}
