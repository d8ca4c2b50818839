//! Several events in one call, for registries that take lists.
//!
//! Pure. A list carries each event under its own id, because a list that failed may be put together
//! anew: the registry tells a repeat by the ids inside. The list's own id is made of theirs, so the
//! same list has the same id and the same bytes.

use crate::net::response::CappedResponse;
use crate::outbox::answer::{Body, outcome, taken};
use crate::outbox::delivery::{Message, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The list as it is sent.
#[derive(Serialize)]
struct List<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    data: Vec<Entry<'a>>,
}

/// One event of a list: its id, and its bytes as the store holds them.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    event: &'a RawValue,
}

/// What a registry may answer to a list: an answer for each id.
#[derive(Default, Deserialize)]
struct Answers {
    #[serde(default)]
    results: Vec<AnswerTo>,
}

#[derive(Deserialize)]
struct AnswerTo {
    id: String,
    #[serde(flatten)]
    body: Body,
}

/// The list of some messages as one message. `None` if one of them is no JSON, which the event
/// builder never makes.
pub(crate) fn list(messages: &[Message]) -> Option<Message> {
    let data = messages.iter().map(entry).collect::<Option<Vec<_>>>()?;
    let list = List { kind: "terminal.registered.list", data };
    let mut hash = Sha256::new();
    for message in messages {
        hash.update(message.event_id.as_bytes());
        hash.update([0]);
    }
    let id: String = hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = serde_json::to_vec(&list).ok()?.into();
    Some(Message { event_id: format!("list_{id}"), bytes })
}

fn entry(message: &Message) -> Option<Entry<'_>> {
    let event = serde_json::from_slice(&message.bytes).ok()?;
    Some(Entry { id: &message.event_id, event })
}

/// What the answer to a list means for each of its messages, in their order. `None` if the registry
/// refuses the list and does not say which event it means: one bad event must not take the others
/// with it.
pub(crate) fn outcomes(
    messages: &[Message],
    response: &CappedResponse,
    now: Timestamp,
) -> Option<Vec<Outcome>> {
    let answers: Answers = serde_json::from_slice(&response.body).unwrap_or_default();
    let mut by_id: HashMap<_, _> =
        answers.results.into_iter().map(|answer| (answer.id, answer.body)).collect();
    let whole = outcome(response, now);
    if matches!(whole, Outcome::Refused { .. }) && messages.len() > 1 {
        return None;
    }
    let each = messages.iter().map(|message| match by_id.remove(&message.event_id) {
        Some(body) if response.status.is_success() => taken(body),
        // An answer to each leaves out one that the registry did not see.
        _ => whole.clone(),
    });
    Some(each.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::delivery::{Answer, AnswerResult};
    use reqwest::StatusCode;

    fn messages() -> Vec<Message> {
        let message = |id: &str| Message {
            event_id: id.into(),
            bytes: format!(r#"{{"b":1.0,"a":"{id}"}}"#).into(),
        };
        vec![message("evt_1"), message("evt_2"), message("evt_3")]
    }

    fn response(status: u16, body: &str) -> CappedResponse {
        CappedResponse {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            body: body.into(),
            cut: false,
        }
    }

    #[test]
    fn a_list_holds_each_events_bytes_untouched() {
        let list = list(&messages()[..2]).unwrap();
        let text = std::str::from_utf8(&list.bytes).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"type":"terminal.registered.list","data":["#,
                r#"{"id":"evt_1","event":{"b":1.0,"a":"evt_1"}},"#,
                r#"{"id":"evt_2","event":{"b":1.0,"a":"evt_2"}}]}"#
            )
        );
        assert_eq!(list.event_id.len(), "list_".len() + 32);
    }

    #[test]
    fn the_same_list_has_the_same_id_and_another_has_another() {
        let id = |messages: &[Message]| list(messages).unwrap().event_id;
        assert_eq!(id(&messages()), id(&messages()));
        assert_ne!(id(&messages()), id(&messages()[..2]));
    }

    #[test]
    fn each_event_has_its_own_answer() {
        let body = r#"{"results":[
            {"id":"evt_3","result":"rejected","code":"not_in_estate"},
            {"id":"evt_1","result":"pending","registry_ref":9},
            {"id":"evt_8","result":"rejected"}]}"#;
        let outcomes = outcomes(&messages(), &response(200, body), Timestamp::UNIX_EPOCH).unwrap();
        let pending =
            Answer { result: AnswerResult::Pending, code: None, registry_ref: Some("9".into()) };
        assert_eq!(outcomes[0], Outcome::Delivered(pending));
        assert!(matches!(outcomes[1], Outcome::Retry { .. }), "it is not named");
        assert!(matches!(&outcomes[2], Outcome::Refused { code, .. } if code == "not_in_estate"));
    }

    #[test]
    fn a_failed_list_fails_for_all_and_a_refused_one_is_taken_apart() {
        let failed = outcomes(&messages(), &response(502, ""), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(failed.len(), 3);
        assert!(failed.iter().all(|outcome| matches!(outcome, Outcome::Retry { .. })));
        assert!(outcomes(&messages(), &response(422, ""), Timestamp::UNIX_EPOCH).is_none());
        let one = outcomes(&messages()[..1], &response(422, ""), Timestamp::UNIX_EPOCH).unwrap();
        assert!(matches!(one[0], Outcome::Refused { .. }));
    }
}
