//! The console in a real browser: what an operator does all day, in both languages, without a
//! barrier that axe-core knows.

use crate::every_page::assert_open_to_all;
use crate::{SOON, clear_photo, serial_of};
use render::tag;
use serde_json::json;
use tests::harness::{
    Browser, BrowserSettings, Caller, FakeRegistry, Installation, Reply, eventually,
};

/// Two labels in one upload: nobody but a person can say which one it is.
async fn upload_for_review(technician: &Caller, key: &str, seeds: [u64; 2]) -> String {
    let [one, other] = seeds.map(clear_photo);
    let details = json!({"site": "Pier 3", "merchant": "Kiosk"});
    let photos: [&[u8]; 2] = [&one.jpeg, &other.jpeg];
    let scan = technician.upload_with(key, &photos, Some(&details)).await.expect("an answer");
    assert_eq!(scan.body["status"], "review", "{scan:?}");
    for (at, photo) in [one, other].iter().enumerate() {
        assert_eq!(scan.body["candidates"][at]["value"], serial_of(photo), "{scan:?}");
    }
    scan.id()
}

#[tokio::test]
async fn a_review_is_decided_by_one_person_with_one_key() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let technician = installation.caller("van 7", "technician").await;
    let operator = installation.caller("depot", "operator").await;
    let first = upload_for_review(&technician, "one", [61, 62]).await;
    let second = upload_for_review(&technician, "two", [63, 64]).await;

    let browser = Browser::start(BrowserSettings::desk(), installation.address()).await;
    browser.sign_in(&operator, "eva", "operator").await;
    browser.until("the console opens", "location.pathname === '/console'").await;
    browser.open("/console/review").await;
    browser.until_shown("Kiosk").await;
    // Whoever loads the page anew still has the same one.
    browser.open("/console/review").await;
    browser.until_shown("Kiosk").await;
    browser.screenshot("review").await;
    assert_eq!(browser.barriers().await, [""; 0]);

    let ask = json!({"holder": "other"});
    let other = operator.post("/v1/reviews/next", &ask).await.expect("an answer");
    assert_eq!(other.body["review"]["scan"]["id"], second.as_str(), "{other:?}");
    assert_eq!(other.body["waiting"], 2, "{other:?}");
    let refused = technician.post("/v1/reviews/next", &ask).await.expect("an answer");
    assert_eq!(refused.status, 403, "{refused:?}");

    let before = operator.get(&format!("/v1/scans/{first}")).await.expect("an answer");
    let chosen = &before.body["candidates"][1]["value"];
    // A key that comes before anybody can have looked is none.
    browser.until("it is shown for a moment", "performance.now() > 2000").await;
    browser.press("2").await;
    let decided = || async {
        let scan = operator.get(&format!("/v1/scans/{first}")).await?;
        (scan.body["status"] == "accepted").then_some(scan)
    };
    let decided = eventually("the decision", SOON, decided).await;
    assert_eq!(&decided.body["serial"]["value"], chosen);
    assert_eq!(decided.body["serial"]["source"], "person");
    browser
        .until("nothing is left for this person", "!document.getElementById('empty').hidden")
        .await;
    browser.until_shown("Others are looking").await;
    let put_aside = operator.post(&format!("/v1/reviews/{second}/aside"), &ask).await;
    assert_eq!(put_aside.expect("an answer").status, 204);
    assert_open_to_all(&browser, "/console/review", "review-empty").await;
}

#[tokio::test]
async fn what_the_registry_refused_is_sent_again() {
    let registry = FakeRegistry::up().await;
    registry.reply(Reply::Status(422, r#"{"result":"rejected","code":"not_in_estate"}"#.into()));
    let installation = Installation::registering_at(&registry);
    let _server = installation.start().await;
    let operator = installation.caller("depot", "operator").await;
    let serials = ["0821000001", "0821000002", "0821000003"];
    for serial in serials {
        let photo = tag(serial).expect("a symbol");
        operator.upload(serial, &[&photo]).await.expect("an answer");
    }
    let counted = |status: &'static str, count: usize| {
        let operator = &operator;
        move || async move {
            let page = operator.get(&format!("/v1/deliveries?status={status}")).await?;
            (page.body["deliveries"].as_array()?.len() == count).then_some(())
        }
    };
    eventually("the refusals", SOON, counted("refused", 3)).await;

    let browser = Browser::start(BrowserSettings::desk(), installation.address()).await;
    browser.sign_in(&operator, "eva", "operator").await;
    browser.open("/console/deliveries").await;
    browser.until_shown("not_in_estate").await;
    registry.reply(Reply::Accept);
    let chosen = format!("button[data-replay][aria-label$='{}']", serials[1]);
    browser.click(&chosen).await;
    eventually("one more attempt", SOON, counted("delivered", 1)).await;
    let again = registry.events().last().expect("an event").json();
    assert_eq!(again["data"]["serial"]["value"], serials[1], "the one that was chosen");
    eventually("the others stay", SOON, counted("refused", 2)).await;

    browser.open("/console/deliveries?status=refused").await;
    browser.until_shown(serials[0]).await;
    browser.click("#replay_all").await;
    eventually("all of them", SOON, counted("delivered", 3)).await;
    let events = registry.events();
    assert_eq!(events.len(), 6, "each event twice");
    for event in &events[..3] {
        let again = events[3..].iter().find(|it| it.id == event.id);
        assert_eq!(again.expect("the same event").bytes, event.bytes);
    }
}

/// The serials that the list of terminals shows.
async fn listed(browser: &Browser) -> Vec<String> {
    let cells =
        "return [...document.querySelectorAll('tbody td:first-child')].map((it) => it.innerText)";
    let cells = browser.run(cells).await;
    let cells = cells.as_array().expect("a list").iter();
    cells.map(|cell| cell.as_str().expect("a serial").to_owned()).collect()
}

#[tokio::test]
async fn terminals_are_found_by_what_is_known_about_them() {
    let registry = FakeRegistry::up().await;
    let installation = Installation::registering_at(&registry);
    let _server = installation.start().await;
    let operator = installation.caller("depot", "operator").await;
    let said = [
        ("0821000001", "A920", "Kiosk", "Pier 3"),
        ("0821000002", "A920", "Bakery", "Station Road 4"),
        ("0821000073", "A80", "Kiosk", "Harbour 9"),
    ];
    for (serial, model, merchant, site) in said {
        let details = json!({ "model": model, "merchant": merchant, "site": site });
        let photo = tag(serial).expect("a symbol");
        let sent = operator.upload_with(serial, &[&photo], Some(&details)).await;
        assert_eq!(sent.expect("an answer").body["status"], "accepted");
    }
    let told = || async { (registry.accepted().len() == 3).then_some(()) };
    eventually("three registrations", SOON, told).await;
    let retire = json!({ "event": "retire" });
    let retired = operator.post("/v1/terminals/0821000002/events", &retire).await;
    assert_eq!(retired.expect("an answer").status, 201);

    let browser = Browser::start(BrowserSettings::desk(), installation.address()).await;
    browser.sign_in(&operator, "eva", "operator").await;
    browser.open("/console/terminals").await;
    assert_eq!(listed(&browser).await, ["0821000073", "0821000002", "0821000001"]);
    let searches: [(&str, &[&str]); 6] = [
        ("082-100 0073", &["0821000073"]),
        ("10000", &["0821000073", "0821000002", "0821000001"]),
        ("a920", &["0821000002", "0821000001"]),
        ("kiosk", &["0821000073", "0821000001"]),
        ("station road", &["0821000002"]),
        ("nowhere", &[]),
    ];
    for (words, serials) in searches {
        browser.find("input[name=q]").await.clear().await.expect("an empty field");
        browser.find("input[name=q]").await.send_keys(words).await.expect("keys");
        browser.run("document.title = 'before'").await;
        browser.click("form.search button").await;
        browser.until("the answer", "document.title !== 'before'").await;
        assert_eq!(listed(&browser).await, serials, "{words}");
    }
    browser.until_shown("Nothing fits").await;
    browser.screenshot("terminals-none").await;
    browser.open("/console/terminals").await;
    let state = browser.find("select[name=state]").await;
    state.select_by_value("retired").await.expect("a state");
    browser.click("form.search button").await;
    browser.until("the answer", "location.search.includes('state=retired')").await;
    assert_eq!(listed(&browser).await, ["0821000002"]);
    browser.click("tbody a").await;
    browser.until_shown("Station Road 4").await;
    browser.until_shown("Retired").await;
}

#[tokio::test]
async fn a_list_is_looked_at_imported_and_held_against_what_was_seen() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let operator = installation.caller("desk", "operator").await;
    for (key, serial) in [("1", "0821000001"), ("2", "0821000003")] {
        let photo = tag(serial).expect("a symbol");
        operator.upload(key, &[&photo]).await.expect("an answer");
    }
    let browser = Browser::start(BrowserSettings::desk(), installation.address()).await;
    browser.sign_in(&operator, "eva", "operator").await;
    assert_open_to_all(&browser, "/console/estate", "estate-empty").await;
    browser.open("/console/estate").await;
    let list =
        "Model,S/N\nA920,0821000001\nA920,0821000009\nA80,0B21000003\nA80,WRONG\n,NOFORMAT7\n";
    browser.choose("#file", "list.csv", list.as_bytes()).await;
    browser.until_shown("5 lines: 4 new, 0 known already.").await;
    browser.until_shown("Line 6: NOFORMAT7").await;
    browser.until_shown("Line 5: not a serial").await;
    browser.screenshot("estate-preview").await;
    assert_eq!(browser.barriers().await, [""; 0]);
    let before = operator.get("/v1/estate").await.expect("an answer");
    assert_eq!(before.body["count"], 0, "a preview imports nothing");
    browser.click("#import").await;
    browser.until_shown("0821000009").await;
    assert_open_to_all(&browser, "/console/estate", "estate").await;
    browser.open("/console/estate?q=00009").await;
    browser.until_shown("0821000009").await;
    assert_eq!(browser.text("tbody").await.lines().count(), 1);

    browser.open("/console/estate").await;
    let more = "S/N\n0821000009\n0821000011\n0821000012\n";
    browser.drop_file("#drop", "more.csv", more.as_bytes()).await;
    browser.until_shown("3 lines: 2 new, 1 known already.").await;
    browser.click("#import").await;
    browser.until_shown("0821000012").await;

    assert_open_to_all(&browser, "/console/estate/differences", "differences").await;
    browser.open("/console/estate/differences").await;
    browser.until_shown("0821000003 looks like 0B21000003").await;
    let registry = "S/N\n0821000001\n0821000044\n\nWRONG\n";
    browser.choose("#file", "registry.csv", registry.as_bytes()).await;
    browser.until_shown("2 registered, 2 seen.").await;
    let found = browser.text("#compared").await;
    let found: Vec<&str> = found.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(
        found[1..5],
        ["Seen and not registered (1)", "0821000003", "Registered and not seen (1)", "0821000044"],
        "{found:?}"
    );
    browser.screenshot("differences-registry").await;
    assert_eq!(browser.barriers().await, [""; 0]);
    browser.click(".pairs a").await;
    browser.until_shown("0821000003").await;
    browser.until("terminals are searched", "location.pathname === '/console/terminals'").await;
}

#[tokio::test]
async fn a_technician_is_let_in_from_the_console_and_sees_no_more() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let operator = installation.caller("depot", "operator").await;
    let desk = Browser::start(BrowserSettings::desk(), installation.address()).await;
    desk.sign_in(&operator, "eva", "operator").await;
    desk.open("/console/people").await;
    desk.run("document.querySelector('[name=name]').value = 'van 8'").await;
    desk.click("#invite button[type=submit]").await;
    desk.until("the picture is drawn", "document.getElementById('qr').naturalWidth > 0").await;
    desk.screenshot("people-link").await;
    let link = desk.text("#link").await;
    let (_, path) = link.split_once(&installation.address().to_string()).expect("our address");

    let phone = Browser::start(BrowserSettings::desk(), installation.address()).await;
    phone.open(path).await;
    phone.click("form[action='/sign-in'] button").await;
    phone.until("the technician's page", "location.pathname === '/'").await;
    phone.open("/console/review").await;
    phone.until("no console for technicians", "location.pathname === '/'").await;
}
