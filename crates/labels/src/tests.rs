//! Labels of every size and symbology: nothing leaves its label, nothing lies on a quiet zone, and
//! what falls short is said.

use crate::label::{Design, Label, Rectangle, Resolution};
use crate::legibility::Doubt;
use crate::page::Stock;
use crate::pdf::Document;
use crate::raster::Raster;
use crate::sheets::{SHEETS, sheet_named};
use crate::symbol::Symbology;
use crate::{font, zpl};

const SERIAL: &str = "QW2F45K8T61XZWA9";
const CODES: [Symbology; 3] = [Symbology::Code128, Symbology::Qr, Symbology::DataMatrix];

fn design(code: Symbology, size_mm: (f64, f64), dpi: u32) -> Design {
    Design {
        code,
        keyword: "S/N".into(),
        title: None,
        named: false,
        module_mm: None,
        size_mm,
        resolution: Resolution(dpi),
    }
}

/// Where a line's ink may lie.
fn box_of(line: &crate::label::Line) -> Rectangle {
    let unit = f64::from(line.cap) / font::CAP_PRINTED;
    let width = (font::width(&line.text) * unit).ceil() as u32;
    Rectangle { x: line.x, y: line.y, width, height: line.cap }
}

fn apart(one: Rectangle, other: Rectangle) -> bool {
    let before = |at: u32, length: u32, next: u32| at + length <= next;
    before(one.x, one.width, other.x)
        || before(other.x, other.width, one.x)
        || before(one.y, one.height, other.y)
        || before(other.y, other.height, one.y)
}

/// Everything lies on the label, and the symbol's quiet zone is free of print and within the label.
#[track_caller]
fn check(label: &Label, what: &str) {
    let symbol = &label.symbol;
    let quiet = symbol.code.quiet_modules() * symbol.module;
    let across = symbol.modules.width() * symbol.module;
    assert!(symbol.x >= quiet && symbol.x + across + quiet <= label.width, "{what}: quiet zone");
    let (top, high) = if symbol.code == Symbology::Code128 {
        (symbol.y, symbol.height)
    } else {
        assert!(symbol.y >= quiet && symbol.y + across + quiet <= label.height, "{what}: quiet");
        assert_eq!(symbol.height, across, "{what}: a square");
        (symbol.y - quiet, across + 2 * quiet)
    };
    let zone = Rectangle { x: symbol.x - quiet, y: top, width: across + 2 * quiet, height: high };
    for dark in symbol.rectangles() {
        assert!(dark.x >= symbol.x && dark.x + dark.width <= symbol.x + across, "{what}");
        assert!(dark.y >= symbol.y && dark.y + dark.height <= symbol.y + symbol.height, "{what}");
    }
    let boxes: Vec<Rectangle> = label.lines.iter().map(box_of).collect();
    for (at, print) in boxes.iter().enumerate() {
        assert!(print.x + print.width <= label.width, "{what}: print beyond the right edge");
        assert!(print.y + print.height <= label.height, "{what}: print below the label");
        assert!(apart(*print, zone), "{what}: print on the quiet zone");
        assert!(
            boxes[at + 1..].iter().all(|other| apart(*print, *other)),
            "{what}: print on print"
        );
    }
}

#[test]
fn a_label_is_complete_and_free_on_every_sheet_that_can_hold_it() {
    let mut made = 0;
    for sheet in &SHEETS {
        for code in CODES {
            for title in [None, Some("ACME A920 (rev. B)".to_owned())] {
                for dpi in [150, 203, 300, 600] {
                    let what = format!("{code:?} {title:?} on {} at {dpi} dpi", sheet.names[0]);
                    let design =
                        Design { title: title.clone(), ..design(code, sheet.label_mm, dpi) };
                    // Too small is a clear answer; what is made must be right.
                    if let Ok((label, _)) = design.compose(SERIAL) {
                        check(&label, &what);
                        made += 1;
                    }
                }
            }
        }
    }
    assert!(made > 400, "{made}");
}

#[test]
fn common_sheets_raise_no_doubt_with_a_fitting_symbol() {
    for (sheet, code) in [
        ("L7160", Symbology::Code128),
        ("L7160", Symbology::Qr),
        ("L7160", Symbology::DataMatrix),
        ("5160", Symbology::Code128),
        ("5963", Symbology::Code128),
        ("L7651", Symbology::Qr),
        ("L7651", Symbology::DataMatrix),
        ("5167", Symbology::Qr),
        ("L4731", Symbology::DataMatrix),
    ] {
        let size = sheet_named(sheet).expect("a sheet").label_mm;
        let (_, doubts) = design(code, size, 300).compose(SERIAL).expect("a label");
        assert_eq!(doubts, [], "{code:?} on {sheet}");
    }
    // As a label printer gets it.
    let (_, doubts) = design(Symbology::Qr, (62.0, 29.0), 203).compose(SERIAL).expect("a label");
    assert_eq!(doubts, []);
}

#[test]
fn what_would_not_scan_is_said_and_what_cannot_fit_is_refused() {
    // Sixteen characters of Code 128 are 231 modules with their quiet zones.
    let narrow = design(Symbology::Code128, (38.1, 21.2), 300).compose(SERIAL).expect("a label");
    assert!(matches!(narrow.1[..], [Doubt::Narrow { .. }, ..]), "{:?}", narrow.1);
    let advice = narrow.1[0].to_string();
    assert!(advice.contains("larger label") && advice.contains("--code qr"), "{advice}");

    let low = design(Symbology::Code128, (70.0, 8.0), 300).compose(SERIAL).expect("a label");
    assert!(matches!(low.1[..], [Doubt::Low { .. }, ..]), "{:?}", low.1);

    let mut cut = design(Symbology::Code128, (62.0, 29.0), 300);
    cut.module_mm = Some(0.26);
    let (label, doubts) = cut.compose(SERIAL).expect("a label");
    assert_eq!(doubts, [], "the margin is free as well");
    assert_eq!(label.symbol.module, 3);
    cut.size_mm.0 = 58.0;
    let (_, doubts) = cut.compose(SERIAL).expect("a label");
    assert!(matches!(doubts[..], [Doubt::QuietCut { asked: 10, .. }]), "{doubts:?}");
    cut.size_mm.0 = 50.0;
    let refused = cut.compose(SERIAL).expect_err("the symbol is wider than the label").to_string();
    assert!(refused.contains("--module"), "{refused}");

    for (code, size) in [
        (Symbology::Code128, (18.0, 10.0)),
        (Symbology::Qr, (12.0, 6.0)),
        (Symbology::DataMatrix, (8.0, 6.0)),
    ] {
        let refused = design(code, size, 300).compose(SERIAL).expect_err("too small").to_string();
        assert!(refused.contains("does not fit") && refused.contains("larger"), "{refused}");
    }
}

#[test]
fn the_print_names_the_serial_and_the_symbol_holds_it() {
    let named = Design { named: true, ..design(Symbology::Qr, (62.0, 29.0), 300) };
    let (label, _) = named.compose(SERIAL).expect("a label");
    assert_eq!(label.symbol.content, format!("S/N:{SERIAL}"));
    let print: Vec<&str> = label.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(print.concat().replace(' ', ""), format!("S/N:{SERIAL}"));
}

#[test]
fn a_picture_is_black_exactly_where_the_symbol_is_dark() {
    let (label, _) = design(Symbology::DataMatrix, (30.0, 15.0), 300).compose(SERIAL).expect("one");
    let dark: u32 = label.symbol.rectangles().iter().map(|it| it.width * it.height).sum();
    let page = Stock::Single((30.0, 15.0)).page(
        Resolution(300),
        0,
        vec![Label { lines: Vec::new(), ..label }],
    );
    let black: u32 = Raster::of_page(&page).packed().iter().map(|byte| byte.count_ones()).sum();
    assert_eq!(black, dark);
}

#[test]
fn a_document_has_its_pages_and_says_how_large_they_are() {
    let sheet = sheet_named("L7160").expect("a sheet");
    let resolution = Resolution(300);
    let (label, _) = design(Symbology::Qr, sheet.label_mm, 300).compose(SERIAL).expect("a label");
    let mut document = Document::new(resolution);
    for _ in 0..2 {
        document.page(&Stock::Sheet(sheet).page(resolution, 0, vec![label.clone(); 21]));
    }
    let bytes = document.finish();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("%PDF-1.") && text.contains("/Count 2"), "a document of two pages");
    assert!(text.contains("/MediaBox [0 0 595.2"), "A4");
}

#[test]
fn label_printers_get_whole_dots_and_one_format_a_label() {
    for (code, command) in [
        (Symbology::Code128, "^BCN,"),
        (Symbology::Qr, "^BQN,2,"),
        (Symbology::DataMatrix, "^BXN,"),
    ] {
        let (label, _) = design(code, (62.0, 29.0), 203).compose(SERIAL).expect("a label");
        let written = zpl::label(&label, 3);
        assert!(written.starts_with("^XA^PW496^LL232") && written.ends_with("^PQ3\n^XZ\n"));
        assert!(written.contains(command) && written.contains(SERIAL), "{written}");
        assert_eq!(written.matches("^XA").count(), 1);
    }
}
