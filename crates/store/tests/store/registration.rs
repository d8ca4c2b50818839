//! One device, one registration, whoever finds it first and whatever a person says.

use crate::place::{
    Place, accepted, for_review, later, lease, now, registration, serial, upload, withdrawn,
};
use futures_util::future::join_all;
use store::{
    Action, Authority, Decision, DeliveryFilter, DeliveryStatus, Finding, FoundTerminal,
    Registration, ScanStatus, Settled, StoreError, WriteContext,
};
use validate::terminal::{Operation, Step};

on_every_place! {
    one_serial_found_by_many_at_once_is_registered_once,
    a_refused_device_may_be_registered_again,
    one_devices_deliveries_go_in_order,
    a_registration_needs_its_accepted_serial,
    a_person_confirms_corrects_and_the_trail_keeps_both,
    what_was_wrong_is_withdrawn_with_what_is_right,
    what_another_scan_shows_is_not_withdrawn,
    a_decision_is_undone_as_if_it_had_not_been_made,
    what_the_registry_was_told_is_not_undone,
    of_two_people_one_decides_and_the_other_hears_what,
    a_replay_of_what_is_outdated_is_refused,
    a_decision_beats_a_reader_that_is_still_reading,
    an_unknown_scan_cannot_be_decided,
    terminals_are_found_by_a_part_of_the_serial,
}

async fn one_serial_found_by_many_at_once_is_registered_once(place: Place) {
    let mut claims = Vec::new();
    for n in 0..32 {
        claims.push(place.claimed(&format!("key {n}")).await);
    }
    let finishing = claims.into_iter().enumerate().map(|(n, claimed)| {
        let store = place.store.clone();
        let finding = accepted("0821032398", &format!("msg_{n}"));
        tokio::spawn(async move { store.finish(&claimed.claim, finding, now()).await.unwrap() })
    });
    let scans: Vec<_> = join_all(finishing).await.into_iter().map(Result::unwrap).collect();

    let deliveries = place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items;
    assert_eq!(deliveries.len(), 1);
    let states: Vec<_> = scans.iter().map(|scan| scan.registration.as_ref().unwrap()).collect();
    assert!(states.iter().all(|state| state.event_id == deliveries[0].event_id));
    assert_eq!(states.iter().filter(|state| !state.linked).count(), 1);
    let terminal = place.store.terminal("0821032398").await.unwrap().remove(0);
    assert_eq!((terminal.vendor.as_str(), terminal.scans.len()), ("pax", 32));
}

async fn a_refused_device_may_be_registered_again(place: Place) {
    let first = place.registered("one", "0821032398").await;
    let claim = place.claim_delivery(now()).await;
    let refused = Settled::Refused { code: "not_in_estate".into(), why: "unknown".into() };
    place.store.settle(&claim, refused, now()).await.unwrap();
    let scan = place.store.scan(first).await.unwrap().unwrap();
    let state = scan.registration.unwrap();
    assert_eq!(state.status, DeliveryStatus::Refused);
    assert_eq!(state.code.as_deref(), Some("not_in_estate"));

    place.registered("two", "0821032398").await;
    let claim = place.claim_delivery(later(1)).await;
    place.store.settle(&claim, Settled::Delivered { answer: None }, later(2)).await.unwrap();
    place.registered("three", "0821032398").await;
    assert_eq!(place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len(), 2);
    assert_eq!(place.store.find_terminals(None, 0, |_| true).await.unwrap().items.len(), 1);
    place.assert_settled().await;
}

async fn one_devices_deliveries_go_in_order(place: Place) {
    place.registered("one", "0821032398").await;
    let claim = place.claim_delivery(now()).await;
    let refused = Settled::Refused { code: "busy".into(), why: "busy".into() };
    place.store.settle(&claim, refused, now()).await.unwrap();
    let old = place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.remove(0);
    place.registered("two", "0821032398").await;
    place.registered("other", "0821032399").await;
    place.store.replay(&old.event_id, WriteContext::new("op", now())).await.unwrap();

    let due = place.store.claim_deliveries(10, lease(), now()).await.unwrap();
    assert_eq!(due.len(), 2, "the newer one of the same device waits");
    let oldest = due.iter().find(|due| due.event_id == old.event_id).expect("the older goes");
    let delivered = Settled::Delivered { answer: None };
    place.store.settle(&oldest.claim, delivered, later(1)).await.unwrap();
    assert_eq!(place.store.claim_deliveries(10, lease(), later(1)).await.unwrap().len(), 1);
}

async fn a_registration_needs_its_accepted_serial(place: Place) {
    let claimed = place.claimed("key").await;
    let other = Some(registration("0821032399", "msg_1"));
    let mismatched = Finding { registration: other.clone(), ..accepted("0821032398", "msg_1") };
    let unaccepted = Finding { registration: other, ..for_review() };
    for wrong in [mismatched, unaccepted] {
        let error = place.store.finish(&claimed.claim, wrong, now()).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    }
    assert_eq!(place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items, []);
}

async fn a_person_confirms_corrects_and_the_trail_keeps_both(place: Place) {
    let claimed = place.claimed("key").await;
    place.store.finish(&claimed.claim, for_review(), now()).await.unwrap();
    let decision = |action: fn(_) -> Action, value: &str, event: &str| Decision {
        registration: Some(registration(value, event)),
        ..decision_of_eva(action(serial(value)))
    };
    let confirm = |serial| Action::Confirm { serial };
    let correct = |serial| Action::Correct { serial };

    let first = decision(confirm, "0821032398", "msg_1");
    let scan = place.store.decide(claimed.id, first.clone(), later(1)).await.unwrap();
    assert_eq!(scan.status, ScanStatus::Accepted);
    assert!(scan.judgement.is_some(), "what the judge said stays");
    let again = Decision { registration: Some(registration("0821032398", "msg_2")), ..first };
    let repeated = place.store.decide(claimed.id, again, later(2)).await.unwrap();
    assert_eq!(repeated.registration.unwrap().event_id, "msg_1");
    let second = decision(confirm, "0821032399", "msg_3");
    let refused = place.store.decide(claimed.id, second, later(3)).await;
    assert!(matches!(refused, Err(StoreError::AlreadyDecided(_))));
    let withdrawal = Some(withdrawn("0821032398", "msg_5"));
    let third = Decision { withdrawal, ..decision(correct, "0821032399", "msg_4") };
    let scan = place.store.decide(claimed.id, third, later(4)).await.unwrap();
    assert_eq!(scan.registration.unwrap().event_id, "msg_4");

    let history = place.told(&claimed.id.to_string()).await;
    let told: Vec<_> = history.iter().map(|e| (e.who.as_str(), e.what.as_str())).collect();
    let expected =
        [("reader", "scan.finished"), ("eva", "scan.confirmed"), ("eva", "scan.corrected")];
    assert_eq!(told, expected);
    let corrected = String::from_utf8(history[2].detail.clone()).unwrap();
    assert!(corrected.contains("0821032398") && corrected.contains("0821032399"));
}

fn decision_of_eva(action: Action) -> Decision {
    Decision::new(action, "eva", Authority::Operator)
}

fn corrected(by: &str, value: &str, wrong: Option<&str>) -> Decision {
    let event = |of: &str| format!("msg_{by}_{of}_{value}");
    let held = |owed| Registration { not_before: Some(later(8_000)), ..owed };
    Decision {
        action: Action::Correct { serial: serial(value) },
        by: by.into(),
        registration: Some(held(registration(value, &event("right")))),
        withdrawal: wrong.map(|wrong| held(withdrawn(wrong, &event("wrong")))),
        ..decision_of_eva(Action::Reject { why: None })
    }
}

async fn step_of(place: &Place, value: &str) -> Option<Step> {
    place.store.terminal(value).await.unwrap().first().map(|terminal| terminal.step)
}

async fn what_was_wrong_is_withdrawn_with_what_is_right(place: Place) {
    let scan = place.registered("one", "0821032398").await;
    let correction = corrected("eva", "0821032399", Some("0821032398"));
    place.store.decide(scan, correction, later(1)).await.unwrap();
    assert_eq!(step_of(&place, "0821032398").await, Some(Step::Withdraw));
    assert_eq!(step_of(&place, "0821032399").await, Some(Step::Register));
    let owed = place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items;
    assert_eq!(owed.len(), 2, "one event tells both");

    let withdrawal = Some(withdrawn("0821032399", "msg_gone"));
    let reject = Decision { withdrawal, ..decision_of_eva(Action::Reject { why: None }) };
    let scan = place.store.decide(scan, reject, later(2)).await.unwrap();
    assert_eq!(step_of(&place, "0821032399").await, Some(Step::Withdraw));
    let told = scan.registration.expect("the registry is told");
    assert_eq!((told.event_id.as_str(), told.operation), ("msg_gone", Some(Operation::Withdraw)));
}

async fn what_another_scan_shows_is_not_withdrawn(place: Place) {
    place.registered("one", "0821032398").await;
    let second = place.registered("two", "0821032398").await;
    let correction = corrected("eva", "0821032399", Some("0821032398"));
    place.store.decide(second, correction, later(1)).await.unwrap();
    assert_eq!(step_of(&place, "0821032398").await, Some(Step::Register));
    assert_eq!(step_of(&place, "0821032399").await, Some(Step::Register));
}

async fn a_decision_is_undone_as_if_it_had_not_been_made(place: Place) {
    let id = place.registered("one", "0821032398").await;
    let before = place.store.scan(id).await.unwrap().unwrap();
    let correction = corrected("eva", "0821032399", Some("0821032398"));
    place.store.decide(id, correction.clone(), later(1)).await.unwrap();
    assert_eq!(place.store.claim_deliveries(9, lease(), later(7_999)).await.unwrap().len(), 1);
    let by_another = WriteContext::new("ana", later(2));
    let refused = place.store.undo(id, Authority::Technician, by_another).await;
    assert!(matches!(refused, Err(StoreError::AlreadyDecided(_))), "{refused:?}");

    let context = WriteContext::new("eva", later(3));
    let undone = place.store.undo(id, Authority::Operator, context).await.unwrap();
    assert_eq!((undone.decision, undone.status), (before.decision, before.status));
    assert_eq!(undone.registration.unwrap().event_id, before.registration.unwrap().event_id);
    assert_eq!(step_of(&place, "0821032398").await, Some(Step::Register));
    assert_eq!(step_of(&place, "0821032399").await, None, "nobody has seen it");
    let twice = place.store.undo(id, Authority::Operator, context).await;
    assert!(matches!(twice, Err(StoreError::UndoOver)), "{twice:?}");
    let again = Decision {
        registration: correction
            .registration
            .map(|it| Registration { event_id: "msg_9".into(), ..it }),
        ..correction
    };
    place.store.decide(id, again, later(4)).await.unwrap();
    assert_eq!(step_of(&place, "0821032398").await, Some(Step::Withdraw));
}

async fn what_the_registry_was_told_is_not_undone(place: Place) {
    let id = place.registered("one", "0821032398").await;
    place.claim_delivery(later(1)).await;
    let correction = corrected("eva", "0821032399", Some("0821032398"));
    place.store.decide(id, correction, later(1)).await.unwrap();
    place.claim_delivery(later(9_000)).await;
    let context = WriteContext::new("eva", later(9_001));
    let late = place.store.undo(id, Authority::Operator, context).await;
    assert!(matches!(late, Err(StoreError::UndoOver)), "{late:?}");
    assert_eq!(step_of(&place, "0821032399").await, Some(Step::Register), "nothing changed");
}

async fn of_two_people_one_decides_and_the_other_hears_what(place: Place) {
    let claimed = place.claimed("key").await;
    place.store.finish(&claimed.claim, for_review(), now()).await.unwrap();
    let both = ["0821032398", "0821032399"]
        .map(|value| place.store.decide(claimed.id, corrected(value, value, None), later(1)));
    let came = join_all(both).await;
    let told: Vec<_> = came.iter().filter_map(|came| came.as_ref().err()).collect();
    assert!(matches!(told[..], [StoreError::AlreadyDecided(what)] if what.contains("ends in")));
    assert_eq!(place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.len(), 1);

    let stands = came.iter().flatten().next().unwrap().serial().unwrap().value.clone();
    let by_technician = Decision {
        authority: Authority::Technician,
        instead_of: Some(stands.clone()),
        ..corrected("ana", "0821032397", Some(&stands))
    };
    let weak = place.store.decide(claimed.id, by_technician.clone(), later(2)).await;
    assert!(matches!(weak, Err(StoreError::AlreadyDecided(_))), "{weak:?}");
    let knowing = Decision { authority: Authority::Operator, ..by_technician };
    place.store.decide(claimed.id, knowing, later(3)).await.unwrap();
    assert_eq!(step_of(&place, &stands).await, Some(Step::Withdraw));
}

async fn a_replay_of_what_is_outdated_is_refused(place: Place) {
    let scan = place.registered("one", "0821032398").await;
    let refused = Settled::Refused { code: "busy".into(), why: "busy".into() };
    let claim = place.claim_delivery(now()).await;
    place.store.settle(&claim, refused.clone(), now()).await.unwrap();
    let first = place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.remove(0);
    place.registered("two", "0821032398").await;
    let claim = place.claim_delivery(later(1)).await;
    place.store.settle(&claim, Settled::Delivered { answer: None }, later(1)).await.unwrap();
    let replay = place.store.replay(&first.event_id, WriteContext::new("op", later(2))).await;
    assert!(
        matches!(&replay, Err(StoreError::Invalid(why)) if why.contains("newer")),
        "{replay:?}"
    );
    let retired = place.store.scan(scan).await.unwrap().unwrap();
    assert_eq!(retired.registration.unwrap().status, DeliveryStatus::Refused, "as it was");
}

async fn a_decision_beats_a_reader_that_is_still_reading(place: Place) {
    let claimed = place.claimed("key").await;
    let action = Action::Reject { why: Some("not ours".into()) };
    let reject = decision_of_eva(action);
    let scan = place.store.decide(claimed.id, reject, later(1)).await.unwrap();
    assert_eq!(scan.status, ScanStatus::Rejected);
    let late = place.store.finish(&claimed.claim, accepted("0821032398", "msg_1"), later(2)).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    place.assert_settled().await;
}

async fn an_unknown_scan_cannot_be_decided(place: Place) {
    let action = Action::Reject { why: None };
    let reject = decision_of_eva(action);
    let error = place.store.decide(upload("x", b"").id, reject, now()).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound(_)));
}

async fn terminals_are_found_by_a_part_of_the_serial(place: Place) {
    for (key, value) in [("a", "0821032398"), ("b", "0821032399"), ("c", "1170000652")] {
        place.registered(key, value).await;
    }
    let find = async |q: &str| {
        let holds = |found: &FoundTerminal| found.terminal.serial.contains(q);
        place.store.find_terminals(None, 0, holds).await.unwrap().items.len()
    };
    assert_eq!((find("08210").await, find("0000652").await, find("%").await), (2, 1, 0));
}
