//! Photos on a record of maintenance: what broke, what was exchanged. They are taken in, sealed and
//! served as the photos of scans are, and never decoded.

use crate::access::caller::Caller;
use crate::api::maintenance::{UpkeepObject, newest};
use crate::api::scans::photo_file;
use crate::api::terminals::{NamedTerminal, one_terminal};
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::upload::body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use pipeline::access::Role;
use pipeline::answer::new_id;
use store::{NewMaintenancePhoto, StoreError, WriteContext};
use uuid::Uuid;

/// Add a photo to a record of maintenance
///
/// The body is the image. It is stored before this answers. For operators.
#[utoipa::path(
    post, path = "/v1/terminals/{serial}/maintenance/{id}/photos", tag = "terminals",
    params(NamedTerminal, ("id" = Uuid, Path)),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"))),
    responses((status = 201, description = "What is recorded now.", body = UpkeepObject), Problem),
)]
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    Path((serial, id)): Path<(String, Uuid)>,
    request: Request,
) -> Result<(StatusCode, axum::Json<UpkeepObject>), Problem> {
    caller.at_least(Role::Operator)?;
    let terminal = one_terminal(&app, &serial).await?;
    let taking = body::take_one(request, app.limits(), app.memory(), &caller.name);
    let taken = tokio::time::timeout(app.body_deadline(), taking).await;
    let (photo, _intake) = taken.map_err(|_| Code::RequestTimeout)??;
    let now = app.now();
    let photo = NewMaintenancePhoto {
        id: new_id(now),
        bytes: photo.bytes,
        content_type: photo.content_type.to_owned(),
    };
    let (key, record) = (&terminal.device_key, id.to_string());
    match app
        .store()
        .add_maintenance_photo(key, &record, photo, WriteContext::new(&caller.name, now))
        .await
    {
        // The size was looked at on the way in.
        Err(StoreError::Invalid(why)) => return Err(Problem::new(Code::TooManyPhotos, why)),
        added => added?,
    }
    Ok((StatusCode::CREATED, newest(&app, &terminal).await?))
}

/// A photo of a record of maintenance, as it was sent
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/terminals/{serial}/maintenance/{id}/photos/{photo}", tag = "terminals",
    params(NamedTerminal, ("id" = Uuid, Path), ("photo" = Uuid, Path)),
    responses(
        (status = 200, description = "The file.", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"))),
        Problem,
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((serial, id, photo)): Path<(String, Uuid, Uuid)>,
) -> Result<Response, Problem> {
    caller.at_least(Role::Operator)?;
    let terminal = one_terminal(&app, &serial).await?;
    let record = id.to_string();
    let file = app.store().maintenance_photo(&terminal.device_key, &record, photo).await?;
    Ok(photo_file(photo, file))
}

/// Take a photo off a record of maintenance
///
/// The file is deleted; that it was there stays in the audit trail. For operators.
#[utoipa::path(
    delete, path = "/v1/terminals/{serial}/maintenance/{id}/photos/{photo}", tag = "terminals",
    params(NamedTerminal, ("id" = Uuid, Path), ("photo" = Uuid, Path)),
    responses((status = 204, description = "It is gone."), Problem),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((serial, id, photo)): Path<(String, Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    caller.at_least(Role::Operator)?;
    let terminal = one_terminal(&app, &serial).await?;
    let (key, record) = (&terminal.device_key, id.to_string());
    let store = app.store();
    store
        .remove_maintenance_photo(key, &record, photo, WriteContext::new(&caller.name, app.now()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
