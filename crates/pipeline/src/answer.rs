//! The Scan object: one answer about the photos of one terminal, as `scan --json` prints it and the
//! HTTP API sends it. It is built here and nowhere else, so that both say the same.

use jiff::Timestamp;
use readers::ReadFailure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::{NoContext, Uuid};
use validate::terminal::{Operation, State};
use validate::{
    Check, Correction, IdentifierKind, Judgement, Place, Question, Reason, ReasonCode, Source,
    Symbology, Verdict,
};

/// One answer about the photos of one terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Scan {
    /// UUID version 7.
    pub id: Uuid,
    /// What was decided.
    pub status: Status,
    /// When the photos arrived, RFC 3339 in UTC.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The serial; null unless accepted.
    pub serial: Option<SerialObject>,
    /// What a person is asked; only of a scan that waits for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "which_character")]
    pub question: Option<Question>,
    /// What the serial may be, most likely first; empty if accepted.
    pub candidates: Vec<CandidateObject>,
    /// The other numbers in the photos, typed.
    pub identifiers: Vec<IdentifierObject>,
    /// Why it was not accepted; empty if it was.
    pub reasons: Vec<ReasonObject>,
    /// Where the registration stands.
    pub registration: Registration,
    /// A serial that a technician typed and somebody else is to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalObject>,
    /// Who showed the same terminal before; only in answers about one accepted scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
    /// How long each step took.
    pub took_ms: TookMs,
}

/// A serial that a technician typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProposalObject {
    /// Canonical form.
    pub serial: String,
    /// Who typed it.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// The first scan of a terminal that is seen again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Earlier {
    /// Whose scan it was.
    pub by: String,
    /// When its photos arrived.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// What was decided about a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for a reader.
    Queued,
    /// The serial is certain.
    Accepted,
    /// A person has to look.
    Review,
    /// Nothing that could be a serial was seen, or the photo could not be read.
    Unreadable,
    /// A person looked and refused it.
    Rejected,
}

impl Status {
    /// The word in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Review => "review",
            Self::Unreadable => "unreadable",
            Self::Rejected => "rejected",
        }
    }
}

/// An accepted serial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SerialObject {
    /// Canonical: upper case, prefix and separators stripped. A string, leading zeros occur.
    pub value: String,
    /// As it stands on the label.
    pub printed: String,
    /// The maker, or `unknown`.
    pub vendor: String,
    /// The format that it fits.
    pub format: String,
    /// What carried it.
    #[schema(value_type = String, example = "both")]
    pub source: Source,
    /// The barcode's symbology, if a barcode carried it.
    #[schema(value_type = Option<String>, example = "code_128")]
    pub symbology: Option<Symbology>,
    /// 0 to 1.
    pub confidence: f32,
    /// The grounds of acceptance.
    #[schema(value_type = Vec<String>, example = json!(["format", "barcode_equals_text"]))]
    pub checks: Vec<Check>,
    /// Characters that the format forced to another of the same look.
    #[schema(value_type = Vec<Object>)]
    pub corrections: Vec<Correction>,
    /// Where it was found.
    #[schema(value_type = Option<Object>)]
    pub place: Option<Place>,
}

/// Something that may be the serial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CandidateObject {
    /// Canonical form.
    pub value: String,
    /// The format that it fits, if any.
    pub format: Option<String>,
    /// 0 to 1, good only for ordering.
    pub confidence: f32,
    /// What carried it.
    #[schema(value_type = String, example = "text")]
    pub source: Source,
    /// Positions in `value`, from 0, that the reader was unsure of.
    pub doubtful: Vec<usize>,
    /// Where it was found.
    #[schema(value_type = Option<Object>)]
    pub place: Option<Place>,
}

/// Another number on the label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IdentifierObject {
    /// What it is.
    #[schema(value_type = String, example = "part_number")]
    pub kind: IdentifierKind,
    /// Its value.
    pub value: String,
    /// What carried it.
    #[schema(value_type = String, example = "barcode")]
    pub source: Source,
    /// Where it was found.
    #[schema(value_type = Option<Object>)]
    pub place: Option<Place>,
}

/// Why something was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonObject {
    /// Stable; programs may act on it.
    #[schema(example = "text_too_small")]
    pub code: String,
    /// What a person can do about it.
    pub hint: String,
}

/// Where a registration stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Registration {
    /// How far it is.
    pub status: RegistrationStatus,
    /// The delivery that carries it, if there is one.
    pub delivery_id: Option<String>,
    /// The registry's code, if it refused; or why the operation may not follow what stands, such
    /// as `terminal_bound`; what says too little, such as `merchant_missing`, only registered.
    pub code: Option<String>,
    /// What the delivery tells the registry: `register`, `bind`, `stock_in`, `swap`, `unbind` or
    /// `withdraw`; absent where none is owed and in what an earlier release queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "register")]
    pub operation: Option<Operation>,
    /// What stands, if nothing is new: then the delivery is that of an earlier scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing_new: Option<NothingNewObject>,
    /// Until when a person's decision can be undone; the registry is told then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub undo_until: Option<Timestamp>,
}

/// What stands of a terminal of which nothing changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NothingNewObject {
    /// Where it is in its life.
    #[schema(value_type = String, example = "registered")]
    pub state: State,
    /// The merchant that has it.
    pub merchant: Option<String>,
    /// The terminal number that it works under.
    pub tid: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// Since when that is so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
}

/// How far a registration is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationStatus {
    /// None is owed.
    #[default]
    None,
    /// It waits, or is retried.
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

/// How long each step took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TookMs {
    /// Decoding the photos.
    pub decode: f64,
    /// Barcodes.
    pub barcode: f64,
    /// Printed text.
    pub text: f64,
    /// All of it.
    pub total: f64,
}

impl From<&scan::Took> for TookMs {
    fn from(took: &scan::Took) -> Self {
        let round = |ms: f64| (ms * 10.0).round() / 10.0;
        Self {
            decode: round(took.decode_ms),
            barcode: round(took.barcode_ms),
            text: round(took.text_ms),
            total: round(took.total_ms),
        }
    }
}

impl Scan {
    /// The answer when the photos were read and judged.
    pub fn judged(id: Uuid, created_at: Timestamp, judgement: Judgement, took: TookMs) -> Self {
        let (status, serial, question, candidates, reasons) = match judgement.verdict {
            Verdict::Accepted { serial } => (Status::Accepted, Some(serial), None, vec![], vec![]),
            Verdict::Review { question, candidates, reasons } => {
                (Status::Review, None, Some(question), candidates, reasons)
            }
            Verdict::Unreadable { reasons } => (Status::Unreadable, None, None, vec![], reasons),
        };
        Self {
            id,
            status,
            created_at,
            serial: serial.map(SerialObject::from),
            question,
            candidates: candidates.into_iter().map(CandidateObject::from).collect(),
            identifiers: judgement.identifiers.into_iter().map(IdentifierObject::from).collect(),
            reasons: reasons.into_iter().map(ReasonObject::from).collect(),
            registration: Registration::default(),
            proposal: None,
            earlier: None,
            took_ms: took,
        }
    }

    /// The answer while the photos wait for a reader.
    pub fn queued(id: Uuid, created_at: Timestamp) -> Self {
        Self {
            id,
            status: Status::Queued,
            created_at,
            serial: None,
            question: None,
            candidates: vec![],
            identifiers: vec![],
            reasons: vec![],
            registration: Registration::default(),
            proposal: None,
            earlier: None,
            took_ms: TookMs::default(),
        }
    }

    /// The answer when the photos could not be read.
    pub fn failed(id: Uuid, created_at: Timestamp, reason: ReasonObject) -> Self {
        Self {
            id,
            status: Status::Unreadable,
            created_at,
            serial: None,
            question: None,
            candidates: vec![],
            identifiers: vec![],
            reasons: vec![reason],
            registration: Registration::default(),
            proposal: None,
            earlier: None,
            took_ms: TookMs::default(),
        }
    }
}

impl From<validate::Serial> for SerialObject {
    fn from(serial: validate::Serial) -> Self {
        Self {
            value: serial.value,
            printed: serial.printed,
            vendor: serial.vendor,
            format: serial.format,
            source: serial.source,
            symbology: serial.symbology,
            confidence: serial.confidence,
            checks: serial.checks,
            corrections: serial.corrections,
            place: serial.place,
        }
    }
}

impl From<validate::Candidate> for CandidateObject {
    fn from(candidate: validate::Candidate) -> Self {
        Self {
            value: candidate.value,
            format: candidate.format,
            confidence: candidate.confidence,
            source: candidate.source,
            doubtful: candidate.doubtful,
            place: candidate.place,
        }
    }
}

impl From<validate::Identifier> for IdentifierObject {
    fn from(identifier: validate::Identifier) -> Self {
        Self {
            kind: identifier.kind,
            value: identifier.value,
            source: identifier.source,
            place: identifier.place,
        }
    }
}

impl From<Reason> for ReasonObject {
    fn from(reason: Reason) -> Self {
        Self { code: wire_name(&reason.0), hint: reason.0.hint().into() }
    }
}

impl From<&ReadFailure> for ReasonObject {
    fn from(failure: &ReadFailure) -> Self {
        match failure {
            ReadFailure::Unreadable(unreadable) => {
                Self { code: wire_name(&unreadable.code), hint: unreadable.code.hint().into() }
            }
            ReadFailure::Timeout { .. } => Reason(ReasonCode::ReaderTimeout).into(),
            ReadFailure::Crashed { .. } | ReadFailure::Busy | ReadFailure::Closed => {
                Reason(ReasonCode::ReaderFailed).into()
            }
        }
    }
}

/// An id that sorts by its time: UUID version 7.
pub fn new_id(now: Timestamp) -> Uuid {
    let ms = now.as_millisecond().max(0).unsigned_abs();
    let nanoseconds = (ms % 1000) as u32 * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, ms / 1000, nanoseconds))
}

/// The word that a code has on the wire.
fn wire_name(code: &impl Serialize) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        other => unreachable!("codes are serialised as words, not as {other:?}"),
    }
}
