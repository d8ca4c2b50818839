//! The list of expected serials, and the numbers that were seen on two devices.

use crate::place::{Place, accepted, for_review, later, now, registration, serial};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::{
    Action, Authority, Decision, Expected, Found, Import, Imported, SameDevice, StoreError,
    WriteContext,
};
use tokio::time::timeout;
use validate::{EstateMode, Identifier, IdentifierKind, Source};

on_every_place! {
    an_import_that_is_cut_off_leaves_the_list_as_it_was,
    a_list_is_imported_again_replaced_and_leafed_through,
    a_new_serial_is_given_out_once,
    a_photo_hears_of_the_few_serials_that_it_may_show,
    a_number_on_two_devices_is_no_serial_and_an_imei_on_two_is_one_device,
    what_stands_on_one_side_only_is_told_with_what_looks_like_it,
}

fn expected(serials: &[&str]) -> Vec<Expected> {
    let said = BTreeMap::from([("model".to_owned(), "A920".to_owned())]);
    let expected = |serial: &&str| Expected { serial: serial.to_string(), said: said.clone() };
    serials.iter().map(expected).collect()
}

fn import(id: &str, replace: bool) -> Import {
    Import { id: id.into(), replace, by: "eva".into() }
}

fn values(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|value| value.to_string()).collect()
}

async fn a_new_serial_is_given_out_once(place: Place) {
    place.registered("key", "0821000007").await;
    place
        .store
        .import_estate(&expected(&["0821000008"]), &import("1", false), now())
        .await
        .unwrap();
    let wanted: Vec<String> = (0..40).map(|n| format!("08210{n:05}")).collect();
    let wanted = expected(&wanted.iter().map(String::as_str).collect::<Vec<_>>());
    let callers = (0..8).map(|caller| {
        let (store, wanted) = (place.store.clone(), wanted.clone());
        let import = import(&format!("caller {caller}"), false);
        tokio::spawn(async move { store.issue_serials(&wanted, &import, now()).await.unwrap() })
    });
    let mut issued = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        issued.extend(caller.await.unwrap());
    }
    issued.sort();
    let free = |serial: &&Expected| !["0821000007", "0821000008"].contains(&&*serial.serial);
    let expected: Vec<String> = wanted.iter().filter(free).map(|it| it.serial.clone()).collect();
    assert_eq!(issued, expected);
    assert_eq!(place.store.estate_count().await.unwrap(), 39);
}

async fn a_list_is_imported_again_replaced_and_leafed_through(place: Place) {
    let store = &place.store;
    let many: Vec<String> = (0..2_500).map(|n| format!("08210{n:05}")).collect();
    let first: Vec<&str> = many.iter().map(String::as_str).chain(["0821000000"]).collect();
    let previewed = store.preview_estate(&expected(&first), true).await.unwrap();
    assert_eq!(previewed, Imported { added: 2_500, known: 1, removed: 0 });
    assert_eq!(store.estate_count().await.unwrap(), 0, "a preview changes nothing");
    let done = store.import_estate(&expected(&first), &import("1", false), now()).await.unwrap();
    assert_eq!(done, previewed);
    let done = store.import_estate(&expected(&["6A000001"]), &import("2", false), later(1)).await;
    assert_eq!(done.unwrap(), Imported { added: 1, known: 0, removed: 0 });

    let page = store.estate("", None, 2).await.unwrap().items;
    assert_eq!(page[1].expected, expected(&["0821000001"])[0], "{page:?}");
    assert_eq!(page[1].added_at, now());
    let first = store.estate("0199", None, 6).await.unwrap();
    let found = store.estate("0199", first.next.as_deref(), 4).await.unwrap();
    let found: Vec<&str> = found.items.iter().map(|it| it.expected.serial.as_str()).collect();
    assert_eq!(found, ["0821001995", "0821001996", "0821001997", "0821001998"]);
    assert!(matches!(store.estate("", Some("nobody"), 5).await, Err(StoreError::Cursor)));

    let kept = expected(&["6A000001", "0821000007", "1170000652"]);
    let previewed = store.preview_estate(&kept, true).await.unwrap();
    let done = store.import_estate(&kept, &import("3", true), later(2)).await.unwrap();
    assert_eq!(done, Imported { added: 1, known: 2, removed: 2_499 });
    assert_eq!(done, previewed);
    assert_eq!(store.estate_count().await.unwrap(), 3);
    let gone = ["6A000001".to_owned(), "6A000002".to_owned()];
    let remove = async |ms| {
        store.remove_from_estate(&gone, WriteContext::new("eva", later(ms))).await.unwrap()
    };
    assert_eq!((remove(3).await, remove(4).await), (1, 0));
    let history = place.told("estate").await;
    let what: Vec<&str> = history.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(what[2..], ["estate.imported", "estate.removed"]);
    assert_eq!(history[3].detail, br#"["6A000001"]"#, "what was not there was not removed");
    place.assert_settled().await;
}

async fn an_import_that_is_cut_off_leaves_the_list_as_it_was(place: Place) {
    let store = &place.store;
    let former = expected(&["6A000001", "0821000007"]);
    store.import_estate(&former, &import("1", false), now()).await.unwrap();
    let many: Vec<String> = (0..5_000).map(|n| format!("08210{n:05}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let many = expected(&many);
    let mut cut_off = 0;
    loop {
        let id = format!("cut {cut_off}");
        let import = import(&id, true);
        let importing = store.import_estate(&many, &import, later(1));
        let done = timeout(Duration::from_millis(2 << cut_off), importing).await.is_ok();
        let expected = store.estate_count().await.unwrap();
        if done || expected != 2 {
            assert_eq!(expected, 5_000, "all of it or nothing");
            break;
        }
        cut_off += 1;
    }
    assert!(cut_off > 1, "an import of {} takes longer than that", many.len());
    // What was cut off is not taken up by the next, and nothing of it is left in the end.
    let context = later(2 * 86_400_000);
    store.import_estate(&former, &import("last", true), context).await.unwrap();
    assert_eq!(store.estate_count().await.unwrap(), 2);
    place.assert_settled().await;
}

async fn a_photo_hears_of_the_few_serials_that_it_may_show(place: Place) {
    let list = expected(&["6A000001", "6B000001", "1170000652", "0821032398"]);
    place.store.import_estate(&list, &import("1", false), now()).await.unwrap();
    let shown = values(&["6AO00001", "0821032398", "A920"]);
    let estate = place.store.estate_for(EstateMode::Required, &shown).await.unwrap();
    assert!(estate.is_required());
    assert!(estate.expects("0821032398") && !estate.expects("1170000652"));
    assert_eq!(estate.resembling("6AO00001"), ["6A000001"]);
    let estate = place.store.estate_for(EstateMode::Off, &shown).await.unwrap();
    assert!(!estate.is_required() && !estate.expects("0821032398"));
}

/// Reads and accepts a scan whose label carries these numbers besides; with a person in between if
/// `reviewed`.
async fn labelled(place: &Place, value: &str, numbers: &[(IdentifierKind, &str)], reviewed: bool) {
    let claimed = place.claimed(value).await;
    let event = format!("msg_{value}");
    let mut finding = if reviewed { for_review() } else { accepted(value, &event) };
    let Found::Judged(judgement) = &mut finding.found else { panic!("it is judged") };
    let number = |&(kind, value): &(IdentifierKind, &str)| Identifier {
        kind,
        value: value.to_owned(),
        source: Source::Text,
        place: None,
    };
    judgement.identifiers = numbers.iter().map(number).collect();
    place.store.finish(&claimed.claim, finding, now()).await.unwrap();
    if reviewed {
        let confirm = Action::Confirm { serial: serial(value) };
        let decision = Decision {
            registration: Some(registration(value, &event)),
            ..Decision::new(confirm, "eva", Authority::Operator)
        };
        place.store.decide(claimed.id, decision, later(1)).await.unwrap();
    }
}

async fn a_number_on_two_devices_is_no_serial_and_an_imei_on_two_is_one_device(place: Place) {
    use IdentifierKind::{Imei, PartNumber};
    let part = (PartNumber, "A920-0AW-RD5");
    let shown = values(&["A9200AWRD5", "350000000000006"]);
    labelled(&place, "0821000001", &[part, (Imei, "350000000000006")], false).await;
    let estate = place.store.estate_for(EstateMode::Helpful, &shown).await.unwrap();
    assert!(!estate.is_part_number("A9200AWRD5"), "one device is no proof");
    labelled(&place, "0821000002", &[part], true).await;
    for serial in ["0821000003", "0821000004"] {
        labelled(&place, serial, &[part], false).await;
    }
    let estate = place.store.estate_for(EstateMode::Off, &shown).await.unwrap();
    assert!(estate.is_part_number("A9200AWRD5"));
    assert!(!estate.is_part_number("350000000000006"));
    assert_eq!(place.store.same_devices().await.unwrap(), []);

    labelled(&place, "082I000001", &[(Imei, "35 000000 000000 6")], false).await;
    let [SameDevice { kind: Imei, mut serials }] =
        <[_; 1]>::try_from(place.store.same_devices().await.unwrap()).unwrap()
    else {
        panic!("an IMEI");
    };
    serials.sort();
    assert_eq!(serials, ["0821000001", "082I000001"]);
    // Whoever writes the list knows better than what two labels seem to say.
    let list = expected(&["A9200AWRD5"]);
    place.store.import_estate(&list, &import("1", false), now()).await.unwrap();
    let estate = place.store.estate_for(EstateMode::Helpful, &shown).await.unwrap();
    assert!(!estate.is_part_number("A9200AWRD5"));
}

async fn what_stands_on_one_side_only_is_told_with_what_looks_like_it(place: Place) {
    let list = expected(&["0821000001", "0821000002", "1170000652"]);
    place.store.import_estate(&list, &import("1", false), now()).await.unwrap();
    for (key, serial) in [("a", "0821000001"), ("b", "082I000001"), ("c", "6A000001")] {
        place.registered(key, serial).await;
    }
    let mut found = place.store.estate_differences().await.unwrap();
    found.seen.sort();
    assert_eq!((found.missing, found.unexpected), (2, 2));
    assert_eq!(found.expected, ["0821000002", "1170000652", "0821000001"]);
    assert_eq!(found.seen, ["0821000001", "082I000001", "6A000001"], "agrees, but looks like one");
}
