//! Says how an honest client fares while others misbehave: the time of a normal synchronous upload as
//! usual, then while sockets hang, the holder of one key sends lying and oversize uploads and the
//! holder of another sends image bombs. All settings are the defaults. Exits with an error if a normal
//! upload then takes more than twice its usual time or is not read at once.
//!
//! `cargo run --release -p tests --example abuse`

#![allow(clippy::disallowed_methods, reason = "a program that measures reads the clock")]
#![allow(clippy::print_stdout, reason = "its findings are what it was started for")]

use anyhow::{Result, ensure};
use clap::Parser;
use render::{Code, Fonts, Recipe, photograph};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::decompression_bombs::decompression_bombs;
use tests::harness::{Answer, Caller, Installation};
use tests::hostile_clients::{drip, lie, slow_beginning};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How many times its usual time a normal upload may take.
const RATIO_MAX: f64 = 2.0;
/// Uploads before anything is measured: what is slow only once is not usual.
const WARM_UP: usize = 5;
/// A slow socket sends a byte so often.
const DRIP_EVERY: Duration = Duration::from_secs(3);
/// Whoever misbehaves waits for so many answers at a time.
const IN_FLIGHT_MAX: usize = 8;
/// Just over the largest photo that the defaults allow.
const OVERSIZE_BYTES: usize = 25_100_000;

/// Measures normal uploads with and without abuse.
#[derive(Parser)]
struct Arguments {
    /// Normal uploads before the abuse, and at least as many during it.
    #[arg(long, default_value_t = 30)]
    uploads: usize,
    /// How long the abuse lasts.
    #[arg(long, default_value_t = 50.0)]
    seconds: f64,
    /// Sockets that send next to nothing.
    #[arg(long, default_value_t = 500)]
    slow: usize,
    /// Oversize and lying uploads in that time; one in five is of 25 MB.
    #[arg(long, default_value_t = 1000)]
    lies: usize,
    /// Image bombs in that time.
    #[arg(long, default_value_t = 100)]
    bombs: usize,
}

/// How often each status was answered; 0: the connection failed.
type Statuses = BTreeMap<u16, usize>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let fonts = Fonts::load()?;
    let recipe = Recipe::turned(Code::Code128, 0.0);
    let photos = (0..10).map(|seed| Ok(photograph(&fonts, &recipe, seed)?.jpeg));
    let photos: Vec<Vec<u8>> = photos.collect::<Result<_>>()?;
    let mut installation = Installation::new();
    installation.set("LABELSCAN_LOG", "warn");
    let server = installation.start().await;
    let honest = installation.caller("depot", "technician").await;
    let liar = installation.caller("liar", "technician").await;
    let bomber = installation.caller("bomber", "technician").await;

    uploads_ms(&honest, &photos, |count| count < WARM_UP).await?;
    let usual_ms = uploads_ms(&honest, &photos, |count| count < arguments.uploads).await?;
    let _slow = slow_sockets(&installation, liar.key(), arguments.slow);
    let time = Duration::from_secs_f64(arguments.seconds);
    let lying = tokio::spawn(keep_sending(arguments.lies, time, move |number| {
        let liar = liar.clone();
        async move { lie(&liar, number, OVERSIZE_BYTES).await }
    }));
    let bombs = Arc::new(decompression_bombs());
    let bombing = tokio::spawn(keep_sending(arguments.bombs, time, move |number| {
        let (bomber, bombs) = (bomber.clone(), bombs.clone());
        async move {
            let (_, bomb) = &bombs[number % bombs.len()];
            bomber.upload_raw(&format!("bomb-{number}"), bomb).await
        }
    }));
    let abused_ms = uploads_ms(&honest, &photos, |count| {
        count < arguments.uploads || !lying.is_finished() || !bombing.is_finished()
    });
    let abused_ms = abused_ms.await?;
    println!("lies {:?}, bombs {:?}", lying.await?, bombing.await?);
    ensure!(server.stop().await == Some(0), "it does not end well: {}", installation.log());
    report(&usual_ms, &abused_ms)
}

/// Prints the times and their ratio, and judges them.
fn report(usual_ms: &[f64], abused_ms: &[f64]) -> Result<()> {
    let at = |sorted: &[f64], percent: usize| {
        sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
    };
    let mut ratios = Vec::new();
    for percent in [50, 95] {
        let (usual, abused) = (at(usual_ms, percent), at(abused_ms, percent));
        let ratio = abused / usual;
        println!("p{percent}: usual {usual:.0} ms, under abuse {abused:.0} ms, ratio {ratio:.2}");
        ratios.push(ratio);
    }
    println!("{} uploads as usual, {} under abuse", usual_ms.len(), abused_ms.len());
    ensure!(ratios.iter().all(|ratio| *ratio <= RATIO_MAX), "honest clients wait for the others");
    Ok(())
}

/// The sorted times in milliseconds of normal uploads, one after the other, while `more`.
async fn uploads_ms(
    caller: &Caller,
    photos: &[Vec<u8>],
    more: impl Fn(usize) -> bool,
) -> Result<Vec<f64>> {
    let mut all_ms = Vec::new();
    while more(all_ms.len()) {
        let photo = &photos[all_ms.len() % photos.len()];
        let begun = Instant::now();
        let answer = caller.upload_raw(&uuid::Uuid::new_v4().to_string(), photo).await;
        all_ms.push(begun.elapsed().as_secs_f64() * 1e3);
        let read = answer.as_ref().is_some_and(|it| it.status == 201 && !it.serial().is_empty());
        ensure!(read, "a normal upload was answered {answer:?}");
    }
    all_ms.sort_by(f64::total_cmp);
    Ok(all_ms)
}

/// Sockets that are opened again when the service closes them, as long as the set is there.
fn slow_sockets(installation: &Installation, key: &str, count: usize) -> JoinSet<()> {
    let address = installation.address();
    let slow = (0..count).map(|number| {
        let beginning = slow_beginning(number, key);
        async move {
            loop {
                drip(address, &beginning, DRIP_EVERY).await;
                sleep(DRIP_EVERY).await;
            }
        }
    });
    slow.collect()
}

/// Sends so many uploads, spread over the time; how often each status was answered.
async fn keep_sending<A>(count: usize, time: Duration, send: impl Fn(usize) -> A) -> Statuses
where
    A: Future<Output = Option<Answer>> + Send + 'static,
{
    let mut statuses = Statuses::new();
    let mut count_one = |answer: Option<Answer>| {
        *statuses.entry(answer.map_or(0, |answer| answer.status)).or_default() += 1;
    };
    let mut beat = interval(time / count.max(1) as u32);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sending = JoinSet::new();
    let begun = Instant::now();
    for number in 0..count {
        beat.tick().await;
        if sending.len() == IN_FLIGHT_MAX {
            count_one(sending.join_next().await.and_then(Result::ok).flatten());
        }
        // A service that makes abusers wait is not abused for longer.
        if begun.elapsed() > time {
            break;
        }
        sending.spawn(send(number));
    }
    while let Some(sent) = sending.join_next().await {
        count_one(sent.ok().flatten());
    }
    statuses
}
