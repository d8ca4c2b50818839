//! From the label to an answer in the same view.

use super::Site;
use crate::{SOON, clear_photo, photo_without_numbers, serial_of};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use rand::{SeedableRng, rngs::StdRng};
use render::{Fonts, Ink, Photo, photograph, set};
use serde_json::json;
use std::time::Duration;
use tests::harness::{BrowserSettings, Camera, eventually};

fn showing(jpeg: &[u8]) -> BrowserSettings {
    BrowserSettings::phone(Camera::Showing(jpeg.to_vec()))
}

#[tokio::test]
async fn the_viewfinder_reads_a_label_by_itself() {
    let site = Site::up().await;
    let photo = clear_photo(71);
    let phone = site.phone(showing(&upright(&photo, 180))).await;
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

/// A camera's picture of that size with `photo` at `left` and `top`, before something grey.
fn beside(photo: &Photo, (width, height): (u32, u32), (left, top): (i64, i64)) -> Vec<u8> {
    let label = image::load_from_memory(&photo.jpeg).expect("a JPEG").into_rgb8();
    let mut picture = RgbImage::from_pixel(width, height, image::Rgb([96, 96, 96]));
    image::imageops::replace(&mut picture, &label, left, top);
    jpeg_of(&picture)
}

/// A camera's picture of which a phone held upright shows all, with the label so far from the top;
/// the frame is drawn from 200 to 850 pixels.
fn upright(photo: &Photo, top: i64) -> Vec<u8> {
    let mut label = photo.clone();
    let small = image::load_from_memory(&photo.jpeg).expect("a JPEG").resize(
        960,
        720,
        image::imageops::FilterType::Lanczos3,
    );
    label.jpeg = jpeg_of(&small.into_rgb8());
    beside(&label, (1100, 1424), (70, top))
}

fn jpeg_of(picture: &RgbImage) -> Vec<u8> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 92).encode_image(picture).expect("a JPEG");
    jpeg
}

#[tokio::test]
async fn a_label_beside_the_frame_is_neither_sent_nor_taken() {
    let site = Site::up().await;
    let photo = clear_photo(88);
    let label = image::load_from_memory(&photo.jpeg).expect("a JPEG");
    // A phone held upright shows the middle of a picture that lies: the label is far to the left.
    let (width, height) = (4 * label.width(), 2 * label.height());
    let hidden = beside(&photo, (width, height), (0, i64::from(label.height() / 2)));
    let phone = site.phone(showing(&hidden)).await;
    let read = || async {
        let requests = phone.requests().await;
        requests.iter().any(|it| it.url.ends_with("/v1/read")).then_some(())
    };
    eventually("a frame was read", SOON, read).await;
    phone.until("it says what to do", "document.getElementById('live').textContent").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let read = phone.requests().await.iter().filter(|it| it.url.ends_with("/v1/read")).count();
    assert!(read <= 6, "{read} frames of a picture that stands still were sent");
    assert_eq!((site.scans().await.len(), site.registry.events().len()), (0, 0));
    phone.screenshot("label-beside").await;

    // Below the frame it is seen and read, and the person is told to aim.
    let below = upright(&photo, 700);
    let phone = site.phone(showing(&below)).await;
    phone.until_shown("Move the label into the frame").await;
    phone.screenshot("label-below").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((site.scans().await.len(), site.registry.events().len()), (0, 0));
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
    // Nobody read it: it is typed a second time, and then somebody else looks at it.
    phone.find(".again input").await.send_keys("082 103 2398").await.expect("keys");
    phone.screenshot("typing-again").await;
    phone.click(".again button").await;
    phone.find("#current .badge.review").await;
    phone.until_shown("Somebody else looks at it").await;
    assert_eq!(site.registry.events().len(), 0, "nobody else has looked");
    let scan = site.scans().await[0]["id"].as_str().expect("an id").to_owned();
    let confirm = json!({"action": "confirm", "serial": "0821032398"});
    let path = format!("/v1/scans/{scan}/decision");
    assert_eq!(site.operator.post(&path, &confirm).await.expect("an answer").status, 200);
    site.assert_one_scan_registered("0821032398").await;
}

/// A serial printed in dots, 115824589, whose fourth character reads as 0 and not surely: one of a
/// set of photos, found by reading them.
fn doubtful_photo() -> Photo {
    let fonts = Fonts::load().expect("fonts");
    let recipes = set::printed(Ink::Dotted, 30, &mut StdRng::seed_from_u64(7));
    photograph(&fonts, &recipes[29], 7_000_050).expect("a photo")
}

#[tokio::test]
async fn a_doubtful_character_is_corrected_with_the_keys_that_its_format_allows() {
    let site = Site::up().await;
    let photo = doubtful_photo();
    let printed = serial_of(&photo);
    let phone = site.phone(BrowserSettings::phone(Camera::Refused)).await;
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    phone.find("#current .badge.review").await;
    assert_eq!(site.registry.events().len(), 0, "nothing is registered on doubt");
    phone.click("#current .corrector summary").await;
    phone.find("#current .cell").await;
    let typed = "[...document.querySelectorAll('.cell')].map((it) => it.textContent).join('')";
    let read = phone.run(&format!("return {typed}")).await;
    let read = read.as_str().and_then(|read| read.strip_suffix('+')).expect("a serial");
    let wrong: Vec<usize> =
        (0..printed.len()).filter(|at| read.get(*at..=*at) != printed.get(*at..=*at)).collect();
    assert_eq!((read.len(), wrong.len()), (printed.len(), 1), "{read} for {printed}");

    let chosen =
        "[...document.querySelectorAll('.cell')].findIndex((it) => it.ariaPressed === 'true')";
    assert_eq!(phone.run(&format!("return {chosen}")).await, wrong[0], "the doubtful one first");
    phone.find(".cell.doubtful[aria-pressed=true]").await;
    let keys = "[...document.querySelectorAll('.key')].map((it) => it.textContent).join('')";
    phone.until("the format's characters alone", &format!("{keys} === '0123456789'")).await;
    phone.screenshot("correcting").await;
    // A letter cannot stand there: it is not taken from a keyboard either.
    phone.run("document.querySelector('.key').focus()").await;
    phone.press("B").await;
    assert_eq!(phone.run(&format!("return {typed}")).await, format!("{read}+"));
    let right = &printed[wrong[0]..=wrong[0]];
    let key = format!(
        "[...document.querySelectorAll('.key')].find((it) => it.textContent === '{right}')"
    );
    phone.run(&format!("{key}.click()")).await;
    phone.until("it is corrected", &format!("{typed} === '{printed}+'")).await;
    phone.click("#current .save").await;
    phone.find("#current .badge.accepted").await;
    site.assert_one_scan_registered(&printed).await;
    assert_eq!(site.scans().await[0]["serial"]["source"], "person");
}
