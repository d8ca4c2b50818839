//! The estate: the serials that are expected, imported from a list.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Code, Problem};
use crate::upload::body::list_body;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use pipeline::access::Role;
use pipeline::answer::new_id;
use pipeline::lists::{self, ListError, ListOptions, ReadList, RefusedLine, UnknownLine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Awaited, Import, Imported, WriteContext};
use utoipa::{IntoParams, ToSchema};
use validate::{EstateMode, canonical, fold};

/// Characters of a search.
const Q_CHARS_MAX: usize = 64;

/// Which expected serials to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EstateQuery {
    /// Any part of a serial.
    #[param(max_length = 64)]
    q: Option<String>,
    /// Only serials after this place in the list: `next` of the page before.
    #[param(max_length = 128)]
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    most: Option<u32>,
    /// `most` under its former name, which the next version no longer takes.
    #[deprecated]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of the estate.
#[derive(Serialize, ToSchema)]
pub(crate) struct EstatePage {
    /// What the list is taken for: `off`, `helpful` or `required`.
    #[schema(value_type = String, example = "helpful")]
    mode: EstateMode,
    /// How many serials are expected.
    count: u64,
    /// In the order in which they were imported.
    serials: Vec<ExpectedSerial>,
    /// What to send as `after` for the next page; null at the end.
    next: Option<String>,
}

/// A serial that is expected.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExpectedSerial {
    /// In canonical form.
    #[schema(example = "0821032398")]
    serial: String,
    /// When it was imported first.
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
    /// What else the list said, such as `model`, `site`, `merchant`.
    #[serde(flatten)]
    said: BTreeMap<String, String>,
}

impl From<Awaited> for ExpectedSerial {
    fn from(awaited: Awaited) -> Self {
        let Awaited { expected, added_at } = awaited;
        Self { serial: expected.serial, added_at, said: expected.said }
    }
}

/// List the serials that are expected
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/estate", tag = "estate", params(EstateQuery),
    responses((status = 200, description = "A page.", body = EstatePage), Problem),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<EstateQuery>,
) -> Result<Json<EstatePage>, Problem> {
    caller.at_least(Role::Operator)?;
    crate::paging::at_most("q", query.q.as_deref(), Q_CHARS_MAX)?;
    crate::paging::check_after(query.after.as_deref())?;
    #[expect(deprecated, reason = "it goes on working until the next version")]
    let most = crate::paging::page_size(query.most.or(query.limit))?;
    let part = fold(query.q.as_deref().unwrap_or_default());
    let page = app.store().estate(&part, query.after.as_deref(), most).await?;
    Ok(Json(EstatePage {
        mode: app.settings().judging.estate,
        count: app.store().estate_count().await?,
        serials: page.items.into_iter().map(ExpectedSerial::from).collect(),
        next: page.next,
    }))
}

/// How to import.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Whether serials that the list does not name are expected no more.
    #[serde(default)]
    replace: bool,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What an import did, or would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportObject {
    /// Lines with something in them, the header not counted.
    read: usize,
    /// Serials that were not expected before.
    added: u64,
    /// Serials that were.
    known: u64,
    /// Serials that are expected no more; only with `replace`.
    removed: u64,
    /// Lines that hold no serial, the first 100. They stop no other line.
    refused: Vec<RefusedLine>,
    /// How many such lines there are.
    refused_count: usize,
    /// Serials that no known format fits, the first 100. They are taken all the same.
    unknown_format: Vec<UnknownLine>,
    /// How many such serials there are.
    unknown_format_count: usize,
    /// How many serials are expected now.
    count: u64,
}

/// Import serials that are expected
///
/// CSV in any encoding, separated by comma, semicolon, tab or bar, or the first sheet of an XLSX
/// workbook: the column named `serial`, `S/N`, `SN`, `序列号` or the like, else the one whose values
/// fit makers' formats. Where neither is clear the list is refused. Other columns with a name are
/// kept with the serial. An import that was interrupted is made again as a whole. For operators.
#[utoipa::path(
    post, path = "/v1/estate", tag = "estate", params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What was done.", body = ImportObject), Problem),
)]
pub(crate) async fn import(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ImportObject>, Problem> {
    caller.at_least(Role::Operator)?;
    let _alone = app.importing()?;
    let ReadList { expected, read, refused, unknown_format, .. } =
        read_list(&app, &caller, request).await?;
    let store = app.store();
    let Imported { added, known, removed } = if query.dry_run {
        store.preview_estate(&expected, query.replace).await?
    } else {
        let now = app.now();
        let id = new_id(now).to_string();
        let import = Import { id, replace: query.replace, by: caller.name };
        store.import_estate(&expected, &import, now).await?
    };
    Ok(Json(ImportObject {
        read,
        added,
        known,
        removed,
        refused: refused.first,
        refused_count: refused.count,
        unknown_format: unknown_format.first,
        unknown_format_count: unknown_format.count,
        count: store.estate_count().await?,
    }))
}

/// The list that is a request's body; one without any serial is refused.
pub(crate) async fn read_list(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<ReadList, Problem> {
    let settings = app.settings();
    let (body, _intake) =
        list_body(request, settings.judging.estate_bytes_max.get(), app.memory(), &caller.name)
            .await?;
    let (work, serials_max) = (app.work().clone(), settings.judging.estate_serials_max.get());
    let options = ListOptions::new(serials_max);
    let read = move || lists::read_list(&body, work.formats(), &options);
    let read = tokio::task::spawn_blocking(read).await;
    let list = read.map_err(|error| Problem::internal(&error))?.map_err(Problem::from)?;
    if list.expected.is_empty() {
        // Above all, no list that was read wrong may replace one that was read right.
        let why = list.refused.first.first().map_or("it is empty", |line| &line.why);
        return Err(Problem::new(Code::BodyMalformed, format!("no line holds a serial: {why}")));
    }
    Ok(list)
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        let code = match error {
            ListError::OldWorkbook | ListError::DamagedWorkbook | ListError::Kind(_) => {
                Code::ContentTypeUnsupported
            }
            ListError::Column(_) => Code::BodyMalformed,
            ListError::TooMany(_) | ListError::LargeWorkbook => Code::BodyTooLarge,
        };
        Self::new(code, error.to_string())
    }
}

/// Take a serial off the estate
///
/// For operators.
#[utoipa::path(
    delete, path = "/v1/estate/{serial}", tag = "estate",
    params(("serial" = String, Path, max_length = 64)),
    responses((status = 204, description = "It is expected no more."), Problem),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(serial): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.at_least(Role::Operator)?;
    crate::paging::at_most("serial", Some(&serial), Q_CHARS_MAX)?;
    let serial = canonical(&serial).map_err(|_| Code::NotFound)?;
    let serials = [serial];
    match app
        .store()
        .remove_from_estate(&serials, WriteContext::new(&caller.name, app.now()))
        .await?
    {
        0 => Err(Code::NotFound.into()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}
