//! From the label to an answer in the same view.

use super::Site;
use crate::{clear_photo, photo_without_numbers, serial_of};
use serde_json::json;
use tests::harness::{BrowserSettings, Camera};

fn showing(jpeg: &[u8]) -> BrowserSettings {
    BrowserSettings::phone(Camera::Showing(jpeg.to_vec()))
}

#[tokio::test]
async fn the_viewfinder_reads_a_label_by_itself() {
    let site = Site::up().await;
    let photo = clear_photo(71);
    let phone = site.phone(showing(&photo.jpeg)).await;
    phone.find("#current .badge.accepted").await;
    phone.screenshot("accepted").await;
    phone.until_shown("Registered").await;
    phone.screenshot("registered").await;
    phone.dark(true).await;
    phone.screenshot("registered-dark").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new(), "dark");
    phone.dark(false).await;
    assert_eq!(phone.barriers().await, Vec::<String>::new(), "light");

    site.assert_one_scan_registered(&serial_of(&photo)).await;
    let requests = phone.requests().await;
    let to = |path: &str| requests.iter().filter(|it| it.url.ends_with(path)).count();
    assert!(to("/v1/read") >= 2, "two frames agree: {requests:?}");
    assert_eq!(to("/v1/scans"), 1, "one photo is handed in: {requests:?}");
    assert_eq!(phone.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_phone_without_a_camera_page_takes_photos_through_the_file_input() {
    let site = Site::up().await;
    let photo = clear_photo(72);
    // A name is not trusted as the loopback address is: no camera, no service worker.
    let settings = BrowserSettings { host: Some("phone.test"), ..showing(&photo.jpeg) };
    let phone = site.phone(settings).await;
    phone.find("#take").await;
    phone.screenshot("choices").await;
    let offered = phone.run("return [isSecureContext, document.getElementById('camera').hidden, document.querySelector('#take input').getAttribute('capture')]").await;
    assert_eq!(offered, json!([false, true, "environment"]));
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    phone.find("#current .badge.accepted").await;
    site.assert_one_scan_registered(&serial_of(&photo)).await;
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_is_typed_with_the_keys_of_the_page() {
    let site = Site::up().await;
    let phone = site.phone(BrowserSettings::phone(Camera::Refused)).await;
    phone.click("#camera").await;
    phone.until_shown("The camera cannot be opened").await;
    phone.screenshot("no-camera").await;

    phone.choose("#take input", "sticker.jpg", &photo_without_numbers(73).jpeg).await;
    phone.find("#current .badge.unreadable").await;
    phone.find("#current ul.hints li").await;
    phone.screenshot("unreadable").await;
    phone.click("#current summary").await;
    for character in "0821032398".chars() {
        let key = format!(
            "[...document.querySelectorAll('.key')].find((it) => it.textContent === '{character}')"
        );
        phone.until("the key is there", &key).await;
        phone.run(&format!("{key}.click()")).await;
    }
    phone.screenshot("typing").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new());
    phone.click("#current .save").await;
    phone.find("#current .badge.accepted").await;
    site.assert_one_scan_registered("0821032398").await;
}
