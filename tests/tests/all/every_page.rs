//! Every page, for everybody: in both languages, by day and by night, without a barrier that
//! axe-core knows, as wide as the screen, light enough for a bad network, and in touch with nobody
//! but the service.

use crate::phone::Site;
use crate::{clear_photo, photo_without_numbers};
use render::tag;
use serde_json::json;
use tests::harness::{Browser, BrowserSettings, Camera, Reply, eventually, root};

/// A page with its style and scripts, in bytes over the wire; the photos it shows come on top.
const PAGE_BYTES_MAX: u64 = 150_000;
/// The narrow screen that every page must fit.
const PHONE_PX: (u32, u32) = (390, 844);

/// Looks at a page in English and in Chinese, in light and in dark: nothing that keeps anybody out,
/// nothing that the browser complains of.
pub(crate) async fn assert_open_to_all(browser: &Browser, path: &str, name: &str) {
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

/// The same of what a page shows now, which would be gone if it were loaded anew.
async fn assert_open_as_it_is(browser: &Browser, name: &str) {
    for (shade, dark) in [("dark", true), ("light", false)] {
        browser.dark(dark).await;
        browser.screenshot(&format!("{name}-{shade}")).await;
        assert_eq!(browser.barriers().await, [""; 0], "{name} {shade}");
    }
    assert_fits(browser, name).await;
    assert_eq!(browser.complaints().await, [""; 0], "{name}");
}

/// Loads a page as at the first visit and weighs it; gives its bytes.
pub(crate) async fn assert_light_and_alone(browser: &Browser, path: &str) -> u64 {
    browser.requests().await;
    cold(browser).await;
    browser.open(path).await;
    browser.until("everything is loaded", "performance.timing.loadEventEnd > 0").await;
    let own = browser.run("return location.origin").await;
    let own = format!("{}/", own.as_str().unwrap_or_default());
    let requests = browser.requests().await;
    let mut bytes = 0;
    for request in &requests {
        let known = ["blob:", "data:", &own].iter().any(|start| request.url.starts_with(start));
        assert!(known, "{path} asks {}", request.url);
        let photo = request.url.ends_with("/photo") || request.url.contains("/photo?");
        bytes += if photo { 0 } else { request.received_bytes };
    }
    assert!((10_000..PAGE_BYTES_MAX).contains(&bytes), "{path}: {bytes} bytes: {requests:?}");
    bytes
}

/// Empties the caches and lets no service worker answer, as at the first visit.
pub(crate) async fn cold(browser: &Browser) {
    browser.devtools("Network.enable", json!({})).await;
    browser.devtools("Network.clearBrowserCache", json!({})).await;
    browser.devtools("Network.setBypassServiceWorker", json!({ "bypass": true })).await;
}

/// Nothing but the service's own files may run or be shown, and nothing stands in the page itself.
async fn assert_strict(browser: &Browser, path: &str) {
    let script = "return fetch(location.href).then(async (page) => \
         [page.headers.get('content-security-policy'), await page.text()])";
    let answer = browser.run(script).await;
    let [policy, html] = [&answer[0], &answer[1]].map(|it| it.as_str().expect("a text"));
    assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    for loose in ["unsafe", "*", "http:", "https:"] {
        assert!(!policy.contains(loose), "{path}: {policy}");
    }
    for script in html.split("<script").skip(1) {
        let file = script.starts_with(" type=\"module\" src=\"/assets/");
        let data = script.starts_with(" type=\"application/json\"");
        assert!(file || data, "{path}: <script{script}");
    }
    for inline in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
        assert!(!html.contains(inline), "{path}: {inline} in {html}");
    }
}

/// Nothing stands out at the side.
async fn assert_fits(browser: &Browser, path: &str) {
    let wide =
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]";
    let wide = browser.run(wide).await;
    assert!(wide[0].as_u64() <= wide[1].as_u64(), "{path} is too wide: {wide}");
}

/// The same on a phone's screen.
async fn assert_fits_a_phone(browser: &Browser, path: &str, name: &str) {
    let (width, height) = PHONE_PX;
    let metrics =
        json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": true });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    browser.open(path).await;
    for (shade, dark) in [("dark", true), ("light", false)] {
        browser.dark(dark).await;
        browser.screenshot(&format!("{name}-narrow-{shade}")).await;
    }
    assert_fits(browser, path).await;
    browser.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
}

/// The pages of the console and what stands around it, with names for their pictures.
const PAGES: [(&str, &str); 10] = [
    ("/console", "overview"),
    ("/console/review", "review"),
    ("/console/terminals", "terminals"),
    ("/console/terminals/0821000001", "terminal"),
    ("/console/estate", "estate"),
    ("/console/estate/differences", "differences"),
    ("/console/deliveries", "deliveries"),
    ("/console/people", "people"),
    ("/", "capture"),
    ("/docs", "docs"),
];

/// A service with something on each page.
async fn lived_in() -> Site {
    let site = Site::up().await;
    let details = json!({
        "model": "A920", "merchant": "Kiosk am Hauptbahnhof", "site": "Station Road 4",
    });
    let refusal = r#"{"result":"rejected","code":"merchant_inactive"}"#;
    for (at, serial) in ["0821000001", "0821000002", "0821000003"].into_iter().enumerate() {
        if at == 2 {
            site.registry.reply(Reply::Status(422, refusal.into()));
        }
        let photo = tag(serial).expect("a symbol");
        let sent = site.operator.upload_with(serial, &[&photo], Some(&details)).await;
        assert_eq!(sent.expect("an answer").body["status"], "accepted");
        let settled = || async {
            let page = site.operator.get("/v1/deliveries?status=queued").await?;
            page.body["deliveries"].as_array()?.is_empty().then_some(())
        };
        eventually("the registry's answer", crate::SOON, settled).await;
    }
    let two = [51, 52].map(clear_photo);
    let photos: [&[u8]; 2] = [&two[0].jpeg, &two[1].jpeg];
    let doubt = site.operator.upload_with("doubt", &photos, Some(&details)).await;
    assert_eq!(doubt.expect("an answer").body["status"], "review");
    let list = "Model,S/N\nA920,0821000001\nA920,0821000009\nA80,0B21000003\n";
    let import = site.operator.request(reqwest::Method::POST, "/v1/estate");
    let import = import.header("Content-Type", "text/csv").body(list);
    assert_eq!(site.operator.send(import).await.expect("an answer").status, 200);
    let work = json!({ "on": "2026-01-31", "kind": "repair", "note": "New battery." });
    let path = "/v1/terminals/0821000001/maintenance";
    assert_eq!(site.operator.post(path, &work).await.expect("an answer").status, 201);
    site
}

#[tokio::test]
async fn every_page_is_open_to_all_light_and_alone() {
    let routes = root().join("crates/web/src/api/console.rs");
    let routes = std::fs::read_to_string(routes).expect("the console's routes");
    let known = PAGES.iter().filter(|(path, _)| path.starts_with("/console")).count();
    assert_eq!(routes.matches(".route(\"").count(), known, "a page is not looked at");

    let site = lived_in().await;
    let browser = Browser::start(BrowserSettings::desk(), site.installation.address()).await;
    browser.open("/sign-in").await;
    assert_open_to_all(&browser, "/sign-in", "sign-in").await;
    assert_light_and_alone(&browser, "/sign-in").await;
    assert_strict(&browser, "/sign-in").await;
    assert_fits_a_phone(&browser, "/sign-in", "sign-in").await;
    browser.sign_in(&site.operator, "eva", "operator").await;
    for (path, name) in PAGES {
        assert_open_to_all(&browser, path, name).await;
        let bytes = assert_light_and_alone(&browser, path).await;
        eprintln!("{path}: {bytes} bytes");
        assert_strict(&browser, path).await;
        assert_fits(&browser, path).await;
        assert_fits_a_phone(&browser, path, name).await;
    }
}

#[tokio::test]
async fn what_the_phone_shows_about_a_photo_is_open_to_all() {
    let site = Site::up().await;
    let phone = site.phone(BrowserSettings::phone(Camera::Refused)).await;
    let two = [53, 54].map(clear_photo);
    let both = render::side_by_side(&two[0], &two[1]).expect("a photo");
    for language in ["en", "zh"] {
        phone.run(&format!("document.cookie = 'lang={language}; path=/'")).await;
        phone.open("/").await;
        let shown = [("unreadable", photo_without_numbers(55).jpeg), ("review", both.jpeg.clone())];
        for (status, jpeg) in shown {
            phone.choose("#take input", "label.jpg", &jpeg).await;
            phone.find(&format!("#current .badge.{status}")).await;
            phone.click("#current .corrector summary").await;
            phone.find("#current .key").await;
            assert_open_as_it_is(&phone, &format!("phone-{status}-{language}")).await;
        }
        phone.click("#more > summary").await;
        phone.find("#expected").await;
        assert_open_as_it_is(&phone, &format!("phone-details-{language}")).await;
    }
}
