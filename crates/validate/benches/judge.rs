//! Judgements a second on one core: `cargo bench -p validate`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use validate::*;

/// The label of a payment terminal: what it prints, one string a line.
const LINES: &[&str] = &[
    "PAX",
    "Model: A920 Pro",
    "Input: 5V 2A",
    "P/N: A920-0AW-RD5-21EA",
    "S/N: 082 1032398",
    "IMEI: 357654062100956",
    "FCC ID: V5PA920PRO",
    "Made in China",
];

fn quad(x: f32, y: f32, width: f32, height: f32) -> Quad {
    [(x, y), (x + width, y), (x + width, y + height), (x, y + height)].map(|(x, y)| Point { x, y })
}

fn line(row: usize, text: &str) -> TextLine {
    let read = |(step, best)| CharReading {
        best,
        p: 0.999,
        runner_up: None,
        runner_up_p: 0.0,
        step: step as u16,
    };
    TextLine {
        quad: quad(40.0, row as f32 * 30.0, text.chars().count() as f32 * 10.0, 20.0),
        chars: text.chars().enumerate().map(read).collect(),
        lattice: Lattice::default(),
        bounds: LineBounds::default(),
    }
}

fn barcode(symbology: Symbology, payload: &str, y: f32) -> Barcode {
    let quad = quad(40.0, y, 300.0, 50.0);
    Barcode { symbology, payload: payload.to_owned(), gs1: false, part: None, quad, votes: 8 }
}

/// A label with its barcodes: the answer is an accepted serial.
fn with_barcodes() -> Evidence {
    let photo = PhotoEvidence {
        width_px: 1200,
        height_px: 900,
        barcodes: vec![
            barcode(Symbology::Code128, "0821032398", 300.0),
            barcode(Symbology::Code128, "357654062100956", 380.0),
        ],
        lines: LINES.iter().enumerate().map(|(row, text)| line(row, text)).collect(),
        ..PhotoEvidence::default()
    };
    Evidence { photos: vec![photo] }
}

/// The same label without barcodes, read once: what the judge is asked about most, because half of
/// 100 real photos show no barcode and nine lines or fewer.
fn print_read_once() -> Evidence {
    let mut evidence = with_barcodes();
    evidence.photos[0].barcodes.clear();
    evidence
}

/// The same label without barcodes, its serial read twice.
fn print_read_twice() -> Evidence {
    let mut evidence = print_read_once();
    evidence.photos[0].second_lines = vec![line(4, "S/N:082 1032398")];
    evidence
}

fn judgements(criterion: &mut Criterion) {
    let (formats, estate) = (Formats::builtin(), Estate::unknown());
    let mut group = criterion.benchmark_group("judge");
    group.throughput(Throughput::Elements(1));
    for (name, evidence, accepted) in [
        ("label_with_barcodes", with_barcodes(), true),
        ("print_read_once", print_read_once(), false),
        ("print_read_twice", print_read_twice(), true),
    ] {
        let verdict = judge(&formats, &evidence, &estate).verdict;
        assert_eq!(matches!(verdict, Verdict::Accepted { .. }), accepted, "{verdict:?}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| judge(&formats, black_box(&evidence), &estate));
        });
    }
    group.finish();
}

criterion_group!(benches, judgements);
criterion_main!(benches);
