//! The two queues: leases, attempts, fencing tokens, order.

use crate::place::{Place, accepted, for_review, later, lease, now, upload};
use futures_util::future::join_all;
use std::collections::HashSet;
use store::{DeliveryFilter, DeliveryStatus, ScanStatus, Settled, StoreError, WriteContext};

on_every_place! {
    a_claim_holds_until_its_lease_ends,
    what_a_dead_node_held_goes_on_before_what_came_after_it,
    a_released_scan_is_claimable_at_once,
    what_was_queued_while_the_clock_stood_a_year_ahead_is_done_now,
    owners_take_turns,
    many_claimers_never_get_the_same_scan,
    a_delivery_is_retried_with_the_same_id_and_bytes,
    a_postponed_attempt_does_not_count,
    an_exhausted_delivery_can_be_replayed,
}

async fn what_was_queued_while_the_clock_stood_a_year_ahead_is_done_now(place: Place) {
    const YEAR_MS: i64 = 365 * 86_400_000;
    let ahead = later(YEAR_MS);
    let waiting = upload("waiting", b"photo");
    place.store.receive(waiting.clone(), ahead).await.unwrap();
    let held = upload("held", b"photo");
    place.store.receive(held.clone(), ahead).await.unwrap();
    place.store.claim_scan(held.id, lease(), ahead).await.unwrap().unwrap();
    let claimed = place.store.claim_scans(10, lease(), now()).await.unwrap();
    let ids: HashSet<_> = claimed.iter().map(|claimed| claimed.id).collect();
    assert_eq!(ids, HashSet::from([waiting.id, held.id]));
    assert!(place.store.claim_scans(10, lease(), now()).await.unwrap().is_empty());

    place.registered("registered", "0821032398").await;
    let due = place.store.claim_deliveries(1, lease(), now()).await.unwrap().remove(0);
    let retry = Settled::RetryAt { at: ahead, why: "the clock stood wrong".into() };
    place.store.settle(&due.claim, retry, now()).await.unwrap();
    assert_eq!(place.store.claim_deliveries(1, lease(), now()).await.unwrap().len(), 1);
}

async fn owners_take_turns(place: Place) {
    for n in 0..6 {
        place.store.receive(upload(&format!("greedy {n}"), b"photo"), now()).await.unwrap();
    }
    let mut late = upload("late", b"photo");
    late.owner = "somebody else".into();
    place.store.receive(late.clone(), now()).await.unwrap();
    let first = place.store.claim_scans(2, lease(), now()).await.unwrap();
    assert!(first.iter().any(|claimed| claimed.id == late.id), "{first:?}");
    let rest = place.store.claim_scans(10, lease(), now()).await.unwrap();
    assert_eq!(rest.len(), 5);
}

async fn a_claim_holds_until_its_lease_ends(place: Place) {
    let first = place.claimed("key").await;
    assert_eq!(first.attempts, 1);
    let early = place.store.claim_scans(10, lease(), later(59_999)).await.unwrap();
    assert!(early.is_empty());

    let second = place.store.claim_scans(10, lease(), later(60_000)).await.unwrap().remove(0);
    assert_eq!((second.id, second.attempts), (first.id, 2));
    let too_late = place.store.finish(&first.claim, for_review(), later(60_001)).await;
    assert!(matches!(too_late, Err(StoreError::LeaseLost)));
    let scan = place.store.finish(&second.claim, for_review(), later(60_002)).await.unwrap();
    assert_eq!((scan.status, scan.attempts), (ScanStatus::Review, 2));
    let twice = place.store.finish(&second.claim, for_review(), later(60_003)).await;
    assert!(matches!(twice, Err(StoreError::LeaseLost)));
    place.assert_settled().await;
}

async fn what_a_dead_node_held_goes_on_before_what_came_after_it(place: Place) {
    let held = place.claimed("held").await;
    place.receive("came after it").await;
    let next = place.store.claim_scans(1, lease(), later(60_000)).await.unwrap().remove(0);
    assert_eq!((next.id, next.attempts), (held.id, 2));
}

async fn a_released_scan_is_claimable_at_once(place: Place) {
    let claimed = place.claimed("key").await;
    place.store.release(&claimed.claim, later(1)).await.unwrap();
    let again = place.store.claim_scans(1, lease(), later(1)).await.unwrap();
    assert_eq!(again[0].attempts, 2);
    let released_twice = place.store.release(&claimed.claim, later(2)).await;
    assert!(matches!(released_twice, Err(StoreError::LeaseLost)));
}

async fn many_claimers_never_get_the_same_scan(place: Place) {
    for n in 0..40 {
        place.receive(&format!("key {n}")).await;
    }
    let claimers = (0..8).map(|_| {
        let store = place.store.clone();
        tokio::spawn(async move {
            let mut got = Vec::new();
            loop {
                let claimed = store.claim_scans(3, lease(), now()).await.unwrap();
                if claimed.is_empty() {
                    return got;
                }
                got.extend(claimed.into_iter().map(|claimed| claimed.id));
            }
        })
    });
    let got: Vec<_> = join_all(claimers).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(got.len(), 40);
    assert_eq!(got.iter().collect::<HashSet<_>>().len(), 40);
}

async fn a_delivery_is_retried_with_the_same_id_and_bytes(place: Place) {
    let claimed = place.claimed("key").await;
    place.store.finish(&claimed.claim, accepted("0821032398", "msg_1"), now()).await.unwrap();
    let first = place.store.claim_deliveries(10, lease(), now()).await.unwrap().remove(0);
    assert_eq!((first.event_id.as_str(), first.attempts), ("msg_1", 1));
    assert_eq!(first.device_key, "pax:0821032398");
    let retry = Settled::RetryAt { at: later(5_000), why: "timeout".into() };
    place.store.settle(&first.claim, retry, now()).await.unwrap();
    assert!(place.store.claim_deliveries(10, lease(), later(4_999)).await.unwrap().is_empty());

    // The second claimer dies; the third comes after its lease.
    let second = place.store.claim_deliveries(10, lease(), later(5_000)).await.unwrap().remove(0);
    let third = place.store.claim_deliveries(10, lease(), later(65_000)).await.unwrap().remove(0);
    assert_eq!((&third.event_id, &third.bytes), (&first.event_id, &first.bytes));
    assert_eq!(third.attempts, 3);
    let delivered = || Settled::Delivered { answer: Some("{\"result\":\"accepted\"}".into()) };
    let too_late = place.store.settle(&second.claim, delivered(), later(65_001)).await;
    assert!(matches!(too_late, Err(StoreError::LeaseLost)));
    place.store.settle(&third.claim, delivered(), later(65_002)).await.unwrap();

    let delivery =
        place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.remove(0);
    assert_eq!(delivery.status, DeliveryStatus::Delivered);
    assert_eq!(delivery.settled_at, Some(later(65_002)));
    let scan = place.store.scan(claimed.id).await.unwrap().unwrap();
    let state = scan.registration.expect("it is registered");
    assert_eq!(state.answer.as_deref(), Some("{\"result\":\"accepted\"}"));
    place.assert_settled().await;
}

async fn a_postponed_attempt_does_not_count(place: Place) {
    place.registered("key", "0821032398").await;
    let claim = place.claim_delivery(now()).await;
    let postponed = Settled::Postponed { at: later(10), why: "throttled".into() };
    place.store.settle(&claim, postponed, now()).await.unwrap();
    let again = place.store.claim_deliveries(10, lease(), later(10)).await.unwrap();
    assert_eq!(again[0].attempts, 1);
}

async fn an_exhausted_delivery_can_be_replayed(place: Place) {
    place.registered("key", "0821032398").await;
    let claim = place.claim_delivery(now()).await;
    let exhausted = Settled::Exhausted { why: "x".repeat(10_000) };
    place.store.settle(&claim, exhausted, now()).await.unwrap();
    let delivery =
        place.store.deliveries(&DeliveryFilter::default()).await.unwrap().items.remove(0);
    assert_eq!(delivery.status, DeliveryStatus::Exhausted);
    assert_eq!(delivery.why.map(|why| why.len()), Some(4096));

    place.store.replay(&delivery.event_id, WriteContext::new("op", later(1))).await.unwrap();
    let again = place.store.claim_deliveries(10, lease(), later(1)).await.unwrap().remove(0);
    assert_eq!((again.event_id, again.attempts), (delivery.event_id.clone(), 1));
    let delivered = Settled::Delivered { answer: None };
    place.store.settle(&again.claim, delivered, later(2)).await.unwrap();
    let replayed = place.store.replay(&delivery.event_id, WriteContext::new("op", later(3))).await;
    assert!(matches!(replayed, Err(StoreError::Invalid(_))));
    let unknown = place.store.replay("msg_unknown", WriteContext::new("op", later(3))).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    place.assert_settled().await;
}
