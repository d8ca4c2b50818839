//! The life of a terminal over HTTP: operations by photo and by an operator, what is forbidden, and
//! whether a terminal is where it is said to be.

use crate::SOON;
use render::tag;
use serde_json::{Value, json};
use tests::harness::{Answer, Caller, FakeRegistry, Installation, eventually};

const OLD: &str = "0821000001";
const NEW: &str = "0821000002";

async fn scanned(caller: &Caller, key: &str, serial: &str, details: Value) -> Answer {
    let photo = tag(serial).expect("a symbol");
    let answer = caller.upload_with(key, &[&photo], Some(&details)).await.expect("an answer");
    assert_eq!(answer.body["status"], "accepted", "{answer:?}");
    answer
}

async fn reported(caller: &Caller, serial: &str, body: Value) -> Answer {
    let path = format!("/v1/terminals/{serial}/events");
    caller.post(&path, &body).await.expect("an answer")
}

async fn verified(caller: &Caller, serial: &str, body: Value) -> (Value, Value) {
    let path = format!("/v1/terminals/{serial}/verify");
    let answer = caller.post(&path, &body).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    (answer.body["verdict"].clone(), answer.body["reasons"][0]["code"].clone())
}

#[tokio::test]
async fn a_terminal_is_bound_swapped_and_retired() {
    let registry = FakeRegistry::up().await;
    let installation = Installation::registering_at(&registry);
    let server = installation.start().await;
    let operator = installation.caller("desk", "operator").await;
    let technician = installation.caller("van", "technician").await;

    scanned(&technician, "1", OLD, json!({"operation": "bind", "merchant": "M1"})).await;
    let elsewhere = json!({"operation": "bind", "merchant": "M2"});
    let forbidden = scanned(&technician, "2", OLD, elsewhere).await;
    assert_eq!(forbidden.body["registration"]["status"], "refused", "{forbidden:?}");
    assert_eq!(forbidden.body["registration"]["code"], "terminal_bound", "{forbidden:?}");
    let swap = json!({"operation": "swap", "merchant": "M1", "replaces": "082-1000001"});
    scanned(&technician, "3", NEW, swap).await;
    let again = reported(&operator, OLD, json!({"event": "bind"})).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("terminal_swapped")));

    let matches = (json!("matches"), Value::Null);
    assert_eq!(verified(&technician, NEW, json!({"merchant": "M1"})).await, matches);
    let differs = (json!("differs"), json!("merchant_differs"));
    assert_eq!(verified(&technician, NEW, json!({"merchant": "M2"})).await, differs);
    let swapped = (json!("differs"), json!("terminal_swapped"));
    assert_eq!(verified(&technician, OLD, json!({})).await, swapped);
    let unknown = (json!("unknown"), json!("terminal_unknown"));
    assert_eq!(verified(&technician, "0829999999", json!({})).await, unknown);

    let refused = reported(&technician, NEW, json!({"event": "unbind"})).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")));
    let nameless = reported(&operator, NEW, json!({"event": "swap"})).await;
    assert_eq!((nameless.status, &nameless.body["code"]), (422, &json!("details_invalid")));
    let unbound = reported(&operator, &format!("unknown:{NEW}"), json!({"event": "unbind"})).await;
    assert_eq!((unbound.status, &unbound.body["state"]), (201, &json!("submitted")), "{unbound:?}");
    eventually("three events", SOON, || async { (registry.accepted().len() == 3).then_some(()) })
        .await;
    let told: Vec<_> = registry.events().iter().map(|event| event.json()["data"].clone()).collect();
    let operations: Vec<_> = told.iter().map(|data| data["operation"].clone()).collect();
    assert_eq!(operations, ["bind", "swap", "unbind"]);
    assert_eq!(told[1]["replaces"], format!("unknown:{OLD}"), "{told:?}");
    assert_eq!(told[2]["status"], "confirmed", "{told:?}");

    let retired = reported(&operator, NEW, json!({"event": "retire", "note": "broken"})).await;
    assert_eq!((retired.status, &retired.body["state"]), (201, &json!("retired")), "{retired:?}");
    let late = scanned(&technician, "4", NEW, json!({"operation": "bind"})).await;
    assert_eq!(late.body["registration"]["code"], "terminal_retired", "{late:?}");
    for (filter, serials) in [
        ("state=retired", &[NEW][..]),
        ("state=swapped", &[OLD]),
        ("state=registered", &[]),
        ("state=swapped&registration=delivered", &[OLD]),
        ("registration=queued", &[]),
        ("state=&registration=&q=M1", &[NEW, OLD]),
    ] {
        let found = operator.get(&format!("/v1/terminals?{filter}")).await.expect("an answer");
        let found = found.body["terminals"].as_array().cloned().expect("a list");
        let found: Vec<_> = found.iter().map(|it| it["serial"].clone()).collect();
        assert_eq!(found, serials, "{filter}");
    }
    for unknown in ["state=delivered", "registration=retired"] {
        let refused = operator.get(&format!("/v1/terminals?{unknown}")).await.expect("an answer");
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("parameter_invalid")));
    }
    let unknown = reported(&operator, "0829999999", json!({"event": "note"})).await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}
