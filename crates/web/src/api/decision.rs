//! A person's word on a scan: which serial it is, or that there is none.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem};
use axum::extract::State;
use jiff::Timestamp;
use outbound::{Review, Standing};
use pipeline::answer::Scan;
use pipeline::registration::{Accepted, registration};
use pipeline::stored::scan_object;
use serde::Deserialize;
use store::{Action, Decision, Registration};
use utoipa::ToSchema;
use uuid::Uuid;
use validate::{Candidate, Check, Serial, Source, Verdict};

/// Characters of a serial that a person types, separators included.
const TYPED_CHARS_MAX: usize = 64;
/// Characters of a canonical serial: the longest known identifier has 50.
const SERIAL_CHARS: std::ops::RangeInclusive<usize> = 4..=50;

/// What a person decided about a scan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "confirm", "serial": "0821032398"}))]
pub(crate) struct DecisionBody {
    /// What to do.
    action: Choice,
    /// The serial: one of the candidates to confirm, or what a person typed to correct.
    #[schema(max_length = 64)]
    serial: Option<String>,
}

/// What a person may do about a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Choice {
    /// One of the candidates is the serial.
    Confirm,
    /// The serial is another one, typed.
    Correct,
    /// None of it is a serial.
    Reject,
}

/// Decide about a scan
///
/// A technician decides about own scans. The same decision again changes nothing.
#[utoipa::path(
    post, path = "/v1/scans/{id}/decision", tag = "scans", params(("id" = Uuid, Path)),
    request_body = DecisionBody,
    responses((status = 200, description = "The scan as it stands now.", body = Scan), Problem),
)]
pub(crate) async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<DecisionBody>,
) -> Result<axum::Json<Scan>, Problem> {
    let stored = app.stored_scan(&caller, id).await?;
    let action = action(&app, &stored, body)?;
    let now = app.now();
    let registration = match action.serial() {
        Some(serial) => Some(owed(&app, &caller, &stored, serial, &action, now).await?),
        None => None,
    };
    let decision = Decision { action, by: caller.name, registration };
    let decided = app.store().decide(stored.id, decision, now).await?;
    Ok(axum::Json(scan_object(decided)))
}

/// The registration that follows from the decision.
async fn owed(
    app: &App,
    caller: &Caller,
    stored: &store::Scan,
    serial: &Serial,
    action: &Action,
    now: Timestamp,
) -> Result<Registration, Problem> {
    let standing = match action {
        Action::Correct { .. } => Standing::Corrected,
        _ => Standing::Confirmed,
    };
    let accepted = Accepted {
        scan: stored.id,
        serial,
        identifiers: stored.judgement.as_ref().map_or(&[], |found| &found.identifiers),
        details: &stored.details,
        replaces: app.work().replaced(&stored.details).await?,
        owner: &stored.owner,
        photos_sha256: stored.photos.iter().map(|photo| photo.sha256.as_str()).collect(),
        standing,
        review: Some(Review { by: caller.name.clone(), at: now }),
    };
    let base = app.settings().public_url.as_deref();
    registration(&accepted, base, now).map_err(|error| Problem::internal(&error))
}

fn action(app: &App, stored: &store::Scan, body: DecisionBody) -> Result<Action, Problem> {
    let typed = match (body.action, body.serial) {
        (Choice::Reject, None) => return Ok(Action::Reject { why: None }),
        (Choice::Reject, Some(_)) => {
            return Err(Problem::new(Code::DecisionInvalid, "a rejection takes no serial"));
        }
        (_, None) => return Err(Problem::new(Code::DecisionInvalid, "serial: missing")),
        (_, Some(typed)) => typed,
    };
    let serial = serial(app, stored, &typed)?;
    if body.action == Choice::Correct {
        return Ok(Action::Correct { serial });
    }
    let read = candidates(stored).any(|candidate| candidate == serial.value);
    if !read {
        let detail = "serial: not among the candidates; send a correction";
        return Err(Problem::new(Code::DecisionInvalid, detail));
    }
    Ok(Action::Confirm { serial })
}

/// The serials that the judge put forward.
fn candidates(stored: &store::Scan) -> impl Iterator<Item = &str> {
    let (accepted, candidates): (Option<&str>, &[Candidate]) =
        match stored.judgement.as_ref().map(|judgement| &judgement.verdict) {
            Some(Verdict::Accepted { serial }) => (Some(&serial.value), &[]),
            Some(Verdict::Review { candidates, .. }) => (None, candidates),
            _ => (None, &[]),
        };
    accepted.into_iter().chain(candidates.iter().map(|candidate| candidate.value.as_str()))
}

/// The serial that a person vouches for, under the format that it fits.
fn serial(app: &App, stored: &store::Scan, typed: &str) -> Result<Serial, Problem> {
    let value = validate::canonical(typed);
    let fits = typed.chars().count() <= TYPED_CHARS_MAX
        && !typed.chars().any(char::is_control)
        && SERIAL_CHARS.contains(&value.len());
    if !fits {
        let detail = format!(
            "serial: {} to {} letters and digits",
            SERIAL_CHARS.start(),
            SERIAL_CHARS.end()
        );
        return Err(Problem::new(Code::DecisionInvalid, detail));
    }
    let read = match stored.judgement.as_ref().map(|judgement| &judgement.verdict) {
        Some(Verdict::Review { candidates, .. }) => candidates.iter().find(|it| it.value == value),
        _ => None,
    };
    // The judge chose the format by the whole label; the value alone may fit several makers'.
    let formats = app.work().formats();
    let chosen = read.and_then(|candidate| candidate.format.as_ref());
    let format = match chosen {
        Some(name) => formats.iter().find(|format| format.name == *name),
        None => formats.matching(&value).next(),
    };
    let (vendor, name) =
        format.map_or(("unknown", "unknown"), |format| (&*format.vendor, &*format.name));
    Ok(Serial {
        printed: typed.trim().to_owned(),
        checks: format.map(|_| Check::Format).into_iter().chain([Check::Person]).collect(),
        place: read.and_then(|candidate| candidate.place),
        ..Serial::vouched(&value, vendor, name, Source::Person)
    })
}
