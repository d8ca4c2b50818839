//! Inside a reader: load the models, give everything up, then photos in, evidence out, until the
//! pipe closes.
//!
//! It must hold on to nothing of a photo between two requests and write nothing but frames: no
//! payload and no path ever goes to its stderr.

use crate::protocol::{Answer, RequestHeader, Start, Started};
use crate::{frame, sandbox};
use anyhow::Context as _;
use scan::{Engine, Photo, Unreadable, UnreadableCode, Weights};
use std::{
    io::{self, Read},
    panic,
    process::ExitCode,
    time::Duration,
};
use validate::Formats;

/// Runs until stdin closes. `elapsed` is the time since some moment, by which reads are measured.
/// Nothing else in this process may have started a thread before, as the
/// confinement would not reach it.
pub fn run(elapsed: impl Fn() -> Duration + Sync) -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        // A panic's message may quote what was decoded; its place is enough to find the fault.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("reader: panic at {place}");
    }));
    match serve(&elapsed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reader: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(elapsed: &(impl Fn() -> Duration + Sync)) -> anyhow::Result<()> {
    sandbox::die_with_parent();
    let mut input = io::stdin().lock();
    let mut output = sandbox::take_stdout()?;
    let start: Option<Start> = frame::read_json(&mut input, frame::HEADER_BYTES_MAX)?;
    let start = start.context("started by hand; the other commands start it")?;
    let engine = match prepare(&start) {
        Ok((engine, confinement)) => {
            frame::write_json(&mut output, &Started::Ready(confinement))?;
            engine
        }
        Err(error) => {
            frame::write_json(&mut output, &Started::Failed(error.to_string()))?;
            return Ok(());
        }
    };
    while let Some(header) = frame::read_json(&mut input, frame::HEADER_BYTES_MAX)? {
        sandbox::allow_cpu(start.read_ms_max, start.threads);
        let outcome = read(&engine, &header, &mut input, &start, elapsed)?;
        let answer = Answer { outcome, resident_bytes_peak: sandbox::resident_bytes_peak() };
        frame::write_json(&mut output, &answer)?;
    }
    Ok(())
}

/// Limits first; then what needs files; then the doors are shut; then what needs only memory.
fn prepare(start: &Start) -> anyhow::Result<(Engine, sandbox::Confinement)> {
    sandbox::limit(start.memory_bytes_max)?;
    let weights = Weights::read(&start.models)?;
    let confinement = sandbox::confine();
    let builtin = Formats::builtin();
    let formats = match &start.formats {
        Some(operators) => builtin.with_operator_file(operators)?,
        None => builtin,
    };
    let engine = Engine::new(weights, formats, start.threads)?;
    Ok((engine, confinement))
}

fn read(
    engine: &Engine,
    header: &RequestHeader,
    input: &mut impl Read,
    start: &Start,
    elapsed: &(impl Fn() -> Duration + Sync),
) -> anyhow::Result<Result<scan::Reading, Unreadable>> {
    let mut files = Vec::with_capacity(header.surfaces.len());
    for _ in &header.surfaces {
        let file = frame::read(input, start.limits.photo_bytes_max)?;
        files.push(file.context("the pipe closed within a request")?);
    }
    let began = elapsed();
    let photos: Vec<_> = files
        .iter()
        .zip(&header.surfaces)
        .map(|(bytes, &surface)| Photo { bytes, surface })
        .collect();
    // Decoders of others' making panic on some pictures. One that slipped through is this photo's
    // failure; the engine holds nothing that a panic could leave half done.
    let elapsed = || elapsed().saturating_sub(began);
    let threads = header.threads;
    let read = panic::AssertUnwindSafe(|| engine.read(&photos, &start.limits, threads, &elapsed));
    Ok(panic::catch_unwind(read).unwrap_or_else(|_| {
        Err(Unreadable {
            photo: 0,
            code: UnreadableCode::PhotoDamaged,
            detail: "a decoder gave up on this picture".into(),
        })
    }))
}
