//! The page itself: its languages, its weight, what it says beside the photo.

use super::Site;
use crate::every_page::{assert_light_and_alone, cold};
use crate::{clear_photo, serial_of};
use serde_json::json;
use tests::harness::{BrowserSettings, Camera};

#[tokio::test]
async fn the_page_is_chinese_where_the_browser_is_and_english_when_asked() {
    let site = Site::up().await;
    let settings = BrowserSettings {
        languages: "zh-CN,zh;q=0.9,en;q=0.5",
        ..BrowserSettings::phone(Camera::Refused)
    };
    let phone = site.phone(settings).await;
    phone.until_shown("拍摄标签").await;
    assert_eq!(phone.run("return document.documentElement.lang").await, json!("zh"));
    let photo = clear_photo(77);
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    phone.until_shown("登记系统已收到").await;
    phone.screenshot("chinese").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new());
    phone.click("button[data-lang=en]").await;
    phone.until_shown("Photograph the label").await;
    phone.reload().await;
    phone.until_shown("Photograph the label").await;
}

#[tokio::test]
async fn a_batch_counts_each_terminal_once_and_details_go_with_it() {
    let site = Site::up().await;
    let photo = clear_photo(78);
    let phone = site.phone(BrowserSettings::phone(Camera::Refused)).await;
    phone.click("#more > summary").await;
    phone.find("input[name=site]").await.send_keys("Pier 3").await.expect("keys");
    let operation = phone.find("select[name=operation]").await;
    operation.select_by_value("stock_in").await.expect("an option");
    phone.find("#expected").await.send_keys("2").await.expect("keys");
    phone.screenshot("details").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new());
    phone.click("#batch_start").await;
    phone.until_shown("0 of 2").await;
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    phone.until_shown("1 of 2").await;
    phone.choose("#take input", "again.jpg", &photo.jpeg).await;
    phone.until_shown("Counted already in this batch").await;
    phone.until_shown("Known already: ann").await;
    phone.until_shown("1 of 2").await;
    phone.screenshot("duplicate").await;

    let events = site.registry.accepted();
    assert_eq!(events.len(), 1, "the same terminal is one registration: {events:?}");
    let data = &events[0].json()["data"];
    assert_eq!(data["serial"]["value"], serial_of(&photo));
    assert_eq!((&data["operation"], &data["technician"]), (&json!("stock_in"), &json!("ann")));
    assert!(data["site"].to_string().contains("Pier 3"), "{data}");
}

#[tokio::test]
async fn the_page_is_light_and_asks_no_other_host() {
    let site = Site::up().await;
    let phone = site.phone(BrowserSettings::phone(Camera::Refused)).await;
    phone.find("#take").await;
    let bytes = assert_light_and_alone(&phone, "/").await;
    eprintln!("first load: {bytes} bytes");
    assert_eq!(phone.complaints().await, Vec::<String>::new());

    // Told, not judged: how long it takes on a slow phone depends on what else this machine does.
    phone.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": 4 })).await;
    cold(&phone).await;
    phone.reload().await;
    let mark = "performance.getEntriesByName('usable')[0]?.startTime";
    phone.until("the page is usable", mark).await;
    eprintln!(
        "usable after {} ms on a processor slowed 4 times",
        phone.run(&format!("return {mark}")).await
    );
}
