//! The console in a real browser: what an operator does all day, in both languages, without a
//! barrier that axe-core knows.

use crate::{SOON, clear_photo, serial_of};
use serde_json::json;
use tests::harness::{Browser, BrowserSettings, Caller, Installation, Reply, Sink, eventually};

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

/// The page in English and in Chinese, in light and in dark: nothing that keeps anybody out, nothing
/// that the browser complains of.
async fn assert_open_to_all(browser: &Browser, path: &str, name: &str) {
    for language in ["en", "zh"] {
        browser.run(&format!("document.cookie = 'lang={language}; path=/'")).await;
        for dark in [false, true] {
            browser.dark(dark).await;
            browser.open(path).await;
            assert_eq!(browser.run("return document.documentElement.lang").await, language);
            let shade = if dark { "dark" } else { "light" };
            browser.screenshot(&format!("{name}-{language}-{shade}")).await;
            assert_eq!(browser.barriers().await, [""; 0], "{path} {language} {shade}");
        }
    }
    browser.run("document.cookie = 'lang=en; path=/'").await;
    browser.dark(false).await;
    assert_eq!(browser.complaints().await, [""; 0], "{path}");
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
    let put_aside = operator.post(&format!("/v1/reviews/{second}/aside"), &ask).await;
    assert_eq!(put_aside.expect("an answer").status, 204);
    assert_open_to_all(&browser, "/console/review", "review-empty").await;
}

#[tokio::test]
async fn what_the_registry_refused_is_sent_again() {
    let sink = Sink::up().await;
    sink.reply(Reply::Status(422, r#"{"result":"rejected","code":"not_in_estate"}"#.into()));
    let installation = Installation::registering_at(&sink);
    let _server = installation.start().await;
    let operator = installation.caller("depot", "operator").await;
    let photo = clear_photo(65);
    operator.upload("one", &[&photo.jpeg]).await.expect("an answer");
    let delivered = |status: &'static str| {
        let operator = &operator;
        move || async move {
            let page = operator.get(&format!("/v1/deliveries?status={status}")).await?;
            (page.body["deliveries"].as_array()?.len() == 1).then_some(())
        }
    };
    eventually("the refusal", SOON, delivered("refused")).await;

    let browser = Browser::start(BrowserSettings::desk(), installation.address()).await;
    browser.sign_in(&operator, "eva", "operator").await;
    assert_open_to_all(&browser, "/console", "overview").await;
    assert_open_to_all(&browser, "/console/people", "people").await;
    assert_open_to_all(&browser, "/console/deliveries", "deliveries").await;
    browser.open("/console/deliveries").await;
    browser.until_shown("not_in_estate").await;
    browser.until_shown(&serial_of(&photo)).await;
    sink.reply(Reply::Accept);
    browser.click("#replay_all").await;
    eventually("the second attempt", SOON, delivered("delivered")).await;
    assert_eq!(sink.events().len(), 2, "the same event, twice");
    for request in browser.requests().await {
        let host = format!("http://{}/", installation.address());
        let ours = request.url.starts_with(&host) || request.url.starts_with("blob:");
        assert!(ours || request.url.starts_with("data:"), "{}", request.url);
    }
}

#[tokio::test]
async fn a_list_is_looked_at_imported_and_held_against_what_was_seen() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let operator = installation.caller("desk", "operator").await;
    for (key, serial) in [("1", "0821000001"), ("2", "0821000003")] {
        let photo = tests::render::tag(serial).expect("a symbol");
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

    assert_open_to_all(&browser, "/console/estate/differences", "differences").await;
    browser.open("/console/estate/differences").await;
    browser.until_shown("0821000003 looks like 0B21000003").await;
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
