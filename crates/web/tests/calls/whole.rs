//! Whether the tables are whole, by what the API says about itself: a call, an answer, a code or a
//! role that is described and has no case fails here.

use crate::case::{Body, By, Case};
use crate::description::{DescribedCall, Description};
use crate::service::Service;
use crate::table::{call_of, is_nothing_but_a_denial};
use crate::{
    deliveries, estate, health, maintenance, operations, people, registering, registry, reviews,
    scans, terminals, uploads,
};
use std::collections::{BTreeMap, BTreeSet};

/// Answers that need a company's identity provider: `tests/tests/all/oidc.rs` has one.
const OF_A_COMPANY: [(&str, u16); 6] = [
    ("GET /v1/oidc/start", 303),
    ("GET /v1/oidc/start", 503),
    ("GET /v1/oidc/callback", 200),
    ("GET /v1/oidc/callback", 401),
    ("GET /v1/oidc/callback", 403),
    ("GET /v1/oidc/callback", 503),
];
/// Codes that no case brings about. The disk is full in `outages::a_full_disk_is_507_until_there_is_room`.
const CODES_ELSEWHERE: [&str; 1] = ["storage_full"];
/// Codes that every call may answer, of which [`lesser_callers_are_refused_by_every_call`] and
/// [`no_call_is_answered_while_the_database_is_gone`] are the cases.
const CODES_OF_EVERY_CALL: [&str; 3] = ["key_expired", "not_signed_in", "overloaded"];

fn cases() -> Vec<Case> {
    [
        scans::cases(),
        uploads::cases(),
        reviews::cases(),
        terminals::cases(),
        operations::cases(),
        maintenance::cases(),
        deliveries::cases(),
        estate::cases(),
        registering::cases(),
        registry::cases(),
        people::cases(),
        health::cases(),
    ]
    .concat()
}

/// Cases of described calls, by call; the pages of people are described nowhere.
fn by_call(description: &Description) -> BTreeMap<String, Vec<Case>> {
    let mut found: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in cases().into_iter().filter(is_described) {
        found.entry(description.call_of(&case).name).or_default().push(case);
    }
    found
}

fn is_described(case: &Case) -> bool {
    !["/", "/sign-in"].contains(&case.path) && case.code != Some("method_not_allowed")
}

/// A case in which the call does what it is for.
fn success(of_calls: &BTreeMap<String, Vec<Case>>, call: &DescribedCall) -> Option<Case> {
    of_calls.get(&call.name)?.iter().find(|case| case.succeeds()).cloned()
}

#[tokio::test]
async fn every_described_answer_has_a_case() {
    let description = Description::served().await;
    let of_calls = by_call(&description);
    let mut missing = Vec::new();
    for call in description.calls() {
        let cases = of_calls.get(&call.name).map_or(&[][..], Vec::as_slice);
        for status in &call.statuses {
            let is_elsewhere = OF_A_COMPANY.contains(&(&call.name, *status));
            if !is_elsewhere && !cases.iter().any(|case| case.status == *status) {
                missing.push(format!("{} answers {status}", call.name));
            }
        }
        let takes_anything = call.name.contains('{') || call.name.contains("POST");
        if call.may_refuse && takes_anything && !cases.iter().any(|case| case.code.is_some()) {
            missing.push(format!("{} refuses something", call.name));
        }
    }
    assert!(missing.is_empty(), "without a case: {missing:#?}");
}

#[tokio::test]
async fn every_answer_of_a_case_is_described() {
    let description = Description::served().await;
    for case in cases().into_iter().filter(is_described) {
        let call = description.call_of(&case);
        let is_described = call.statuses.contains(&case.status)
            || case.code.is_some() && call.may_refuse && case.status >= 400;
        assert!(is_described, "{} does not describe {}: {}", call.name, case.status, case.says);
    }
}

#[tokio::test]
async fn every_code_has_a_case() {
    let codes = Description::served().await.codes();
    let shown: BTreeSet<String> =
        cases().iter().filter_map(|case| case.code.map(str::to_owned)).collect();
    let unknown: Vec<_> = shown.difference(&codes).collect();
    assert!(unknown.is_empty(), "not described: {unknown:?}");
    let elsewhere = CODES_ELSEWHERE.iter().chain(&CODES_OF_EVERY_CALL).map(|&code| code.to_owned());
    let shown: BTreeSet<String> = shown.into_iter().chain(elsewhere).collect();
    let missing: Vec<_> = codes.difference(&shown).collect();
    assert!(missing.is_empty(), "without a case: {missing:?}");
}

#[tokio::test]
async fn every_owned_thing_is_kept_from_another_technician() {
    let description = Description::served().await;
    let of_calls = by_call(&description);
    let owned = description.calls().into_iter().filter(|call| {
        let is_owned = call.name.contains("/scans/{") || call.name.contains("/uploads/{");
        is_owned && !call.is_for_operators
    });
    let mut seen = 0;
    for call in owned {
        let kept = |case: &Case| case.by == By::AnotherTechnician && case.status == 404;
        assert!(of_calls[&call.name].iter().any(kept), "{}", call.name);
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

/// Makes a successful case's call by everybody who may not make it.
async fn assert_refused_to_lesser_callers(call: &DescribedCall, success: &Case) {
    let service = Service::where_all(&success.given).await;
    let mut lesser = vec![
        (By::Nobody, 401, "not_signed_in"),
        (By::Stranger, 401, "not_signed_in"),
        (By::Expired, 401, "key_expired"),
        (By::Revoked, 401, "not_signed_in"),
    ];
    if call.is_for_operators {
        lesser.push((By::Technician, 403, "forbidden"));
    }
    for (by, status, code) in lesser {
        let before = service.rows().await;
        let answer = service.call(&crate::service::Call { by, ..call_of(success) }).await;
        let changed = service.rows().await.since(&before, service.store()).await;
        let says = format!("{} by {by:?}", call.name);
        assert_eq!(answer.status, status, "{says}: {:?}", answer.body);
        if !call.name.starts_with("HEAD") {
            assert_eq!(answer.code(), code, "{says}");
        }
        assert!(is_nothing_but_a_denial(&changed), "{says} changes {changed:#?}");
        // Whoever is known and denied is in the audit trail; strangers are without number.
        assert_eq!(changed.len(), usize::from(by.name().is_some()), "{says}: {changed:?}");
    }
}

#[tokio::test]
async fn lesser_callers_are_refused_by_every_call() {
    let description = Description::served().await;
    let of_calls = by_call(&description);
    let mut tried = 0;
    for call in description.calls().into_iter().filter(|call| call.needs_key) {
        let success = success(&of_calls, &call).unwrap_or_else(|| panic!("{}", call.name));
        let least = if call.is_for_operators { By::Operator } else { By::Technician };
        assert!(success.by >= least, "{}: {}", call.name, success.says);
        assert_refused_to_lesser_callers(&call, &success).await;
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
}

#[tokio::test]
async fn every_call_that_takes_json_or_a_form_takes_little_of_it() {
    let description = Description::served().await;
    let of_calls = by_call(&description);
    let mut json = vec![b'{'; 1];
    json.extend((0..8_000).flat_map(|n| format!("\"f{n}\":0,").into_bytes()));
    json.extend(b"\"end\":0}");
    let mut tried = 0;
    let with_json = description.calls().into_iter().filter_map(|call| {
        let success = success(&of_calls, &call)?;
        matches!(success.body, Body::Bytes("application/json", _)).then_some(success)
    });
    let form = crate::people::cases().into_iter().find(|case| case.path == "/sign-in");
    for case in with_json.chain(form) {
        let Body::Bytes(media_type, _) = case.body else { panic!("{}", case.says) };
        let service = Service::where_all(&case.given).await;
        let large = Body::Bytes(media_type, json.clone().into());
        let answer = service.call(&crate::service::Call { body: large, ..call_of(&case) }).await;
        let says = case.says;
        assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"), "{says}");
        tried += 1;
    }
    assert!(tried >= 10, "{tried}");
}

#[tokio::test]
async fn no_call_is_answered_while_the_database_is_gone() {
    let description = Description::served().await;
    let of_calls = by_call(&description);
    for call in description.calls().into_iter().filter(|call| call.needs_key) {
        let success = success(&of_calls, &call).unwrap_or_else(|| panic!("{}", call.name));
        let service = Service::where_all(&success.given).await;
        service.store().close().await;
        let answer = service.call(&call_of(&success)).await;
        assert_eq!(answer.status, 503, "{}: {:?}", call.name, answer.body);
        if !call.name.starts_with("HEAD") {
            assert_eq!(answer.code(), "overloaded", "{}", call.name);
        }
    }
}
