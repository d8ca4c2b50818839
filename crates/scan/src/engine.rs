//! The walk through one read: decode, barcodes, print. `validate`'s reading plan says which look is
//! worth having next; the engine obeys, and knows neither serials nor reasons.

use crate::barcode::{BarcodeFindings, Symbologies, WorkBudget, read_barcodes};
use crate::convnet::ConvNet;
use crate::image::decode::{self, Decoded, Failure};
use crate::image::faults;
use crate::models::{self, LoadError, Weights};
use crate::onnx;
use crate::photo::{Limits, Photo, Reading, Threads, Took, Unreadable, UnreadableCode};
use crate::text::detect::Detector;
use crate::text::network::RunFailure;
use crate::text::recognise::Recogniser;
use crate::text::second::SecondReader;
use crate::text::{Page, Reader};
use image::GrayImage;
use rten::ThreadPool;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use validate::{Barcode, Evidence, Fault, Formats, NextLook, PhotoEvidence, Quad, ReadingPlan};

/// Lines of each photo that are read between two questions to the reading plan.
const LINES_A_ROUND: usize = 2;

/// The loaded networks. Reading does no I/O and keeps nothing of a photo.
pub struct Engine {
    reader: Reader,
    second: SecondReader,
    formats: Formats,
    /// One thread, and as many as a read may have.
    threads: [Arc<ThreadPool>; 2],
    /// What formats ask for besides the usual.
    symbologies: Symbologies,
}

/// How a read tells the time since its caller began.
type Elapsed<'a> = &'a (dyn Fn() -> Duration + Sync);

/// One photo, as far as it was read; what was read stands in its evidence.
struct PhotoState {
    grey: GrayImage,
    /// Places that look like a barcode and could not be decoded.
    located_unread: Vec<Quad>,
    page: Page,
    /// There is nothing to look for.
    blank: bool,
    /// The file lost its end.
    incomplete: bool,
}

impl Engine {
    /// Reads, checks and loads the models of a folder.
    ///
    /// # Errors
    /// Names the file that is missing or wrong and says to run `models/fetch`.
    pub fn load(models: &Path, formats: Formats) -> Result<Self, LoadError> {
        Self::new(Weights::read(models)?, formats, rayon::current_num_threads())
    }

    /// Loads weights that were read before, for reads on up to so many threads. The formats tell
    /// when reading may stop.
    ///
    /// # Errors
    /// [`LoadError::Refused`] if the runtime does not take a model.
    pub fn new(weights: Weights, formats: Formats, threads_max: usize) -> Result<Self, LoadError> {
        let threads = [1, threads_max].map(|count| Arc::new(ThreadPool::with_num_threads(count)));
        // ocrs always runs on rten's own threads. They start here, because a reader process may
        // not start any once it reads.
        rten::thread_pool().run(|| ());
        let detector = |name, onnx: &[u8]| {
            onnx::parse(onnx)
                .and_then(|model| ConvNet::whole(&model))
                .map_err(|detail| LoadError::Refused { name, detail })
        };
        let recogniser = Recogniser::pp_ocr_v6_small(&weights.recognise_v6)
            .map_err(|detail| LoadError::Refused { name: models::RECOGNISE_V6, detail })?;
        let keys = String::from_utf8_lossy(&weights.keys_skim);
        let skimmer = Recogniser::pp_ocr_v6_tiny(&weights.skim_v6, &keys)
            .map_err(|detail| LoadError::Refused { name: models::SKIM_V6, detail })?;
        let second = SecondReader::new(
            Detector::pp_ocr_v6(detector(models::DETECT_V6, &weights.detect_v6)?),
            &weights.recognise_v5,
            &String::from_utf8_lossy(&weights.keys_v5),
        )
        .map_err(|detail| LoadError::Refused { name: models::RECOGNISE_V5, detail })?;
        let detector = Detector::pp_ocr_v5(detector(models::DETECT_V5, &weights.detect_v5)?);
        let asked = formats.iter().flat_map(|format| &format.barcodes);
        let symbologies = asked.fold(Symbologies::DEVICE, |all, &one| all.with(one));
        let reader = Reader { detector, skimmer, recogniser };
        Ok(Self { reader, second, formats, symbologies, threads })
    }

    /// Reads the photos of one terminal, on one thread or on all that it was made for: the answer
    /// is the same. `elapsed` is the time since the caller began; it fills [`Took`] and decides
    /// nothing.
    ///
    /// # Errors
    /// The first photo that cannot be read at all fails the whole read.
    pub fn read(
        &self,
        photos: &[Photo<'_>],
        limits: &Limits,
        threads: Threads,
        elapsed: Elapsed<'_>,
    ) -> Result<Reading, Unreadable> {
        let threads = match threads {
            Threads::One => &self.threads[0],
            Threads::All => &self.threads[1],
        };
        let refused = |code, detail: &str| Unreadable { photo: 0, code, detail: detail.to_owned() };
        if photos.is_empty() {
            return Err(refused(UnreadableCode::PhotoEmpty, "no photo"));
        }
        if photos.len() > limits.photos_max {
            return Err(refused(UnreadableCode::PhotoTooLarge, "too many photos at once"));
        }
        threads.run(|| self.read_within(photos, limits, threads, elapsed))
    }

    /// A read on the threads of a pool.
    fn read_within(
        &self,
        photos: &[Photo<'_>],
        limits: &Limits,
        threads: &Arc<ThreadPool>,
        elapsed: Elapsed<'_>,
    ) -> Result<Reading, Unreadable> {
        let start = elapsed();
        let mut took = Took::default();
        let mut states = Vec::with_capacity(photos.len());
        let mut evidence = Evidence::default();
        for (index, photo) in photos.iter().enumerate() {
            let (state, seen) = self
                .look(photo, limits, elapsed, &mut took)
                .map_err(|failure| failure.of_photo(index))?;
            states.push(state);
            evidence.photos.push(seen);
        }
        let looked = elapsed();
        self.read_print(&mut states, &mut evidence, threads).map_err(|failure| {
            // The networks run on whatever was decoded; this is never one photo's fault.
            Failure::new(UnreadableCode::PhotoDamaged, failure.to_string()).of_photo(0)
        })?;
        for (state, seen) in states.iter().zip(&mut evidence.photos) {
            seen.faults = faults::faults(&state.grey, &seen.lines, &state.located_unread);
            seen.faults.extend(state.incomplete.then_some(Fault::Incomplete));
        }
        let read = elapsed();
        took.text_ms += milliseconds(read.saturating_sub(looked));
        took.total_ms = milliseconds(read.saturating_sub(start));
        Ok(Reading { evidence, took })
    }

    /// Decodes a photo, reads its barcodes and beside that finds its lines.
    fn look(
        &self,
        photo: &Photo<'_>,
        limits: &Limits,
        elapsed: Elapsed<'_>,
        took: &mut Took,
    ) -> Result<(PhotoState, PhotoEvidence), Failure> {
        let timed = |span: &mut f64, from: Duration| {
            *span += milliseconds(elapsed().saturating_sub(from));
        };
        let start = elapsed();
        let Decoded { grey, incomplete } = decode::decode(photo.bytes, limits)?;
        timed(&mut took.decode_ms, start);
        let blank = faults::is_blank(&grey);
        let barcodes = || {
            let start = elapsed();
            let mut budget = WorkBudget::for_photo(grey.width(), grey.height());
            let found = read_barcodes(&grey, &mut budget, self.symbologies);
            timed(&mut took.barcode_ms, start);
            found
        };
        let lines = || {
            let start = elapsed();
            let found = self.reader.find(&grey);
            timed(&mut took.text_ms, start);
            found
        };
        let (found, lines) = match blank {
            true => Default::default(),
            false => rayon::join(barcodes, lines),
        };
        let BarcodeFindings { barcodes, located_unread } = found;
        let page = Page::new(lines, &quads(&barcodes), limits.lines_max);
        let seen = PhotoEvidence {
            width_px: grey.width(),
            height_px: grey.height(),
            surface: photo.surface,
            barcodes,
            ..PhotoEvidence::default()
        };
        Ok((PhotoState { grey, located_unread, page, blank, incomplete }, seen))
    }

    /// Skims every line that was found, then looks as the plan says until it says that nothing is
    /// worth having any more. The lines go into the evidence.
    fn read_print(
        &self,
        states: &mut [PhotoState],
        evidence: &mut Evidence,
        threads: &Arc<ThreadPool>,
    ) -> Result<(), RunFailure> {
        let mut plan = ReadingPlan::new(&self.formats);
        self.skim(states, evidence, threads)?;
        loop {
            let unread: Vec<Quad> = states.iter().flat_map(|state| state.page.unread()).collect();
            match plan.next_look(evidence, &unread) {
                NextLook::Enough | NextLook::Stop => return Ok(()),
                NextLook::ReadMore => {
                    for (PhotoState { grey, page, .. }, seen) in pairs(states, evidence) {
                        let lines = self.reader.read_more(grey, page, LINES_A_ROUND, threads)?;
                        page.put_in_order(lines, &mut seen.lines);
                    }
                }
                NextLook::ReadAgain(lines) => {
                    for line in lines {
                        let seen = &mut evidence.photos[line.photo];
                        let place = seen.lines[line.line].quad;
                        let again = self.second.read(&states[line.photo].grey, &place)?;
                        seen.second_lines.extend(again);
                    }
                }
                NextLook::Beside(barcode) => {
                    let PhotoState { grey, page, .. } = &mut states[barcode.photo];
                    self.reader.look_beside(grey, page, &barcode.quad);
                    self.skim(states, evidence, threads)?;
                }
                NextLook::Closer => {
                    for (state, seen) in pairs(states, evidence).filter(|(state, _)| !state.blank) {
                        let places = quads(&seen.barcodes);
                        self.reader.look_closer(&state.grey, &mut state.page, &places);
                    }
                    self.skim(states, evidence, threads)?;
                }
            }
        }
    }

    /// Skims the lines that were found since the last time.
    fn skim(
        &self,
        states: &mut [PhotoState],
        evidence: &mut Evidence,
        threads: &Arc<ThreadPool>,
    ) -> Result<(), RunFailure> {
        for (PhotoState { grey, page, .. }, seen) in pairs(states, evidence) {
            let lines = self.reader.skim(grey, page, threads)?;
            page.put_in_order(lines, &mut seen.lines);
        }
        Ok(())
    }
}

/// Each photo with its evidence.
fn pairs<'a>(
    states: &'a mut [PhotoState],
    evidence: &'a mut Evidence,
) -> impl Iterator<Item = (&'a mut PhotoState, &'a mut PhotoEvidence)> {
    states.iter_mut().zip(&mut evidence.photos)
}

fn quads(barcodes: &[Barcode]) -> Vec<Quad> {
    barcodes.iter().map(|barcode| barcode.quad).collect()
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder, Luma};
    use validate::Surface;

    #[test]
    fn one_thread_and_many_give_the_same_evidence() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let weights = Weights::read(&models).expect("run models/fetch first");
        let engine = Engine::new(weights, Formats::builtin(), 3).expect("models of the right kind");
        // Rows of strokes that look like print, and a ruler that looks like a barcode.
        let picture = GrayImage::from_fn(480, 360, |x, y| {
            let print = y > 120 && y % 40 < 16 && (40..400).contains(&x) && (x * 7 + y) % 20 < 8;
            let ruler = (30..90).contains(&y) && x % 6 < 3;
            Luma([if print || ruler { 30 } else { 225 }])
        });
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(picture.as_raw(), 480, 360, ExtendedColorType::L8)
            .expect("a plain picture");
        let photo = Photo { bytes: &bytes, surface: Surface::Label };
        let read = |threads| {
            let reading = engine.read(&[photo], &Limits::default(), threads, &|| Duration::ZERO);
            reading.expect("a plain picture").evidence
        };
        let alone = read(Threads::One);
        assert!(!alone.photos[0].lines.is_empty(), "there is something to agree on");
        assert_eq!(alone, read(Threads::All));
    }
}
