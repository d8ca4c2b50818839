//! Warranty and maintenance of a terminal, and finding it.

use crate::place::{Place, later, now};
use jiff::civil::date;
use store::{StoreError, Work, WriteContext};

on_place! { sqlite_and_folder: maintenance_is_recorded_and_edited, terminals_are_found_page_by_page }
on_place! { postgres_and_folder: maintenance_is_recorded_and_edited, terminals_are_found_page_by_page }

fn work(day: i8, note: &str) -> Work {
    Work { on: date(2026, 11, day), kind: "repair".into(), note: note.into() }
}

async fn maintenance_is_recorded_and_edited(place: Place) {
    let store = &place.store;
    place.registered("a", "0821032398").await;
    place.registered("b", "0821032399").await;
    let (device, other) = ("pax:0821032398", "pax:0821032399");
    let unknown = store.service_history("pax:1", None, 0).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))), "{unknown:?}");
    let nothing = store.service_history(device, None, 0).await.unwrap();
    assert_eq!(
        (nothing.warranty_until, nothing.records.items, nothing.records.next),
        (None, vec![], None)
    );
    store
        .record_maintenance(device, "m1", &work(3, "new battery"), WriteContext::new("eva", now()))
        .await
        .unwrap();
    store
        .record_maintenance(device, "m2", &work(5, "cleaned"), WriteContext::new("eva", later(1)))
        .await
        .unwrap();
    store
        .record_maintenance(
            device,
            "m1",
            &work(4, "new screen"),
            WriteContext::new("ben", later(2)),
        )
        .await
        .unwrap();
    store
        .set_warranty(device, Some(date(2028, 1, 31)), WriteContext::new("eva", later(3)))
        .await
        .unwrap();

    let upkeep = store.service_history(device, None, 0).await.unwrap();
    assert_eq!(upkeep.warranty_until, Some(date(2028, 1, 31)));
    let notes: Vec<_> =
        upkeep.records.items.iter().map(|record| record.work.note.as_str()).collect();
    assert_eq!(notes, ["cleaned", "new screen"]);
    let edited = &upkeep.records.items[1];
    assert_eq!(
        (edited.by.as_str(), edited.created_at, edited.changed_at),
        ("ben", now(), later(2))
    );

    let foreign = store
        .record_maintenance(other, "m1", &work(9, "x"), WriteContext::new("eva", later(4)))
        .await;
    assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
    let unknown = store.set_warranty("pax:1", None, WriteContext::new("eva", later(4))).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))), "{unknown:?}");
    assert_eq!(store.service_history(other, None, 0).await.unwrap().records.items, []);
    let context = WriteContext::new("eva", later(4));
    let foreign = store.edit_maintenance(other, "m1", &work(9, "x"), context).await;
    assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
}

async fn terminals_are_found_page_by_page(place: Place) {
    for n in 0..5 {
        place.registered(&format!("key {n}"), &format!("082103239{n}")).await;
    }
    let even = |found: &store::FoundTerminal| {
        assert_eq!(found.details["site"], "Lisbon");
        found.terminal.serial.ends_with(['0', '2', '4'])
    };
    let first = place.store.find_terminals(None, 2, even).await.unwrap();
    assert_eq!(first.items.len(), 2);
    let rest = place.store.find_terminals(first.next, 2, even).await.unwrap();
    assert_eq!(rest.items.len(), 1);
    assert_eq!(rest.next, None);
    assert!(!first.items.contains(&rest.items[0]));
    assert_eq!(place.store.find_terminals(None, 9, |_| false).await.unwrap().items, []);
}
