//! Drawn codes at every angle, and pictures made to hang a reader.

use crate::barcode::budget::WorkBudget;
use crate::barcode::read_barcodes;
use crate::barcode::symbologies::Symbologies;
use crate::image::quad::centre;
use image::{GrayImage, Luma, imageops};
use imageproc::geometric_transformations::{Border, Interpolation, rotate_about_center};
use rxing::{BarcodeFormat, Writer, aztec, datamatrix, oned, pdf417, qrcode};
use validate::{Barcode, Point, Symbology};

const WHITE: Luma<u8> = Luma([225]);
const BLACK: u8 = 35;

fn read(photo: &GrayImage) -> Vec<Barcode> {
    let mut budget = WorkBudget::for_photo(photo.width(), photo.height());
    read_barcodes(photo, &mut budget, Symbologies::DEVICE).barcodes
}

/// A code in the middle of a white square, `module` pixels a module.
fn drawn(writer: &impl Writer, text: &str, format: BarcodeFormat, module: u32) -> GrayImage {
    let bits = writer.encode(text, &format, 0, 0).expect("the text can be encoded");
    let linear = bits.height() == 1;
    let (wide, high) = (bits.width() * module, if linear { 60 } else { bits.height() * module });
    let side = ((wide * wide + high * high) as f32).sqrt() as u32 + 80;
    let (left, top) = ((side - wide) / 2, (side - high) / 2);
    GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = (x.wrapping_sub(left), y.wrapping_sub(top));
        let black =
            x < wide && y < high && { bits.get(x / module, if linear { 0 } else { y / module }) };
        if black { Luma([BLACK]) } else { WHITE }
    })
}

/// Turned clockwise, blurred, and with noise of a few grey levels from a fixed seed.
fn photographed(picture: &GrayImage, degrees: f32, blur: f32) -> GrayImage {
    let turned = rotate_about_center(
        picture,
        degrees.to_radians(),
        Interpolation::Bilinear,
        Border::Constant(WHITE),
    );
    let mut out = imageops::blur(&turned, blur);
    let mut state = 7u32;
    for pixel in out.pixels_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        pixel.0[0] = pixel.0[0].saturating_add((state >> 28) as u8);
    }
    out
}

#[test]
fn linear_codes_read_at_every_angle_with_their_direction() {
    let codes: [(&GrayImage, &str, Symbology); 2] = [
        (
            &drawn(&oned::Code128Writer, "SN0821032398", BarcodeFormat::CODE_128, 3),
            "SN0821032398",
            Symbology::Code128,
        ),
        (
            &drawn(&oned::Code39Writer, "77987515", BarcodeFormat::CODE_39, 2),
            "77987515",
            Symbology::Code39,
        ),
    ];
    for (picture, text, symbology) in codes {
        for degrees in (0..360).step_by(15) {
            let photo = photographed(picture, degrees as f32, 0.8);
            let found = read(&photo);
            assert_eq!(found.len(), 1, "{symbology:?} at {degrees}: {found:?}");
            let code = &found[0];
            assert_eq!((code.symbology, code.payload.as_str()), (symbology, text));
            assert!(code.votes >= 4, "{symbology:?} at {degrees}: {} votes", code.votes);
            let middle = photo.width() as f32 / 2.0;
            let place = centre(&code.quad);
            assert!((place.x - middle).hypot(place.y - middle) < 12.0, "at {degrees}: {place:?}");
            let [start, end, ..] = code.quad;
            let angle = (end.y - start.y).atan2(end.x - start.x).to_degrees();
            let off = (angle - degrees as f32).rem_euclid(360.0);
            assert!(off.min(360.0 - off) < 4.0, "{degrees} read as {angle}");
        }
    }
}

#[test]
fn symbols_of_every_kind_read_with_their_corners_in_order() {
    let text = "S/N:77987515";
    let kinds: [(GrayImage, Symbology); 4] = [
        (drawn(&qrcode::QRCodeWriter, text, BarcodeFormat::QR_CODE, 5), Symbology::QrCode),
        (
            drawn(&datamatrix::DataMatrixWriter, text, BarcodeFormat::DATA_MATRIX, 5),
            Symbology::DataMatrix,
        ),
        (drawn(&aztec::AztecWriter, text, BarcodeFormat::AZTEC, 5), Symbology::Aztec),
        (drawn(&pdf417::PDF417Writer, text, BarcodeFormat::PDF_417, 3), Symbology::Pdf417),
    ];
    for (picture, symbology) in kinds {
        // The reader of PDF417 turns the picture itself and names its corners in the turned one.
        let turns = if symbology == Symbology::Pdf417 { 0..1 } else { 0..4 };
        for degrees in turns.map(|turn| 4.0 + 90.0 * turn as f32) {
            let found = read(&photographed(&picture, degrees, 0.7));
            let seen: Vec<_> =
                found.iter().map(|code| (code.symbology, code.payload.as_str())).collect();
            assert_eq!(seen, [(symbology, text)], "{degrees}");
            let (sin, cos) = degrees.to_radians().sin_cos();
            let goes = |from: Point, to: Point, along: (f32, f32)| {
                let (x, y) = (to.x - from.x, to.y - from.y);
                x * along.0 + y * along.1 > 0.95 * x.hypot(y)
            };
            let (right, down) = ((cos, sin), (-sin, cos));
            let are_corners = |first: usize| {
                let [top_left, top_right, bottom_right, bottom_left] =
                    [0, 1, 2, 3].map(|corner| found[0].quad[(first + corner) % 4]);
                goes(top_left, top_right, right)
                    && goes(bottom_left, bottom_right, right)
                    && goes(top_left, bottom_left, down)
                    && goes(top_right, bottom_right, down)
            };
            // The eye of an Aztec symbol does not say which side is up.
            let firsts = if symbology == Symbology::Aztec { 0..4 } else { 0..1 };
            let is_in_order = firsts.into_iter().any(are_corners);
            assert!(is_in_order, "{symbology:?} at {degrees}: {:?}", found[0].quad);
        }
    }
}

#[test]
fn faint_symbols_read_on_dark_and_on_bright_grounds() {
    let text = "S/N:77987515";
    let symbols = [
        (
            drawn(&datamatrix::DataMatrixWriter, text, BarcodeFormat::DATA_MATRIX, 5),
            Symbology::DataMatrix,
        ),
        (drawn(&qrcode::QRCodeWriter, text, BarcodeFormat::QR_CODE, 5), Symbology::QrCode),
    ];
    for (symbol, symbology) in symbols {
        for (dark, bright) in [(30, 70), (60, 100), (190, 230)] {
            let mut label = GrayImage::from_pixel(600, 500, Luma([bright]));
            let mut faint = symbol.clone();
            for level in faint.iter_mut() {
                *level = if *level == BLACK { dark } else { bright };
            }
            imageops::replace(&mut label, &faint, 220, 160);
            let found = read(&photographed(&label, 0.0, 0.6));
            let seen: Vec<_> =
                found.iter().map(|code| (code.symbology, code.payload.as_str())).collect();
            assert_eq!(seen, [(symbology, text)], "{dark} on {bright}");
        }
    }
}

#[test]
fn aztec_reads_at_every_angle_wherever_it_stands() {
    for (text, module) in [("77987515", 5), ("SN0821032398;PN A920-0AW-RD5-21EA;HW 02", 4)] {
        let symbol = drawn(&aztec::AztecWriter, text, BarcodeFormat::AZTEC, module);
        let mut label = GrayImage::from_pixel(900, 700, WHITE);
        imageops::replace(&mut label, &symbol, 280, 170);
        for degrees in (0..360).step_by(45) {
            let found = read(&photographed(&label, degrees as f32, 0.8));
            let seen: Vec<_> =
                found.iter().map(|code| (code.symbology, code.payload.as_str())).collect();
            assert_eq!(seen, [(Symbology::Aztec, text)], "at {degrees}");
        }
    }
}

#[test]
fn weak_codes_are_read_only_when_asked_for() {
    let itf = drawn(&oned::ITFWriter, "0053681549", BarcodeFormat::ITF, 3);
    let codabar = drawn(&oned::CodaBarWriter, "A1234567B", BarcodeFormat::CODABAR, 3);
    let seen = |picture: &GrayImage, wanted: Symbologies| {
        let photo = photographed(picture, 20.0, 0.7);
        let mut budget = WorkBudget::for_photo(photo.width(), photo.height());
        let found = read_barcodes(&photo, &mut budget, wanted).barcodes;
        found.into_iter().map(|code| (code.symbology, code.payload)).collect::<Vec<_>>()
    };
    assert_eq!(seen(&itf, Symbologies::DEVICE), []);
    let expected = [(Symbology::Itf, "0053681549".to_owned())];
    assert_eq!(seen(&itf, Symbologies::DEVICE.with(Symbology::Itf)), expected);
    assert_eq!(seen(&codabar, Symbologies::DEVICE), []);
    let expected = [(Symbology::Codabar, "1234567".to_owned())];
    assert_eq!(seen(&codabar, Symbologies::DEVICE.with(Symbology::Codabar)), expected);
}

#[test]
fn small_symbols_read_in_a_large_photo() {
    let text = "S/N:77987515";
    let code = drawn(&oned::Code128Writer, text, BarcodeFormat::CODE_128, 2);
    let matrix = drawn(&datamatrix::DataMatrixWriter, text, BarcodeFormat::DATA_MATRIX, 3);
    for (symbol, symbology) in [(code, Symbology::Code128), (matrix, Symbology::DataMatrix)] {
        let mut photo = GrayImage::from_pixel(2400, 1800, WHITE);
        imageops::replace(&mut photo, &symbol, 1700, 1100);
        let found = read(&photographed(&photo, 0.0, 0.6));
        let seen: Vec<_> =
            found.iter().map(|code| (code.symbology, code.payload.as_str())).collect();
        assert_eq!(seen, [(symbology, text)]);
    }
}

#[test]
fn stripes_without_a_code_are_no_unread_code_and_a_damaged_code_is() {
    let unread = |photo: &GrayImage| {
        let mut budget = WorkBudget::for_photo(photo.width(), photo.height());
        let found = read_barcodes(photo, &mut budget, Symbologies::DEVICE);
        assert!(found.barcodes.is_empty());
        found.located_unread.len()
    };
    let grille = GrayImage::from_fn(800, 600, |x, y| {
        let on = (200..600).contains(&x) && (200..400).contains(&y) && x % 12 < 6;
        Luma([if on { BLACK } else { 225 }])
    });
    assert_eq!(unread(&photographed(&grille, 7.0, 0.8)), 0);
    let mut damaged = drawn(&oned::Code128Writer, "SN0821032398", BarcodeFormat::CODE_128, 3);
    let middle = damaged.width() / 2;
    for y in 0..damaged.height() {
        for x in middle - 12..middle + 9 {
            damaged.put_pixel(x, y, WHITE);
        }
    }
    assert_eq!(unread(&photographed(&damaged, 7.0, 0.8)), 1);
}

#[test]
fn every_code_of_a_label_is_found_at_its_place() {
    let mut label = GrayImage::from_pixel(900, 700, WHITE);
    let texts = ["1234567890", "SN-A7", "PN0042", "869810058749302"];
    for (row, text) in texts.iter().enumerate() {
        let code = drawn(&oned::Code128Writer, text, BarcodeFormat::CODE_128, 2);
        let half = code.height() / 2;
        let strip = imageops::crop_imm(&code, 0, half - 30, code.width(), 60).to_image();
        imageops::replace(&mut label, &strip, 120, 60 + 150 * row as i64);
    }
    let found = read(&photographed(&label, 3.0, 0.6));
    let payloads: Vec<_> = found.iter().map(|code| code.payload.as_str()).collect();
    assert_eq!(payloads, texts, "in reading order");
}

#[test]
fn a_picture_made_to_hang_a_reader_is_answered() {
    let mut state = 3u32;
    let mut noise = |width: u32, height: u32| {
        GrayImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Luma([(state >> 24) as u8])
        })
    };
    for (width, height) in [(3, 100), (100, 3), (100, 1), (1, 1), (24, 24), (40, 900), (300, 300)] {
        assert!(read(&noise(width, height)).is_empty(), "noise {width}x{height}");
    }
    // Finder patterns of QR codes, side by side over the whole picture.
    let finders = GrayImage::from_fn(1200, 900, |x, y| {
        let ring = |at: u32| (at % 16 / 2).abs_diff(3);
        let ring = ring(x).max(ring(y));
        Luma([if ring == 2 || ring >= 4 { 230 } else { 20 }])
    });
    assert!(read(&finders).is_empty());
    // Rings as in the middle of a MaxiCode or an Aztec symbol, without data around them.
    let rings = GrayImage::from_fn(400, 400, |x, y| {
        let far = (x as f32 - 200.0).hypot(y as f32 - 200.0);
        Luma([if ((far / 9.0) as u32).is_multiple_of(2) { 20 } else { 230 }])
    });
    assert!(read(&rings).is_empty());
    assert!(read(&GrayImage::new(640, 480)).is_empty());
}

#[test]
fn a_spent_budget_ends_the_search() {
    let picture = drawn(&oned::Code128Writer, "1234567890", BarcodeFormat::CODE_128, 3);
    let mut budget = WorkBudget::pixels(1000);
    let found = read_barcodes(&picture, &mut budget, Symbologies::DEVICE);
    assert!(found.barcodes.is_empty());
    assert!(budget.left() <= 1000);
}
