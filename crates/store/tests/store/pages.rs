//! Every list gives each item once, page by page, whatever is written meanwhile.

use crate::place::{Place, later, now};
use jiff::civil::date;
use serde_json::json;
use std::collections::BTreeSet;
use store::{
    AuditEntry, DeliveryFilter, Expected, Import, Limits, Page, ScanFilter, Settings, Store,
    StoreError, Work, WriteContext,
};
use validate::fold;

on_every_place!(
    scans_that_come_meanwhile_repeat_none_and_hide_none,
    deliveries_and_terminals_that_come_meanwhile_repeat_none_and_hide_none,
    expected_serials_that_come_and_go_meanwhile_repeat_none_and_hide_none,
    maintenance_that_is_recorded_meanwhile_repeats_none_and_hides_none,
    a_history_that_grows_meanwhile_repeats_none_and_hides_none,
    a_terminal_has_no_more_records_than_it_may_have,
    a_search_that_finds_nothing_within_its_bound_goes_on_with_the_next_page,
    a_list_of_exactly_a_page_has_no_next_one,
    the_place_of_another_list_is_refused
);

/// Walks a list in pages of two; `meanwhile` is done after each. The names of the items, in order.
async fn walk<T>(
    page: impl AsyncFn(Option<String>) -> Page<T>,
    name: impl Fn(&T) -> String,
    meanwhile: impl AsyncFn(usize),
) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    for turn in 0..50 {
        let found = page(after).await;
        assert!(found.items.len() <= 2 && (found.items.len() == 2 || found.next.is_none()));
        names.extend(found.items.iter().map(&name));
        after = found.next;
        if after.is_none() {
            return names;
        }
        meanwhile(turn).await;
    }
    panic!("a walk without an end: {names:?}")
}

async fn scans_that_come_meanwhile_repeat_none_and_hide_none(place: Place) {
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(place.receive(&format!("key {n}")).await.to_string());
    }
    ids.reverse();
    let page = async |after| {
        let filter = ScanFilter { after, most: 2, ..ScanFilter::default() };
        place.store.scans(&filter).await.unwrap()
    };
    let more = async |turn| {
        place.receive(&format!("later {turn}")).await;
    };
    assert_eq!(walk(page, |scan| scan.id.to_string(), more).await, ids);
}

async fn deliveries_and_terminals_that_come_meanwhile_repeat_none_and_hide_none(place: Place) {
    // All of one millisecond: only their names tell them apart.
    for n in 0..5 {
        place.registered(&format!("key {n}"), &format!("082103239{n}")).await;
    }
    let all = place.store.deliveries(&DeliveryFilter::default()).await.unwrap();
    assert_eq!((all.items.len(), all.next), (5, None));
    let all: Vec<String> = all.items.into_iter().map(|it| it.device_key).collect();
    let page = async |after| {
        let filter = DeliveryFilter { after, most: 2, ..DeliveryFilter::default() };
        place.store.deliveries(&filter).await.unwrap()
    };
    let more = async |turn| {
        place.registered(&format!("later {turn}"), &format!("117000000{turn}")).await;
    };
    assert_eq!(walk(page, |it| it.device_key.clone(), more).await, all);

    // The new ones are of the same moment, so a walk may come by them; it doubles none.
    let page = async |after| place.store.find_terminals(after, 2, |_| true).await.unwrap();
    let more = async |turn| {
        place.registered(&format!("last {turn}"), &format!("117000001{turn}")).await;
    };
    let walked = walk(page, |it| it.terminal.device_key.clone(), more).await;
    let distinct: BTreeSet<&String> = walked.iter().collect();
    assert_eq!(distinct.len(), walked.len());
    assert!(all.iter().all(|device| distinct.contains(device)), "{walked:?}");
}

async fn expected_serials_that_come_and_go_meanwhile_repeat_none_and_hide_none(place: Place) {
    let list = |serials: &[String]| -> Vec<Expected> {
        let expected = |serial: &String| Expected { serial: fold(serial), said: [].into() };
        serials.iter().map(expected).collect()
    };
    let import = |id: &str| Import { id: id.into(), replace: false, by: "eva".into() };
    let first: Vec<String> = (0..7).map(|n| format!("082100000{n}")).collect();
    place.store.import_estate(&list(&first), &import("1"), now()).await.unwrap();
    let page =
        async |after: Option<String>| place.store.estate("", after.as_deref(), 2).await.unwrap();
    let meanwhile = async |turn: usize| {
        if turn > 2 {
            return;
        }
        // The last of the page is taken off the list: the next page begins after its place.
        let gone = [first[turn * 2 + 1].clone()];
        let context = WriteContext::new("eva", later(1));
        assert_eq!(place.store.remove_from_estate(&gone, context).await.unwrap(), 1);
        let new = [format!("117000000{turn}")];
        let import = import(&format!("more {turn}"));
        place.store.import_estate(&list(&new), &import, later(turn as i64 + 2)).await.unwrap();
    };
    let walked = walk(page, |it| it.expected.serial.clone(), meanwhile).await;
    let new = (0..3).map(|n| format!("117000000{n}"));
    assert_eq!(walked, first.iter().cloned().chain(new).collect::<Vec<_>>());
}

/// Work of a day of November.
fn work(day: i8) -> Work {
    Work { on: date(2026, 11, day), kind: "repair".into(), note: format!("on {day}") }
}

async fn maintenance_that_is_recorded_meanwhile_repeats_none_and_hides_none(place: Place) {
    place.registered("a", "0821032398").await;
    let device = "pax:0821032398";
    // Written in another order than the work was done, two on one day.
    for (id, day) in [("m1", 5), ("m2", 9), ("m3", 1), ("m4", 5), ("m5", 7)] {
        let context = WriteContext::new("eva", now());
        place.store.record_maintenance(device, id, &work(day), context).await.unwrap();
    }
    let page = async |after: Option<String>| {
        place.store.service_history(device, after.as_deref(), 2).await.unwrap().records
    };
    let meanwhile = async |turn: usize| {
        let id = format!("later {turn}");
        let context = WriteContext::new("eva", later(1));
        place.store.record_maintenance(device, &id, &work(28), context).await.unwrap();
    };
    let walked = walk(page, |record| record.id.clone(), meanwhile).await;
    assert_eq!(walked, ["m2", "m5", "m4", "m1", "m3"]);
}

async fn a_history_that_grows_meanwhile_repeats_none_and_hides_none(place: Place) {
    place.registered("a", "0821032398").await;
    place.registered("b", "0821032399").await;
    let note = async |serial: &str, text: &str| {
        let context = WriteContext::new("eva", later(1));
        place.store.note(&format!("pax:{serial}"), &json!(text), context).await.unwrap();
    };
    for text in ["1", "2", "3", "4"] {
        note("0821032398", text).await;
        note("0821032399", "of another terminal").await;
    }
    let page = async |after: Option<String>| {
        let device = "pax:0821032398";
        place.store.terminal_history(device, &[], after.as_deref(), 2).await.unwrap()
    };
    let meanwhile = async |_| note("0821032398", "later").await;
    let told =
        |entry: &AuditEntry| format!("{} {}", entry.what, String::from_utf8_lossy(&entry.detail));
    let walked = walk(page, told, meanwhile).await;
    let notes: Vec<_> = walked.iter().filter_map(|it| it.strip_prefix("terminal.noted ")).collect();
    assert_eq!(notes, [r#""4""#, r#""3""#, r#""2""#, r#""1""#]);
}

async fn a_terminal_has_no_more_records_than_it_may_have(place: Place) {
    let limits = Limits { rows_max: 2, ..place.settings.limits.clone() };
    let store = Store::open(&Settings { limits, ..place.settings.clone() }).await.unwrap();
    place.registered("a", "0821032398").await;
    let device = "pax:0821032398";
    let record = async |id: &str| {
        store.record_maintenance(device, id, &work(3), WriteContext::new("eva", now())).await
    };
    for id in ["m1", "m2", "m1"] {
        record(id).await.unwrap();
    }
    let full = record("m3").await;
    assert!(matches!(full, Err(StoreError::Invalid(_))), "{full:?}");
    store.close().await;
}

async fn a_search_that_finds_nothing_within_its_bound_goes_on_with_the_next_page(place: Place) {
    let limits = Limits { rows_max: 2, search_rows_max: 2, ..place.settings.limits.clone() };
    let store = Store::open(&Settings { limits, ..place.settings.clone() }).await.unwrap();
    for n in 0..5 {
        place.registered(&format!("key {n}"), &format!("082103239{n}")).await;
    }
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let oldest = |it: &store::FoundTerminal| it.terminal.serial.ends_with('0');
        let page = store.find_terminals(after, 1, oldest).await.unwrap();
        found.extend(page.items);
        (after, pages) = (page.next, pages + 1);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 1);
    assert!(pages > 1, "the bound holds");
}

async fn a_list_of_exactly_a_page_has_no_next_one(place: Place) {
    for n in 0..2 {
        place.registered(&format!("key {n}"), &format!("082103239{n}")).await;
    }
    let scans = ScanFilter { most: 2, ..ScanFilter::default() };
    assert_eq!(place.store.scans(&scans).await.unwrap().next, None);
    let deliveries = DeliveryFilter { most: 2, ..DeliveryFilter::default() };
    assert_eq!(place.store.deliveries(&deliveries).await.unwrap().next, None);
    let terminals = place.store.find_terminals(None, 2, |_| true).await.unwrap();
    assert_eq!((terminals.items.len(), terminals.next), (2, None));
}

async fn the_place_of_another_list_is_refused(place: Place) {
    let scans = ScanFilter { after: Some("msg_1".into()), ..ScanFilter::default() };
    assert!(matches!(place.store.scans(&scans).await, Err(StoreError::Cursor)));
    for after in ["", "0821032398", "1.2", "a.b.c"] {
        let refused = place.store.estate("", Some(after), 2).await;
        assert!(matches!(refused, Err(StoreError::Cursor)), "{after}");
    }
}
