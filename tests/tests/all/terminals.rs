//! The life of a terminal over HTTP: operations by photo and by an operator, what is forbidden, and
//! whether a terminal is where it is said to be.

use crate::SOON;
use render::tag;
use serde_json::{Value, json};
use servers::DataServer;
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
    let forbidden = scanned(&technician, "2", OLD, json!({"operation": "stock_in"})).await;
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

/// What the registry was told, in order: type, operation, merchant and number of the event.
fn told(registry: &FakeRegistry) -> Vec<(String, String, Value, Value)> {
    let told = |event: &tests::harness::Event| {
        let event = event.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let data = &event["data"];
        (
            text(&event["type"]),
            text(&data["operation"]),
            data["merchant"]["mid"].clone(),
            data["sequence"].clone(),
        )
    };
    registry.accepted().iter().map(told).collect()
}

async fn a_bind_that_follows_a_photo_reaches_the_registry(database: Option<&str>) {
    let registry = FakeRegistry::up().await;
    let mut installation = Installation::registering_at(&registry);
    if let Some(database) = database {
        installation.set("LABELSCAN_DATABASE", database);
    }
    let server = installation.start().await;
    let technician = installation.caller("van", "technician").await;
    let count = async |count: usize| {
        eventually("the events", SOON, || async {
            (registry.accepted().len() == count).then_some(())
        })
        .await;
    };

    scanned(&technician, "1", OLD, json!({"merchant": "Stock keeper"})).await;
    count(1).await;
    let again = scanned(&technician, "2", OLD, json!({})).await;
    assert_eq!(again.body["registration"]["nothing_new"]["merchant"], Value::Null, "{again:?}");
    let anna = json!({"operation": "bind", "merchant": "Café Anna"});
    let bound = scanned(&technician, "3", OLD, anna.clone()).await;
    assert_eq!(bound.body["registration"]["operation"], "bind", "{bound:?}");
    count(2).await;
    let same = scanned(&technician, "4", OLD, anna).await;
    assert_eq!(same.body["registration"]["nothing_new"]["merchant"], "Café Anna", "{same:?}");
    scanned(&technician, "5", OLD, json!({"operation": "bind", "merchant": "Berta"})).await;
    count(3).await;
    let type_of = || "terminal.registered".to_owned();
    assert_eq!(
        told(&registry),
        [
            (type_of(), "register".to_owned(), Value::Null, json!(1)),
            (type_of(), "bind".to_owned(), json!("Café Anna"), json!(2)),
            (type_of(), "bind".to_owned(), json!("Berta"), json!(3)),
        ]
    );
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}

#[tokio::test]
async fn a_bind_that_follows_a_photo_reaches_the_registry_on_sqlite() {
    a_bind_that_follows_a_photo_reaches_the_registry(None).await;
}

#[tokio::test]
async fn a_bind_that_follows_a_photo_reaches_the_registry_on_postgres() {
    let postgres = DataServer::postgres();
    a_bind_that_follows_a_photo_reaches_the_registry(Some(&postgres.url())).await;
}

#[tokio::test]
async fn what_was_wrong_is_undone_in_time_and_corrected_after() {
    let registry = FakeRegistry::up().await;
    let mut installation = Installation::registering_at(&registry);
    installation.set("LABELSCAN_UNDO_MS", "3000");
    let server = installation.start().await;
    let technician = installation.caller("van", "technician").await;
    let operator = installation.caller("desk", "operator").await;
    let count = async |count: usize| {
        eventually("the events", SOON, || async {
            (registry.accepted().len() == count).then_some(())
        })
        .await;
    };
    let scan = scanned(&technician, "1", OLD, json!({"operation": "bind", "merchant": "M1"})).await;
    count(1).await;
    let path = format!("/v1/scans/{}/decision", scan.body["id"].as_str().expect("an id"));
    let decide =
        async |caller: &Caller, body: Value| caller.post(&path, &body).await.expect("an answer");

    // What a technician invents is nobody's terminal until somebody else has looked.
    let invented = json!({"action": "correct", "serial": NEW, "typed_again": NEW});
    let once = decide(&technician, json!({"action": "correct", "serial": "HELLOWORLD"})).await;
    assert_eq!((once.status, &once.body["code"]), (422, &json!("type_again")), "{once:?}");
    let proposed = decide(&technician, invented.clone()).await;
    let serial = &proposed.body["proposal"]["serial"];
    assert_eq!((&proposed.body["status"], serial), (&json!("review"), &json!(NEW)));

    let confirm = json!({"action": "confirm", "serial": NEW});
    let corrected = decide(&operator, confirm.clone()).await;
    assert!(corrected.body["registration"]["undo_until"].is_string(), "{corrected:?}");
    let undone = decide(&operator, json!({"action": "undo"})).await;
    assert_eq!((undone.status, &undone.body["status"]), (200, &json!("review")), "{undone:?}");
    decide(&operator, confirm).await;
    count(2).await;
    let late = decide(&operator, json!({"action": "undo"})).await;
    assert_eq!((late.status, &late.body["code"]), (409, &json!("conflict")), "{late:?}");
    let weaker = decide(&technician, json!({"action": "reject"})).await;
    assert_eq!(weaker.status, 409, "{weaker:?}");
    decide(&operator, json!({"action": "reject"})).await;
    count(3).await;

    let kinds: Vec<_> = told(&registry).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["terminal.registered", "terminal.corrected", "terminal.withdrawn"]);
    let events: Vec<_> =
        registry.accepted().iter().map(|event| event.json()["data"].clone()).collect();
    let (old, new) = (&events[0]["device_key"], &events[1]["device_key"]);
    assert_eq!((&events[1]["corrects"], &events[1]["merchant"]["mid"]), (old, &json!("M1")));
    assert_eq!(&events[2]["device_key"], new);
    for serial in [OLD, NEW] {
        let found = operator.get(&format!("/v1/terminals/{serial}")).await.expect("an answer");
        assert_eq!(found.body["terminals"][0]["state"], "withdrawn", "{found:?}");
    }
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}
