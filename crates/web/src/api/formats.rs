//! The serial formats that are known, for whoever helps a person to type a serial.

use crate::access::caller::Caller;
use crate::app::App;
use crate::problem::Problem;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use validate::IdentifierKind;

/// One format of serials.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormatObject {
    /// Its name, as candidates carry it.
    #[schema(example = "pax-10")]
    name: String,
    /// The maker, or `unknown`.
    vendor: String,
    /// What may stand at each position, one shape a length or prefix: `d` a digit, `a` a letter,
    /// `x` either, `n` either but neither O nor I, `h` a hexadecimal digit, others themselves.
    /// Empty if only the pattern speaks.
    #[schema(example = json!(["dddddddddd"]))]
    shapes: Vec<String>,
    /// The same as a regular expression of the canonical form.
    pattern: String,
}

/// Every format.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormatList {
    /// In the order of preference.
    formats: Vec<FormatObject>,
}

/// List the serial formats
#[utoipa::path(
    get, path = "/v1/formats", tag = "formats",
    responses((status = 200, description = "Every format.", body = FormatList), Problem),
)]
pub(crate) async fn list(State(app): State<App>, _caller: Caller) -> axum::Json<FormatList> {
    let serials = |format: &&validate::Format| format.kind == IdentifierKind::Serial;
    let formats = app.work().formats().iter().filter(serials).map(|format| FormatObject {
        name: format.name.clone(),
        vendor: format.vendor.clone(),
        shapes: format.shapes.iter().map(ToString::to_string).collect(),
        pattern: format.pattern(),
    });
    axum::Json(FormatList { formats: formats.collect() })
}
