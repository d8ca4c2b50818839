//! The overview's counts agree with what happened.

use crate::place::{Place, for_review, later, now};
use store::{
    Action, Authority, Decision, DeliveriesOf, DeliveryStatus, Queues, ScanStatus, ScansOfDay,
    Settled, Waiting,
};

on_place! { sqlite_and_folder: scans_and_registrations_are_counted }
on_place! { postgres_and_folder: scans_and_registrations_are_counted }

async fn scans_and_registrations_are_counted(place: Place) {
    let store = &place.store;
    place.registered("a", "0821032398").await;
    place.registered("b", "0821032399").await;
    for key in ["c", "d"] {
        let claimed = place.claimed(key).await;
        store.finish(&claimed.claim, for_review(), now()).await.unwrap();
        if key == "c" {
            let reject = Action::Reject { why: None };
            let decision = Decision::new(reject, "eva", Authority::Operator);
            store.decide(claimed.id, decision, later(5)).await.unwrap();
        }
    }
    let mut claims = store.claim_deliveries(10, crate::place::lease(), later(10)).await.unwrap();
    let delivered = Settled::Delivered { answer: None };
    store.settle(&claims.remove(0).claim, delivered, later(1_500)).await.unwrap();

    let day = now().as_millisecond() / 86_400_000;
    let of = |status, by_person, scans| ScansOfDay { day, status, by_person, scans };
    let counted = store.scans_by_day(now()).await.unwrap();
    let expected = [
        of(ScanStatus::Accepted, false, 2),
        of(ScanStatus::Rejected, true, 1),
        of(ScanStatus::Review, false, 1),
    ];
    assert_eq!(counted, expected);
    assert_eq!(store.scans_by_day(later(1)).await.unwrap(), []);
    assert_eq!(store.registration_ms(now()).await.unwrap(), [1_500]);
    let of = |status, deliveries| DeliveriesOf { status, deliveries, oldest: now() };
    let expected = [of(DeliveryStatus::Delivered, 1), of(DeliveryStatus::Queued, 1)];
    assert_eq!(store.deliveries_by_status().await.unwrap(), expected);
    place.claimed("e").await;
    let one = Waiting { count: 1, oldest: Some(now()) };
    let queues = Queues { scans: one, reviews: one, deliveries: one };
    assert_eq!(store.queues().await.unwrap(), queues);
}
