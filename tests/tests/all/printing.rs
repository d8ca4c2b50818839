//! `labelscan print`: what it prints, `labelscan scan` reads, through an independent reader of PDF
//! and an independent reader of ZPL; and it never overwrites or half writes a file.

use image::GrayImage;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use tests::harness::{Ended, Installation, labelscan};
use tests::printed::{Print, misses};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Names the program that tests/run builds from tests/zpl.
const ZPL_RENDERER: &str = "LABELSCAN_TEST_ZPL";
const CODES: [&str; 3] = ["code128", "qr", "datamatrix"];
/// Makers' own and new ones.
const SERIALS: [&str; 4] =
    ["QW2F45K8T61XZWA9", "0821032398", "53E6P74EXUKPCXFN", "7T1L4A9G3B8E0U2V"];
const PAPER_DPI: f64 = 300.0;

async fn print(folder: &Path, arguments: &[&str]) -> Ended {
    let ended = labelscan(folder, &[&["print"], arguments].concat()).await;
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
    ended
}

/// The pages of a document as another implementation draws them.
async fn pages(folder: &Path, pdf: &str) -> Vec<GrayImage> {
    let drawn = Command::new("pdftoppm")
        .args(["-r", "300", "-gray", "-png", pdf, "page"])
        .current_dir(folder)
        .output();
    let drawn = drawn.await.expect("pdftoppm runs (package poppler-utils)");
    assert!(drawn.status.success() && drawn.stderr.is_empty(), "{drawn:?}");
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("page-")) {
            pages.push((path.clone(), picture(&path)));
            std::fs::remove_file(path).expect("a page");
        }
    }
    pages.sort_by(|one, other| one.0.cmp(&other.0));
    pages.into_iter().map(|page| page.1).collect()
}

fn picture(path: &Path) -> GrayImage {
    image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_luma8()
}

/// What lies at a place of a page; the sheet's measures are those on its box.
fn cut(page: &GrayImage, (x_mm, y_mm): (f64, f64), (width_mm, height_mm): (f64, f64)) -> GrayImage {
    let px = |mm: f64| (mm * PAPER_DPI / 25.4).round() as u32;
    image::imageops::crop_imm(page, px(x_mm), px(y_mm), px(width_mm), px(height_mm)).to_image()
}

/// Each label is accepted with its serial: in a careful photo by barcode and print alone, and as
/// technicians take photos if the serial is expected, as every serial of `generate` is.
async fn assert_read(prints: &[Print], seed: u64) {
    for (expected, careful) in [(false, true), (true, false)] {
        let photos = prints.iter().zip(seed..).map(|(print, seed)| {
            let photo = if careful { print.careful(seed) } else { print.photograph(seed, None) };
            (print.serial.as_str(), photo.expect("a photo"))
        });
        let photos: Vec<_> = photos.collect();
        let inbox = tempfile::tempdir().expect("a folder");
        let misses = misses(inbox.path(), &photos, expected).await.expect("answers");
        for miss in &misses {
            eprintln!("{}: {}", miss.serial, miss.answer);
        }
        assert!(misses.is_empty(), "{} not read, careful photos: {careful}", misses.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn printed_sheets_are_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut prints = Vec::new();
    for code in CODES {
        let name = format!("{code}.pdf");
        let arguments = ["--code", code, "--start", "3", "--title", "ACME A920", "--out", &name];
        print(folder.path(), &[&arguments[..], &SERIALS].concat()).await;
        let pages = pages(folder.path(), &name).await;
        assert_eq!(pages.len(), 1);
        assert_eq!(pages[0].dimensions(), (2480, 3508), "A4 at 300 dpi");
        for (at, serial) in SERIALS.iter().enumerate() {
            let place = at + 2;
            let (column, row) = (place % 3, place / 3);
            let corner = (7.2 + column as f64 * 66.04, 15.15 + row as f64 * 38.1);
            let paper = cut(&pages[0], corner, (63.5, 38.1));
            let dark = paper.pixels().filter(|pixel| pixel.0[0] < 128).count();
            assert!(dark > 3_000, "{code}: the label is empty");
            prints.push(Print { serial: (*serial).to_owned(), paper, size_mm: (63.5, 38.1) });
        }
        let before = cut(&pages[0], (0.0, 15.15), (7.2 + 66.04 + 63.5, 38.1));
        assert!(before.pixels().all(|pixel| pixel.0[0] == 255), "two places are left free");
    }
    assert_read(&prints, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn printed_pictures_of_a_batch_are_read_back() {
    let installation = Installation::new();
    let made = installation.run(&["generate", "--count", "6", "--batch", "pallet 7"]).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let other = installation.run(&["generate", "--count", "2", "--batch", "pallet 8"]).await;
    assert_eq!(other.code, Some(0), "{}", other.stderr);
    let out = installation.folder().join("label.png").display().to_string();
    let arguments =
        ["print", "--batch", "pallet 7", "--size", "25.4x10", "--code", "datamatrix", "--out"];
    let ended = installation.run(&[&arguments[..], &[&out]].concat()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let listed = installation.run(&["estate", "list"]).await.stdout;
    let ours: Vec<&str> = made.stdout.lines().collect();
    let in_order = listed.lines().filter_map(|line| line.split_whitespace().next());
    let in_order: Vec<&str> = in_order.filter(|serial| ours.contains(serial)).collect();
    assert_eq!(in_order.len(), 6);
    let mut prints = Vec::new();
    for (number, serial) in (1..).zip(&in_order) {
        let paper = picture(&installation.folder().join(format!("label-{number:06}.png")));
        assert_eq!(paper.dimensions(), (300, 118), "25.4 x 10 mm at 300 dpi");
        prints.push(Print { serial: (*serial).to_owned(), paper, size_mm: (25.4, 10.0) });
    }
    assert!(!installation.folder().join("label-000007.png").exists());
    assert_read(&prints, 100).await;
}

/// ZPL drawn by an implementation that is not ours.
async fn drawn(zpl: &str, size_mm: (f32, f32), dots_per_mm: u32, folder: &Path) -> Vec<GrayImage> {
    let renderer = std::env::var(ZPL_RENDERER).unwrap_or_else(|_| {
        panic!("{ZPL_RENDERER} is not set: tests/run does it; it is the program of tests/zpl")
    });
    let mut child = Command::new(renderer)
        .args([size_mm.0.to_string(), size_mm.1.to_string(), dots_per_mm.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the renderer starts");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(zpl.as_bytes()).await.expect("it reads");
    drop(input);
    let ended = child.wait_with_output().await.expect("it ends");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let labels = zpl.matches("^XA").count();
    (0..labels).map(|number| picture(&folder.join(format!("{number}.png")))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_label_printers_get_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut prints = Vec::new();
    for (code, size) in
        [("code128", (70.0, 25.0)), ("qr", (62.0, 29.0)), ("datamatrix", (30.0, 15.0))]
    {
        let wanted = format!("{}x{}", size.0, size.1);
        for content in ["serial", "named"] {
            // The longer symbol of a named serial needs a wider label.
            if (code, content) == ("code128", "named") {
                continue;
            }
            let name = format!("{code}-{content}.zpl");
            let arguments =
                ["--code", code, "--content", content, "--size", &wanted, "--out", &name];
            let ended = print(folder.path(), &[&arguments[..], &SERIALS].concat()).await;
            assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
            let zpl = std::fs::read_to_string(folder.path().join(&name)).expect("ZPL");
            for (paper, serial) in
                drawn(&zpl, size, 8, folder.path()).await.into_iter().zip(SERIALS)
            {
                prints.push(Print { serial: serial.into(), paper, size_mm: size });
            }
        }
    }
    assert_eq!(prints.len(), 20);
    assert_read(&prints, 200).await;
}

/// The dots that are dark.
fn dark(picture: &GrayImage) -> BTreeSet<(u32, u32)> {
    let dots = picture.enumerate_pixels().filter(|(.., pixel)| pixel.0[0] < 128);
    dots.map(|(x, y, _)| (x, y)).collect()
}

#[tokio::test]
async fn label_printers_and_pictures_get_the_same_dots() {
    let folder = tempfile::tempdir().expect("a folder");
    for code in CODES {
        for kind in ["png", "zpl"] {
            let name = format!("{code}.{kind}");
            let arguments =
                ["--code", code, "--size", "70x25", "--dpi", "203", "--out", &name, SERIALS[0]];
            print(folder.path(), &arguments).await;
        }
        let ours = dark(&picture(&folder.path().join(format!("{code}.png"))));
        let zpl = std::fs::read_to_string(folder.path().join(format!("{code}.zpl"))).expect("ZPL");
        let theirs = dark(&drawn(&zpl, (70.0, 25.0), 8, folder.path()).await[0]);
        let different: Vec<_> = ours.symmetric_difference(&theirs).collect();
        if code == "code128" {
            assert_eq!(different, Vec::<&(u32, u32)>::new());
            continue;
        }
        // Square symbols leave their mask or their compaction to the printer: corner and print are
        // the same all the same.
        assert_eq!(ours.first(), theirs.first(), "{code}: the left edge");
        let top = |dots: &BTreeSet<(u32, u32)>| dots.iter().map(|dot| dot.1).min();
        assert_eq!(top(&ours), top(&theirs), "{code}: the upper edge");
        let (_, print) = zpl.split_once("^GFA").expect("print");
        assert!(!print.contains("^GFA"), "one line of print");
        let corner = zpl.rsplit_once("^FO").expect("its corner").1;
        let mut numbers = corner.split([',', '^']).map(|dots| dots.parse::<u32>());
        let (left, upper) = (numbers.next(), numbers.next());
        let (Some(Ok(left)), Some(Ok(upper))) = (left, upper) else { panic!("{corner}") };
        let beside = |dot: &&&(u32, u32)| dot.0 >= left && dot.1 >= upper;
        assert_eq!(different.iter().find(beside), None, "{code}: the print differs");
    }
}

#[tokio::test]
async fn nothing_is_overwritten_or_half_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = async |arguments: &[&str]| {
        labelscan(folder.path(), &[&["print"], arguments].concat()).await
    };
    let names = || {
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    std::fs::write(folder.path().join("taken.pdf"), "mine").expect("a file");
    std::fs::write(folder.path().join("list.txt"), "QW2F45K8T61XZWA9\nno serial\n")
        .expect("a list");
    let before = names();
    for (arguments, says) in [
        (&["--out", "taken.pdf", SERIALS[0]][..], "--overwrite"),
        (&["--out", "labels.txt", SERIALS[0]], "--as"),
        (&["--out", "a.pdf", "SERIAL"], "no serial"),
        (&["--out", "a.pdf", SERIALS[0], "qw2f-45k8-t61x-zwa9"], "serial 1 again"),
        (&["--out", "a.pdf", "--file", "list.txt"], "line 2"),
        (&["--out", "a.pdf", "--sheet", "L9999", SERIALS[0]], "--sheets"),
        (&["--out", "a.pdf", "--start", "22", SERIALS[0]], "21 labels"),
        (&["--out", "a.zpl", "--sheet", "L7160", SERIALS[0]], "--size"),
        (&["--out", "a.zpl", "--size", "12x8", SERIALS[0]], "does not fit"),
        (&["--out", "a.pdf", "--keyword", "P/N", SERIALS[0]], "S/N"),
        (&["--out", "no/folder/a.pdf", SERIALS[0]], "no/folder"),
    ] {
        let ended = run(arguments).await;
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.stderr.contains(says), "{arguments:?}: {}", ended.stderr);
        assert_eq!(names(), before, "{arguments:?}");
    }
    assert_eq!(std::fs::read(folder.path().join("taken.pdf")).expect("a file"), b"mine");

    let ended = run(&["--out", "taken.pdf", "--overwrite", SERIALS[0]]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(std::fs::read(folder.path().join("taken.pdf")).expect("a file").starts_with(b"%PDF"));
    let warned =
        run(&["--out", "w.pdf", "--sheet", "L7651", "--code", "code128", SERIALS[0]]).await;
    assert_eq!(warned.code, Some(0), "{}", warned.stderr);
    assert!(warned.stderr.contains("0.25 mm") && warned.stderr.contains("--code qr"), "{warned:?}");
    let piped = run(&["--out", "-", "--as", "zpl", "--copies", "2", SERIALS[0]]).await;
    assert!(piped.stdout.starts_with("^XA") && piped.stdout.contains("^PQ2"), "{piped:?}");
    assert_eq!(names(), ["list.txt", "taken.pdf", "w.pdf"]);
}
