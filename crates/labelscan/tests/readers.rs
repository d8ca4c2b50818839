//! The pool of reader processes with real processes, real pictures and real signals.

#![cfg(target_os = "linux")]

use bytes::Bytes;
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, mkfifo},
};
use rand::{Rng, RngExt as _, SeedableRng as _, rngs::SmallRng};
use readers::{PhotoBytes, Pool, PoolSettings, ReadFailure, ReadRequest};
use std::{
    fs,
    io::Cursor,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use validate::{Estate, Formats, Surface, Verdict, judge};

const PROGRAM: &str = env!("CARGO_BIN_EXE_labelscan");
const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");

fn settings(readers: usize, read_ms_max: u64) -> PoolSettings {
    PoolSettings {
        program: PROGRAM.into(),
        readers,
        threads: 1,
        models: MODELS.into(),
        formats: None,
        limits: scan::Limits::default(),
        read_ms_max,
        start_ms_max: 60_000,
        memory_bytes_max: 1 << 30,
        requests_max: 100_000,
        waiting_max: 100,
        must_be_confined: false,
    }
}

fn request(bytes: impl Into<Bytes>) -> ReadRequest {
    ReadRequest { photos: vec![PhotoBytes { bytes: bytes.into(), surface: Surface::Label }] }
}

fn encoded(picture: GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).into_rgb8().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// As a telephone sends it.
fn heic(picture: GrayImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let colour = DynamicImage::from(picture).into_rgb8();
    heifer::encode_rgb8(width, height, &colour, &heifer::EncodeOptions::default()).unwrap()
}

fn noise(width: u32, height: u32, seed: u64) -> GrayImage {
    let mut random = SmallRng::seed_from_u64(seed);
    GrayImage::from_fn(width, height, |_, _| Luma([random.random()]))
}

/// A QR Code and some ink, so that every stage has something to do.
fn label(width: u32, height: u32) -> GrayImage {
    let code = qrcode::QrCode::new("SN:0821032398").unwrap();
    let (colours, modules) = (code.to_colors(), code.width() as u32);
    GrayImage::from_fn(width, height, |x, y| {
        let (column, row) = ((x / 4).wrapping_sub(6), (y / 4).wrapping_sub(6));
        let dark = column < modules
            && row < modules
            && colours[(row * modules + column) as usize] == qrcode::Color::Dark;
        Luma([if dark { 20 } else { 230 }])
    })
}

fn plain() -> Vec<u8> {
    encoded(label(320, 240), ImageFormat::Jpeg)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn signal(process: u32, signal: Signal) {
    kill(Pid::from_raw(process as i32), signal).unwrap();
}

fn alive(process: u32) -> bool {
    // A zombie is dead.
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("waited 20 s in vain: {what}");
}

#[test]
fn a_photo_is_read_and_what_is_no_photo_costs_no_reader() {
    let pool = Pool::start(settings(1, 60_000)).unwrap();
    let before = pool.process_ids();
    let reading = block_on(pool.read(request(plain()))).unwrap();
    assert_eq!(reading.evidence.photos.len(), 1);
    for bytes in [&b"hello"[..], b"", b"\xff\xd8\xff\xe0 cut", b"\x89PNG\r\n\x1a\n"] {
        let failure = block_on(pool.read(request(bytes.to_vec()))).unwrap_err();
        assert!(matches!(failure, ReadFailure::Unreadable(_)), "{failure}");
    }
    assert_eq!(pool.process_ids(), before);
    assert_eq!(pool.counts().crashes, 0);
}

#[test]
fn a_missing_model_is_named_and_nothing_stays_behind() {
    let empty = tempfile::tempdir().unwrap();
    let layout = PoolSettings { models: empty.path().into(), ..settings(2, 60_000) };
    let error = Pool::start(layout).err().unwrap().to_string();
    assert!(error.contains("ppocrv5_det.onnx") && error.contains("models/fetch"), "{error}");
}

#[test]
fn a_reader_that_hangs_is_killed_at_the_deadline_and_replaced() {
    let pool = Pool::start(settings(1, 1500)).unwrap();
    let [hung] = pool.process_ids()[..] else { panic!("one reader") };
    signal(hung, Signal::SIGSTOP);
    let start = now();
    let failure = block_on(pool.read(request(plain()))).unwrap_err();
    assert!(matches!(failure, ReadFailure::Timeout { after_ms: 1500 }), "{failure}");
    assert!(start.elapsed() < Duration::from_millis(5000), "{:?}", start.elapsed());
    assert!(!alive(hung));
    assert_ne!(pool.process_ids(), [hung]);
    wait_until("a new reader", || pool.ready() == 1);
    assert_eq!(pool.counts().timeouts, 1);
}

#[test]
fn a_reader_that_dies_over_a_photo_answers_with_a_code_and_is_replaced() {
    let pool = Pool::start(settings(1, 60_000)).unwrap();
    let [victim] = pool.process_ids()[..] else { panic!("one reader") };
    // Stopped, it cannot answer before it is killed.
    signal(victim, Signal::SIGSTOP);
    let failure = thread::scope(|scope| {
        let read = scope.spawn(|| block_on(pool.read(request(plain()))));
        thread::sleep(Duration::from_millis(300));
        signal(victim, Signal::SIGKILL);
        read.join().unwrap().unwrap_err()
    });
    assert!(
        matches!(&failure, ReadFailure::Crashed { how } if how.contains("signal: 9")),
        "{failure}"
    );
    block_on(pool.read(request(plain()))).unwrap();
    assert_eq!(pool.counts().crashes, 1);
}

#[test]
fn an_idle_reader_that_dies_is_replaced_before_anybody_notices() {
    let pool = Pool::start(settings(2, 60_000)).unwrap();
    let before = pool.process_ids();
    for &process in &before {
        signal(process, Signal::SIGKILL);
    }
    wait_until("two new readers", || {
        pool.ready() == 2 && pool.process_ids().iter().all(|process| !before.contains(process))
    });
    block_on(pool.read(request(plain()))).unwrap();
    assert_eq!((pool.counts().crashes, pool.counts().replaced), (0, 2));
}

#[test]
fn a_worn_reader_is_replaced_between_two_photos() {
    let pool = Pool::start(PoolSettings { requests_max: 2, ..settings(1, 60_000) }).unwrap();
    let before = pool.process_ids();
    for _ in 0..3 {
        block_on(pool.read(request(plain()))).unwrap();
    }
    assert_ne!(pool.process_ids(), before);
}

#[test]
fn who_finds_no_reader_free_is_told_or_waits_up_to_the_limit() {
    let pool = Pool::start(PoolSettings { waiting_max: 1, ..settings(1, 2000) }).unwrap();
    signal(pool.process_ids()[0], Signal::SIGSTOP);
    block_on(async {
        let first = pool.read(request(plain()));
        let second = pool.read(request(plain()));
        let third = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            (pool.try_read(request(plain())).await, pool.read(request(plain())).await)
        };
        let (first, second, (at_once, third)) = tokio::join!(first, second, third);
        assert!(matches!(first, Err(ReadFailure::Timeout { .. })));
        assert!(matches!(at_once, Err(ReadFailure::Busy)));
        assert!(matches!(third, Err(ReadFailure::Busy)));
        second.unwrap();
    });
}

#[test]
fn no_reader_outlives_its_pool() {
    let pool = Pool::start(settings(2, 60_000)).unwrap();
    let processes = pool.process_ids();
    drop(pool);
    assert!(processes.iter().all(|&process| !alive(process)));
}

#[test]
fn no_reader_outlives_a_program_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    // A pipe that nobody writes to: the program waits for it with its readers up.
    let pipe = folder.path().join("photo.jpg");
    mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut program = Command::new(PROGRAM)
        .args(["scan", "--models", MODELS])
        .arg(&pipe)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let readers = || children(program.id());
    wait_until("a confined reader", || readers().iter().any(|&reader| confined(reader)));
    let readers = readers();
    program.kill().unwrap();
    program.wait().unwrap();
    wait_until("the readers' end", || readers.iter().all(|&reader| !alive(reader)));
}

fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

fn confined(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/status")).is_ok_and(|status| {
        ["Seccomp:\t2", "NoNewPrivs:\t1"].iter().all(|line| status.contains(line))
    })
}

/// Pictures that hang or crash barcode readers, among others that are fine.
#[test]
fn pictures_that_hang_or_crash_decoders_get_a_code_while_others_are_read() {
    let pool = Pool::start(settings(2, 8000)).unwrap();
    let finders = GrayImage::from_fn(2000, 1500, |x, y| {
        let (x, y) = (x % 36 / 4, y % 36 / 4);
        let ring = x.min(6 - x.min(6)).min(y.min(6 - y.min(6)));
        Luma([if x < 7 && y < 7 && ring != 1 { 0 } else { 255 }])
    });
    // The rings of a MaxiCode among its hexagons.
    let maxicode = GrayImage::from_fn(900, 870, |x, y| {
        let far = (x as f32 - 450.0).hypot(y as f32 - 435.0);
        let row = y / 26;
        let column = (x + row % 2 * 15) / 30;
        let hexagon = (column * 7 + row * 13 + column * row) % 5 < 2;
        let dark = if far < 130.0 { (far / 21.0) as u32 % 2 == 1 } else { hexagon };
        Luma([if dark { 20 } else { 235 }])
    });
    let pictures = [
        noise(3, 100, 1),
        noise(100, 1, 2),
        noise(100, 3, 3),
        finders,
        maxicode,
        noise(1200, 900, 4),
    ];
    block_on(async {
        let bad = async {
            for (number, picture) in pictures.into_iter().enumerate() {
                let start = now();
                let outcome = pool.read(request(encoded(picture, ImageFormat::Png))).await;
                assert!(start.elapsed() < Duration::from_secs(12), "picture {number}");
                let coded = match &outcome {
                    Ok(reading) => has_a_reason(reading),
                    Err(failure) => matches!(
                        failure,
                        ReadFailure::Unreadable(_)
                            | ReadFailure::Timeout { .. }
                            | ReadFailure::Crashed { .. }
                    ),
                };
                assert!(coded, "picture {number}: {outcome:?}");
            }
        };
        let good = async {
            for _ in 0..5 {
                pool.read(request(plain())).await.unwrap();
            }
        };
        tokio::join!(bad, good);
    });
    wait_until("both readers", || pool.ready() == 2);
}

fn has_a_reason(reading: &scan::Reading) -> bool {
    match judge(&Formats::builtin(), &reading.evidence, &Estate::unknown()).verdict {
        Verdict::Accepted { .. } => false,
        Verdict::Review { reasons, .. } | Verdict::Unreadable { reasons } => !reasons.is_empty(),
    }
}

#[test]
fn damaged_files_lose_no_reader_for_good() {
    damaged_files(60);
}

/// The same over ten thousand files: `cargo test --release -p labelscan -- --ignored ten_thousand`.
#[test]
#[ignore = "takes a minute on idle cores, and long on others"]
fn ten_thousand_damaged_files_lose_no_reader_for_good() {
    damaged_files(10_000);
}

fn damaged_files(count: usize) {
    use futures_util::StreamExt as _;
    let pool = Pool::start(settings(2, 20_000)).unwrap();
    let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
    let mut whole = formats.map(|format| encoded(label(200, 160), format)).to_vec();
    whole.push(heic(label(200, 160)));
    let mut random = SmallRng::seed_from_u64(7);
    let files: Vec<Vec<u8>> =
        (0..count).map(|number| damaged(&whole[number % whole.len()], &mut random)).collect();
    let answered = block_on(
        futures_util::stream::iter(files)
            .map(|file| pool.read(request(file)))
            .buffer_unordered(4)
            .map(|outcome| match outcome {
                Err(ReadFailure::Busy | ReadFailure::Closed) => panic!("{outcome:?}"),
                Ok(_) | Err(_) => 1,
            })
            .fold(0, |sum, one| async move { sum + one }),
    );
    assert_eq!(answered, count);
    wait_until("both readers", || pool.ready() == 2);
    block_on(pool.read(request(plain()))).unwrap();
    eprintln!("{count} damaged files: {:?}", pool.counts());
}

fn damaged(file: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..random.random_range(1..=8) {
        let at = random.random_range(0..file.len());
        match random.random_range(0..5) {
            0 => file[at] ^= 1 << random.random_range(0..8),
            1 => file[at] = random.random(),
            2 => file.insert(at, random.random()),
            3 => {
                let end = (at + random.random_range(1..64)).min(file.len());
                let part = file[at..end].to_vec();
                file.splice(at..at, part);
            }
            _ => file.truncate(at.max(12)),
        }
    }
    file
}

fn now() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "a test measures a deadline")]
    Instant::now()
}

#[test]
fn one_photo_among_several_that_is_damaged_is_named() {
    let pool = Pool::start(settings(1, 60_000)).unwrap();
    let mut both = request(plain());
    both.photos.extend(request(&b"hello"[..]).photos);
    match block_on(pool.read(both)).unwrap_err() {
        ReadFailure::Unreadable(unreadable) => assert_eq!(unreadable.photo, 1),
        other => panic!("{other}"),
    }
}
