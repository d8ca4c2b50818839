//! The registry that learns of each terminal: how it is doing, and opening the way to it again.

use crate::access::caller::Caller;
use crate::app::App;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use outbound::{EndpointState, Health};
use pipeline::access::Role;
use serde::Serialize;
use store::WriteContext;
use utoipa::ToSchema;

/// How the registry is doing, as this process has seen it since its start.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegistryObject {
    /// Whether deliveries go out.
    state: RegistryState,
    /// When one goes out again, while paused.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) until: Option<Timestamp>,
    /// Calls that failed since the last one that was answered.
    #[schema(example = 0)]
    pub(crate) failures_in_row: u32,
    /// Deliveries under way.
    #[schema(example = 0)]
    pub(crate) in_flight: usize,
    /// When the registry last took one.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) delivered_at: Option<Timestamp>,
    /// When an attempt last failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) failed_at: Option<Timestamp>,
    /// Why it did.
    pub(crate) failed_why: Option<String>,
}

/// Whether deliveries go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RegistryState {
    /// No registry is set: registrations wait.
    None,
    /// They go out.
    Ready,
    /// One goes out, to see whether the registry is back.
    Probing,
    /// None go out for a while: the registry asked for it, or failed too often.
    Paused,
    /// None go out until an operator says so: the registry answered 410.
    Gone,
}

impl RegistryObject {
    /// Whether deliveries go out.
    pub(crate) fn state(&self) -> RegistryState {
        self.state
    }

    /// What a page or a program is told; without a registry there is no health.
    pub(crate) fn new(health: Option<Health>) -> Self {
        let none = health.is_none();
        let health = health.unwrap_or_default();
        let (state, until) = match health.state {
            _ if none => (RegistryState::None, None),
            EndpointState::Ready => (RegistryState::Ready, None),
            EndpointState::Probing => (RegistryState::Probing, None),
            EndpointState::Paused { until } => (RegistryState::Paused, Some(until)),
            EndpointState::Gone => (RegistryState::Gone, None),
        };
        Self {
            state,
            until,
            failures_in_row: health.failures_in_row,
            in_flight: health.in_flight,
            delivered_at: health.delivered_at,
            failed_at: health.failed_at,
            failed_why: health.failed_why,
        }
    }
}

/// How the registry is doing
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/registry", tag = "deliveries",
    responses((status = 200, description = "Its health.", body = RegistryObject), Problem),
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
) -> Result<axum::Json<RegistryObject>, Problem> {
    caller.at_least(Role::Operator)?;
    Ok(axum::Json(RegistryObject::new(app.forwarding().map(outbound::Handle::health))))
}

/// Open the way to the registry again
///
/// After it answered 410, or to end a pause: one delivery goes ahead to see. For operators.
#[utoipa::path(
    post, path = "/v1/registry/reopen", tag = "deliveries",
    responses((status = 204, description = "It is tried."), Problem),
)]
pub(crate) async fn reopen(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    caller.at_least(Role::Operator)?;
    let Some(forwarding) = app.forwarding() else {
        return Err(Problem::new(Code::Conflict, "no registry is set"));
    };
    app.store()
        .record("registry.reopened", "registry", &(), WriteContext::new(&caller.name, app.now()))
        .await?;
    forwarding.reopen();
    Ok(StatusCode::NO_CONTENT)
}
