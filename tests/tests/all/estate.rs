//! The estate over HTTP and on the command line: a list is imported, and what it says decides. And
//! the other thing that a label is held against: the device's own screen.

use render::{Code, Fonts, Ink, Layout, Photo, Recipe, photograph, tag};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::harness::{Answer, Caller, Installation};

const EXPECTED: &str = "0821000001";
const STRANGER: &str = "0821000002";

async fn import(caller: &Caller, query: &str, list: impl Into<reqwest::Body>) -> Answer {
    let request = caller.request(Method::POST, &format!("/v1/estate{query}"));
    let request = request.header("Content-Type", "text/csv").body(list);
    caller.send(request).await.expect("an answer")
}

async fn scanned(caller: &Caller, key: &str, serial: &str) -> Answer {
    let photo = tag(serial).expect("a symbol");
    caller.upload(key, &[&photo]).await.expect("an answer")
}

fn numbers(answer: &Answer) -> [u64; 5] {
    ["read", "added", "known", "removed", "count"]
        .map(|name| answer.body[name].as_u64().unwrap_or_else(|| panic!("{name}: {answer:?}")))
}

#[tokio::test]
async fn where_a_list_is_required_nothing_else_is_accepted() {
    let mut installation = Installation::new();
    installation.set("LABELSCAN_ESTATE", "required");
    installation.set("LABELSCAN_ESTATE_BYTES_MAX", "4096");
    let server = installation.start().await;
    let operator = installation.caller("desk", "operator").await;
    let technician = installation.caller("van", "technician").await;

    let early = scanned(&technician, "1", EXPECTED).await;
    assert_eq!(early.body["status"], "review", "{early:?}");
    assert_eq!(early.body["reasons"][0]["code"], "not_in_estate", "{early:?}");

    let list = format!("Model;S/N\nA920;082-1000001\n;\nA920;\nA80;NOFORMAT7\nA80;{EXPECTED}\n");
    let refused = import(&technician, "", list.clone()).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")));
    let preview = import(&operator, "?dry_run=true", list.clone()).await;
    assert_eq!(numbers(&preview), [4, 2, 0, 0, 0], "{preview:?}");
    assert_eq!(preview.body["refused"][0], json!({"line": 4, "why": "no serial in this line"}));
    assert_eq!(preview.body["refused"][1]["why"], "the serial of line 2 again");
    assert_eq!(preview.body["unknown_format"][0], json!({"line": 5, "serial": "NOFORMAT7"}));
    let done = import(&operator, "", list).await;
    assert_eq!(numbers(&done), [4, 2, 0, 0, 2], "{done:?}");

    let accepted = scanned(&technician, "2", EXPECTED).await;
    assert_eq!(accepted.body["status"], "accepted", "{accepted:?}");
    let checks = accepted.body["serial"]["checks"].as_array().expect("a list");
    assert!(checks.contains(&json!("estate")), "{accepted:?}");
    let stranger = scanned(&technician, "3", STRANGER).await;
    assert_eq!(stranger.body["reasons"][0]["code"], "not_in_estate", "{stranger:?}");

    let page = operator.get("/v1/estate?limit=1").await.expect("an answer");
    assert_eq!(page.body["mode"], "required", "{page:?}");
    assert_eq!(page.body["serials"][0]["serial"], EXPECTED, "{page:?}");
    assert_eq!(page.body["serials"][0]["model"], "A920", "{page:?}");
    let next = format!("/v1/estate?after={}", page.body["next"].as_str().expect("a next page"));
    let last = operator.get(&next).await.expect("an answer");
    assert_eq!(last.body["serials"][0]["serial"], "NOFORMAT7", "{last:?}");
    assert_eq!(last.body["next"], Value::Null, "{last:?}");

    let workbook = import(&operator, "?replace=true", b"PK\x03\x04".to_vec()).await;
    assert_eq!(
        (workbook.status, &workbook.body["code"]),
        (415, &json!("content_type_unsupported"))
    );
    let nothing = import(&operator, "?replace=true", "serial\n").await;
    assert_eq!((nothing.status, &nothing.body["code"]), (400, &json!("body_malformed")));
    let large = import(&operator, "", "0821032398\n".repeat(400)).await;
    assert_eq!((large.status, &large.body["code"]), (413, &json!("body_too_large")));
    let replaced = import(&operator, "?replace=true", format!("{STRANGER}\n")).await;
    assert_eq!(numbers(&replaced), [1, 1, 0, 2, 1], "{replaced:?}");
    let path = format!("/v1/estate/{STRANGER}");
    for status in [204, 404] {
        let gone = operator.send(operator.request(Method::DELETE, &path)).await;
        assert_eq!(gone.expect("an answer").status, status);
    }
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());

    let file = installation.folder().join("list.csv");
    std::fs::write(&file, format!("{EXPECTED}\n{STRANGER}\n")).expect("a file");
    let file = file.display().to_string();
    let ended = installation.run(&["estate", "import", &file]).await;
    assert_eq!(ended.stdout, "2 lines read: 2 added, 0 known, 0 refused\n", "{ended:?}");
    let ended = installation.run(&["estate", "list", "0002"]).await;
    assert!(ended.stdout.starts_with(STRANGER), "{ended:?}");
    let photo = installation.folder().join("label.png");
    std::fs::write(&photo, tag("0821000003").expect("a symbol")).expect("a file");
    let photo = photo.display().to_string();
    let ended = installation.run(&["scan", "--json", "--estate", &file, &photo]).await;
    assert_eq!(ended.lines()[0]["reasons"][0]["code"], "not_in_estate", "{ended:?}");
}

#[tokio::test]
async fn lists_are_reconciled_with_what_was_scanned() {
    let installation = Installation::new();
    let folder = installation.folder();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let estate = file("estate.csv", "SN\n0821000001\n6A000001\n1170000652\n0821000001\n");
    let registry = file("registry.csv", "6AO00001\n");
    let lines = ["0821000001", "6AO00001"].map(|serial| {
        json!({"photo": "x.jpg", "status": "accepted", "serial": {"value": serial}}).to_string()
    });
    let scans = file("scans.jsonl", &lines.join("\n"));
    let ended = installation
        .run(&[
            "reconcile",
            "--estate",
            &estate,
            "--scans",
            &scans,
            "--registry",
            &registry,
            "--csv",
        ])
        .await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.stdout,
        "what,serial,other\nmissing,1170000652,\nlook_alike,6AO00001,6A000001\n\
         expected_twice,0821000001,\nnot_registered,0821000001,\n"
    );
    let server = installation.start().await;
    let technician = installation.caller("van", "technician").await;
    assert_eq!(scanned(&technician, "1", EXPECTED).await.body["status"], "accepted");
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
    let estate = file("estate.csv", EXPECTED);
    let ended = installation.run(&["reconcile", "--estate", &estate]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "1 expected, 1 seen: 1 agree, 0 differences\n");
    let ended = installation.run(&["reconcile", "--estate", "nowhere.csv"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

/// A label and the page that a device shows about itself, each of the device with this seed.
fn label_and_screen(label: u64, screen: u64) -> [Photo; 2] {
    let fonts = Fonts::load().expect("fonts");
    let clear = Recipe::turned(Code::Code128, 0.0);
    let about = Recipe { layout: Layout::AboutScreen, ink: Ink::Screen, ..clear.clone() };
    let photo = |recipe, seed| photograph(&fonts, recipe, seed).expect("a photo");
    [photo(&clear, label), photo(&about, screen)]
}

async fn compared(caller: &Caller, key: &str, [label, screen]: &[Photo; 2]) -> Answer {
    let part = |photo: &Photo| Part::bytes(photo.jpeg.clone()).file_name("photo.jpg");
    let form = Form::new().part("photo", part(label)).part("screen", part(screen));
    let request = caller.request(Method::POST, "/v1/scans").header("Idempotency-Key", key);
    caller.send(request.multipart(form)).await.expect("an answer")
}

#[tokio::test]
async fn a_label_is_held_against_the_devices_own_screen() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let technician = installation.caller("van", "technician").await;
    let same = label_and_screen(81, 81);
    assert_eq!(same[0].truth.serial, same[1].truth.serial);
    let agree = compared(&technician, "same", &same).await;
    assert_eq!(agree.body["status"], "accepted", "{agree:?}");
    assert_eq!(agree.serial(), crate::serial_of(&same[0]));
    let checks = agree.body["serial"]["checks"].as_array().expect("a list");
    assert!(checks.contains(&json!("several_photos")), "the screen was read: {agree:?}");

    let differ = compared(&technician, "differ", &label_and_screen(81, 82)).await;
    assert_eq!(differ.body["status"], "review", "{differ:?}");
    let codes: Vec<_> = differ.body["reasons"].as_array().expect("a list").iter().collect();
    assert!(codes.iter().any(|it| it["code"] == "label_screen_mismatch"), "{differ:?}");
}
