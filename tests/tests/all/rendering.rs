//! The renderer must be right before anything is measured with it.

use rand::{SeedableRng, rngs::StdRng};
use render::{Code, Fonts, Ink, Layout, Maker, Photo, Recipe, Shot, photograph};
use rxing::{BarcodeFormat, DecodeHints, helpers::detect_in_luma_with_hints};
use std::collections::HashSet;

fn steady(layout: Layout, code: Code) -> Recipe {
    Recipe { layout, ..Recipe::turned(code, 0.0) }
}

fn decode(photo: &Photo, format: BarcodeFormat) -> Option<String> {
    let grey = image::load_from_memory(&photo.jpeg).expect("a JPEG").into_luma8();
    let (width, height) = grey.dimensions();
    let mut hints = DecodeHints {
        PossibleFormats: Some(HashSet::from([format])),
        TryHarder: Some(true),
        ..DecodeHints::default()
    };
    detect_in_luma_with_hints(grey.into_raw(), width, height, Some(format), &mut hints)
        .ok()
        .map(|result| result.getText().to_owned())
}

#[test]
fn same_seed_same_bytes() {
    let fonts = Fonts::load().expect("fonts");
    let make = |seed| {
        let recipe = Recipe::field(&mut StdRng::seed_from_u64(seed));
        photograph(&fonts, &recipe, seed).expect("a photo")
    };
    let (first, again, other) = (make(7), make(7), make(8));
    assert_eq!(first.jpeg, again.jpeg);
    assert_eq!(first.truth, again.truth);
    assert_ne!(first.jpeg, other.jpeg);
    assert_ne!(first.truth.serial, other.truth.serial);
}

#[test]
fn a_plain_reader_finds_what_was_printed() {
    let fonts = Fonts::load().expect("fonts");
    let cases = [
        (Layout::CodeAboveSerial, Code::Code128, BarcodeFormat::CODE_128, "Code 128"),
        (Layout::CodeAboveSerial, Code::Code39, BarcodeFormat::CODE_39, "Code 39"),
        (Layout::QrBeside, Code::Code128, BarcodeFormat::QR_CODE, "QR Code"),
        (Layout::DataMatrixBeside, Code::Code128, BarcodeFormat::DATA_MATRIX, "Data Matrix"),
        (Layout::NoSerial, Code::Code128, BarcodeFormat::EAN_13, "EAN-13"),
    ];
    for (layout, code, format, name) in cases {
        let photo = photograph(&fonts, &steady(layout, code), 11).expect("a photo");
        let printed = photo.truth.barcodes.iter().find(|code| code.format == name);
        let printed = printed.map(|code| code.text.clone());
        assert_eq!(decode(&photo, format), printed, "{name}");
    }
}

#[test]
fn every_layout_can_be_made_by_every_maker() {
    let fonts = Fonts::load().expect("fonts");
    let small = Shot { photo_px: (320, 240), ..Shot::steady() };
    for maker in Maker::ALL {
        for layout in Layout::WITH_SERIAL.into_iter().chain([Layout::Wrapped]) {
            for code in [Code::Code128, Code::Code39] {
                let recipe = Recipe { layout, code, maker, ink: Ink::Dotted, shot: small };
                let photo = photograph(&fonts, &recipe, 3).expect("a photo");
                assert!(photo.truth.serial.is_some(), "{layout:?} {maker:?}");
            }
        }
        for layout in [Layout::NoSerial, Layout::NoNumbers] {
            let recipe = Recipe { layout, maker, shot: small, ..steady(layout, Code::Code128) };
            let photo = photograph(&fonts, &recipe, 3).expect("a photo");
            assert_eq!(photo.truth.serial, None, "{layout:?} {maker:?}");
        }
    }
}
