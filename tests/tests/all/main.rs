//! All end-to-end tests in one binary: they link once and share the harness.
#![forbid(unsafe_code)]

mod abuse;
mod batch;
mod contract;
mod crash;
mod crash_points;
mod desk;
mod estate;
mod every_page;
mod inbox;
mod maintenance;
mod numbering;
mod oidc;
mod operating;
mod outages;
mod phone;
mod printing;
mod reading;
mod rendering;
mod secrecy;
mod serving;
mod signing_in;
mod soaking;
mod storage;
mod terminals;
mod why_not;

use render::{Code, Fonts, Layout, Photo, Recipe, photograph};
use std::time::Duration;

/// How long a test waits for something that takes a moment on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A photo that no reader has an excuse to miss.
fn clear_photo(seed: u64) -> Photo {
    let fonts = Fonts::load().expect("fonts");
    photograph(&fonts, &Recipe::turned(Code::Code128, 0.0), seed).expect("a photo")
}

/// A photo of a sticker with a few words and no number.
fn photo_without_numbers(seed: u64) -> Photo {
    let fonts = Fonts::load().expect("fonts");
    let recipe = Recipe { layout: Layout::NoNumbers, ..Recipe::turned(Code::Code128, 0.0) };
    photograph(&fonts, &recipe, seed).expect("a photo")
}

/// The serial that a photo's label carries, without separators.
fn serial_of(photo: &Photo) -> String {
    let printed = photo.truth.serial.as_deref().unwrap_or_default();
    printed.chars().filter(char::is_ascii_alphanumeric).collect()
}
