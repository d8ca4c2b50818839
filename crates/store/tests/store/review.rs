//! Reviews are handed out: to one person at a time, again when nobody finished, never lost.

use crate::place::{Place, for_review, later, lease, now};
use std::collections::HashSet;
use store::{Action, Authority, Decision, Lease, ScanId, StoreError};

on_place! { sqlite_and_folder: two_people_never_get_the_same_review, a_review_comes_back_when_its_lease_is_over, what_is_put_aside_waits_and_what_is_decided_never_returns }
on_place! { postgres_and_folder: two_people_never_get_the_same_review, a_review_comes_back_when_its_lease_is_over, what_is_put_aside_waits_and_what_is_decided_never_returns }

async fn under_review(place: &Place, many: usize) -> Vec<ScanId> {
    let mut scans = Vec::new();
    for n in 0..many {
        let claimed = place.claimed(&format!("key {n}")).await;
        place.store.finish(&claimed.claim, for_review(), now()).await.unwrap();
        scans.push(claimed.id);
    }
    scans
}

/// Takes and decides until nothing is left; the scans in the order they came.
async fn work_through(place: &Place, holder: &str) -> Vec<ScanId> {
    let mut seen = Vec::new();
    while let Some(id) = place.store.claim_review(holder, lease(), now()).await.unwrap() {
        let reject = Action::Reject { why: None };
        let decision = Decision::new(reject, holder, Authority::Operator);
        place.store.decide(id, decision, now()).await.expect("nobody else has decided it");
        seen.push(id);
    }
    seen
}

async fn two_people_never_get_the_same_review(place: Place) {
    let scans = under_review(&place, 12).await;
    let (ana, ben) = tokio::join!(work_through(&place, "ana"), work_through(&place, "ben"));
    let all: HashSet<_> = ana.iter().chain(&ben).copied().collect();
    assert_eq!(all.len(), ana.len() + ben.len(), "{ana:?} {ben:?}");
    assert_eq!(all, scans.into_iter().collect());
    assert_eq!(place.store.reviews_waiting().await.unwrap(), 0);
}

async fn a_review_comes_back_when_its_lease_is_over(place: Place) {
    let scans = under_review(&place, 2).await;
    let claim = |holder, at| {
        let store = place.store.clone();
        async move { store.claim_review(holder, Lease::from_millis(100), at).await.unwrap() }
    };
    assert_eq!(claim("ana", now()).await, Some(scans[0]));
    assert_eq!(claim("ben", now()).await, Some(scans[1]));
    assert_eq!(claim("eva", now()).await, None);
    assert_eq!(claim("ana", later(60)).await, Some(scans[0]), "it stays hers, for longer");
    assert_eq!(claim("eva", later(110)).await, Some(scans[1]), "ben's time is over");
    assert_eq!(claim("ben", later(110)).await, None);
}

async fn what_is_put_aside_waits_and_what_is_decided_never_returns(place: Place) {
    let scans = under_review(&place, 1).await;
    let aside = Lease::from_millis(1_000);
    let store = &place.store;
    assert_eq!(store.claim_review("ana", lease(), now()).await.unwrap(), Some(scans[0]));
    let foreign = store.put_review_aside(scans[0], "ben", aside, now()).await;
    assert!(matches!(foreign, Err(StoreError::LeaseLost)));
    store.put_review_aside(scans[0], "ana", aside, now()).await.unwrap();
    assert_eq!(store.claim_review("ana", lease(), later(999)).await.unwrap(), None);
    assert_eq!(store.reviews_waiting().await.unwrap(), 1);
    assert_eq!(store.claim_review("ben", lease(), later(1_000)).await.unwrap(), Some(scans[0]));
    let decision = Decision::new(Action::Reject { why: None }, "ben", Authority::Operator);
    store.decide(scans[0], decision, later(1_001)).await.unwrap();
    assert_eq!(store.claim_review("ana", lease(), later(900_000)).await.unwrap(), None);
}
