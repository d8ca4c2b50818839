//! Bad networks: whatever breaks, one photo is one scan and one registration.

use super::Site;
use crate::{SOON, clear_photo, serial_of};
use std::collections::BTreeSet;
use tests::harness::{Browser, BrowserSettings, Camera, FlakyProxy, Signal, eventually};

/// Asks the page to try now instead of in a few seconds.
async fn back_online(phone: &Browser, line: &FlakyProxy) {
    line.set(Signal::Good);
    phone.offline(false).await;
    phone.run("window.dispatchEvent(new Event('online'))").await;
}

#[tokio::test]
async fn a_photo_taken_without_network_survives_a_reload_and_an_empty_battery() {
    let site = Site::up().await;
    let line = FlakyProxy::to(site.installation.address()).await;
    let profile = site.installation.folder().join("profile");
    let settings =
        BrowserSettings { profile: Some(profile), ..BrowserSettings::phone(Camera::Refused) };
    let phone = site.phone_through(settings.clone(), line.address()).await;
    phone.until("the page is kept", "navigator.serviceWorker.controller").await;

    line.set(Signal::Cut);
    phone.offline(true).await;
    let photo = clear_photo(74);
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    phone.until_shown("No connection").await;
    phone.until_shown("1 waiting to be sent").await;
    phone.screenshot("offline").await;
    phone.reload().await;
    phone.until_shown("1 waiting to be sent").await;
    phone.kill();

    // Chromium may not have written the session's cookie yet when it was killed.
    let phone = Browser::start(settings, line.address()).await;
    phone.open("/").await;
    phone.until_shown("1 waiting to be sent").await;
    assert_eq!(site.scans().await.len(), 0);
    line.set(Signal::Good);
    phone.sign_in(&site.operator, "ann", "technician").await;
    back_online(&phone, &line).await;
    phone.find("#recent .badge.accepted").await;
    phone.until("nothing waits", "document.getElementById('waiting').parentElement.hidden").await;
    site.assert_one_scan_registered(&serial_of(&photo)).await;
}

/// Where several photos are chosen at once.
const CHOOSE: &str = "input[type=file][multiple]";

#[tokio::test]
async fn photos_chosen_together_are_one_scan_each_whenever_the_phone_dies() {
    let site = Site::up().await;
    let line = FlakyProxy::to(site.installation.address()).await;
    let profile = site.installation.folder().join("profile");
    let settings =
        BrowserSettings { profile: Some(profile), ..BrowserSettings::phone(Camera::Refused) };
    let phone = site.phone_through(settings.clone(), line.address()).await;
    let photos: Vec<_> = (80..86).map(clear_photo).collect();
    let files: Vec<&[u8]> = photos.iter().map(|photo| photo.jpeg.as_slice()).collect();

    line.set(Signal::Cut);
    phone.choose_all(CHOOSE, &files).await;
    phone.until_shown("6 waiting to be sent").await;
    phone.screenshot("six-waiting").await;
    // Nobody is told that a photo is read while none has left the phone.
    phone.find("#current .badge.queued").await;
    phone.kill();
    line.set(Signal::Good);
    let phone = Browser::start(settings.clone(), line.address()).await;
    phone.sign_in(&site.operator, "ann", "technician").await;
    let some = || async { (site.scans().await.len() >= 2).then_some(()) };
    eventually("some are stored", SOON, some).await;
    phone.kill();
    let phone = Browser::start(settings, line.address()).await;
    phone.sign_in(&site.operator, "ann", "technician").await;
    let all = || async { (site.registry.accepted().len() >= photos.len()).then_some(()) };
    eventually("all are registered", SOON, all).await;
    phone.until("nothing waits", "document.getElementById('waiting').parentElement.hidden").await;

    let scans = site.scans().await;
    let read: BTreeSet<&str> =
        scans.iter().filter_map(|scan| scan["serial"]["value"].as_str()).collect();
    let printed: Vec<String> = photos.iter().map(serial_of).collect();
    assert_eq!(read, printed.iter().map(String::as_str).collect(), "each once");
    assert_eq!((scans.len(), site.registry.accepted().len()), (6, 6));
    // What was sent while nobody looked is told until somebody has read it.
    phone.until_shown(" sent:").await;
    phone.screenshot("arrived").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new());
    phone.click("#arrived button").await;
    phone.reload().await;
    phone.find("#take").await;
    assert_eq!(phone.run("return document.getElementById('arrived').hidden").await, true);
}

#[tokio::test]
async fn a_photo_that_waits_is_sent_as_its_takers_and_nobody_elses() {
    let site = Site::up().await;
    let line = FlakyProxy::to(site.installation.address()).await;
    let phone = site.phone_through(BrowserSettings::phone(Camera::Refused), line.address()).await;
    phone.find("#take").await;
    let photo = clear_photo(87);
    line.set(Signal::Cut);
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    phone.until_shown("1 waiting to be sent").await;
    phone.click("form[action='/sign-out'] button").await;
    eprintln!("{:?}", phone.complaints().await);
    let asked = phone.answer(false).await;
    assert!(asked.contains("Photos not sent yet: 1"), "{asked}");
    phone.until_shown("1 waiting to be sent").await;

    // Ben takes the phone over while the page is ann's: the service refuses what is not his.
    phone.offline(true).await;
    line.set(Signal::Good);
    let anns = phone.new_tab().await;
    phone.sign_in(&site.operator, "ben", "technician").await;
    phone.until_shown("1 of ann: sent when ann signs in here").await;
    phone.screenshot("of-another").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new());
    phone.go_to_tab(anns).await;
    phone.offline(false).await;
    phone.run("window.dispatchEvent(new Event('online'))").await;
    phone.until_shown("Somebody else has signed in").await;
    assert_eq!(site.scans().await.len(), 0);

    phone.sign_in(&site.operator, "ann", "technician").await;
    phone.find("#recent .badge.accepted").await;
    site.assert_one_scan_registered(&serial_of(&photo)).await;
    assert_eq!(site.registry.accepted()[0].json()["data"]["technician"], "ann");
}

#[tokio::test]
async fn a_cut_in_the_middle_costs_only_what_was_lost() {
    let site = Site::up().await;
    let line = FlakyProxy::to(site.installation.address()).await;
    let settings = BrowserSettings::phone(Camera::Refused);
    let phone = site.phone_through(settings, line.address()).await;
    let photo = clear_photo(75);
    let bytes = photo.jpeg.len() as u64;
    assert!(bytes > 200_000, "large enough to be cut in the middle: {bytes}");

    // The first attempt breaks after a few bytes, the second, in parts, after most of them.
    line.cut_after(bytes / 4);
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    phone.until_shown("1 waiting to be sent").await;
    phone.until("the page has noticed", "!document.getElementById('notice').hidden").await;
    assert_eq!(line.signal(), Signal::Cut);
    line.set(Signal::Good);
    line.cut_after(bytes * 3 / 4);
    phone.run("window.dispatchEvent(new Event('online'))").await;
    let cut = || async { (line.signal() == Signal::Cut).then_some(()) };
    eventually("the second cut", SOON, cut).await;

    let before = line.sent_bytes();
    back_online(&phone, &line).await;
    phone.find("#current .badge.accepted").await;
    let resent = line.sent_bytes() - before;
    // A part that was under way may be sent twice; the whole photo is not.
    assert!(resent < bytes, "{resent} of {bytes} bytes were sent after the cut");
    site.assert_one_scan_registered(&serial_of(&photo)).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again_under_the_same_key() {
    let site = Site::up().await;
    let line = FlakyProxy::to(site.installation.address()).await;
    let phone = site.phone_through(BrowserSettings::phone(Camera::Refused), line.address()).await;
    phone.find("#take").await;
    let photo = clear_photo(76);
    line.set(Signal::AnswersLost);
    phone.choose("#take input", "label.jpg", &photo.jpeg).await;
    let stored = || async { (site.scans().await.len() == 1).then_some(()) };
    eventually("the photo is stored", SOON, stored).await;
    phone.until_shown("1 waiting to be sent").await;
    back_online(&phone, &line).await;
    phone.find("#current .badge.accepted").await;
    site.assert_one_scan_registered(&serial_of(&photo)).await;
}
