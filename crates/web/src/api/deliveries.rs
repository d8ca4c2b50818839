//! Deliveries: what the registry was told, what waits, what went wrong, and telling it again.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use pipeline::access::Role;
use serde::{Deserialize, Serialize};
use store::{DeliveryFilter, Page, StoreError, WriteContext};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Deliveries that one call tries again.
const REPLAYED_MAX: u32 = 200;

/// A registration on its way to the registry.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryObject {
    /// The `webhook-id`, the same at every attempt.
    #[schema(example = "msg_0195b0c46b6e7c3a9a513f6f0c2d8e11")]
    pub(crate) id: String,
    /// The device at the registry.
    #[schema(example = "pax:0821032398")]
    pub(crate) device_key: String,
    /// How far it is.
    pub(crate) status: DeliveryStatus,
    /// Attempts so far, one under way included.
    pub(crate) attempts: u32,
    /// When it was queued.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// The scan that brought it about.
    pub(crate) scan_id: Uuid,
    /// When it is tried next, while it is queued.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) due_at: Option<Timestamp>,
    /// When it was delivered, refused or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) settled_at: Option<Timestamp>,
    /// The registry's code, if it refused.
    pub(crate) code: Option<String>,
    /// What went wrong last.
    pub(crate) why: Option<String>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    /// It waits for its first or next attempt.
    Queued,
    /// The registry has it.
    Delivered,
    /// The registry refused it for good.
    Refused,
    /// Every attempt failed.
    Exhausted,
    /// It was taken back before the registry was told.
    Undone,
}

impl From<store::Delivery> for DeliveryObject {
    fn from(delivery: store::Delivery) -> Self {
        Self {
            id: delivery.event_id,
            device_key: delivery.device_key,
            scan_id: delivery.scan.into(),
            status: delivery.status.into(),
            attempts: delivery.attempts,
            created_at: delivery.created_at,
            due_at: delivery.due_at,
            settled_at: delivery.settled_at,
            code: delivery.code,
            why: delivery.why,
        }
    }
}

impl From<store::DeliveryStatus> for DeliveryStatus {
    fn from(status: store::DeliveryStatus) -> Self {
        match status {
            store::DeliveryStatus::Queued => Self::Queued,
            store::DeliveryStatus::Delivered => Self::Delivered,
            store::DeliveryStatus::Refused => Self::Refused,
            store::DeliveryStatus::Exhausted => Self::Exhausted,
            store::DeliveryStatus::Undone => Self::Undone,
        }
    }
}

impl From<DeliveryStatus> for store::DeliveryStatus {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Queued => Self::Queued,
            DeliveryStatus::Delivered => Self::Delivered,
            DeliveryStatus::Refused => Self::Refused,
            DeliveryStatus::Exhausted => Self::Exhausted,
            DeliveryStatus::Undone => Self::Undone,
        }
    }
}

/// Which deliveries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Only deliveries of this status.
    status: Option<DeliveryStatus>,
    /// Only deliveries after this place in the list: `next` of the page before.
    #[param(max_length = 128)]
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    most: Option<u32>,
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryList {
    /// Newest first.
    deliveries: Vec<DeliveryObject>,
    /// What to send as `after` for the next page; null at the end.
    next: Option<String>,
}

/// List deliveries, newest first
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/deliveries", tag = "deliveries", params(DeliveryQuery),
    responses((status = 200, description = "A page.", body = DeliveryList), Problem),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DeliveryQuery>,
) -> Result<axum::Json<DeliveryList>, Problem> {
    caller.at_least(Role::Operator)?;
    let most = crate::paging::page_size(query.most)?;
    crate::paging::check_after(query.after.as_deref())?;
    let page = page(&app, query.status, query.after, most).await?;
    Ok(axum::Json(DeliveryList { deliveries: page.items, next: page.next }))
}

/// A page of deliveries.
async fn page(
    app: &App,
    status: Option<DeliveryStatus>,
    after: Option<String>,
    most: u32,
) -> Result<Page<DeliveryObject>, Problem> {
    let filter = DeliveryFilter { status: status.map(Into::into), after, most };
    Ok(app.store().deliveries(&filter).await?.map(DeliveryObject::from))
}

/// Which deliveries to try again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "exhausted"}))]
pub(crate) struct ReplayBody {
    /// Deliveries that the registry refused, or that every attempt failed for.
    status: Stopped,
}

/// A state in which nothing is tried any more without a person.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stopped {
    Refused,
    Exhausted,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// How many are queued again.
    #[schema(example = 17)]
    replayed: usize,
    /// Whether there are more of this status: ask again.
    more: bool,
}

/// Deliver many again
///
/// The newest 200 of a status, each as by its own call. For operators.
#[utoipa::path(
    post, path = "/v1/deliveries/replay", tag = "deliveries", request_body = ReplayBody,
    responses((status = 200, description = "They are queued again.", body = Replayed), Problem),
)]
pub(crate) async fn replay_all(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ReplayBody>,
) -> Result<axum::Json<Replayed>, Problem> {
    caller.at_least(Role::Operator)?;
    let status = match body.status {
        Stopped::Refused => DeliveryStatus::Refused,
        Stopped::Exhausted => DeliveryStatus::Exhausted,
    };
    let stopped = page(&app, Some(status), None, REPLAYED_MAX).await?;
    let mut replayed = 0;
    for delivery in &stopped.items {
        match app.store().replay(&delivery.id, WriteContext::new(&caller.name, app.now())).await {
            Ok(()) => replayed += 1,
            // Somebody else had it tried again in the meantime, and it has arrived.
            Err(StoreError::Invalid(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(axum::Json(Replayed { replayed, more: stopped.next.is_some() }))
}

/// Deliver again
///
/// The registry gets the same bytes under the same `webhook-id`. For operators.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/replay", tag = "deliveries",
    params(("id" = String, Path, max_length = 64)),
    responses((status = 204, description = "It is queued again."), Problem),
)]
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.at_least(Role::Operator)?;
    match app.store().replay(&id, WriteContext::new(&caller.name, app.now())).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::Invalid(why)) => Err(Problem::new(Code::Conflict, why)),
        Err(error) => Err(error.into()),
    }
}
