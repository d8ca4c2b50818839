//! The walk through one read: decode, barcodes, print, until the judge has enough or nothing is
//! left that could help. It decides how much to look, never what a serial is.

use crate::barcode::{BarcodeFindings, Symbologies, WorkBudget, read_barcodes};
use crate::convnet::ConvNet;
use crate::image::decode::{self, Failure};
use crate::image::faults;
use crate::models::{self, LoadError, Weights};
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
use validate::{
    Check, Estate, Evidence, Formats, PhotoEvidence, Place, Quad, ReasonCode, Serial, Source,
    Standing, Surface, TextLine, Verdict, judge, wants_second_reading,
};

/// Lines read between two questions to the judge.
const LINES_A_ROUND: usize = 2;
/// Fewer lines than this are no label.
const LINES_FEW: usize = 2;

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

/// One photo, as far as it was read.
struct PhotoState {
    grey: GrayImage,
    surface: Surface,
    found: BarcodeFindings,
    page: Page,
    second_lines: Vec<TextLine>,
    /// There is nothing to look for.
    blank: bool,
}

impl PhotoState {
    fn barcode_places(&self) -> Vec<Quad> {
        self.found.barcodes.iter().map(|barcode| barcode.quad).collect()
    }

    fn evidence(&self) -> PhotoEvidence {
        PhotoEvidence {
            width_px: self.grey.width(),
            height_px: self.grey.height(),
            surface: self.surface,
            barcodes: self.found.barcodes.clone(),
            lines: self.page.lines(),
            second_lines: self.second_lines.clone(),
            faults: Vec::new(),
        }
    }
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
            ConvNet::whole(onnx).map_err(|detail| LoadError::Refused { name, detail })
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
        for (index, photo) in photos.iter().enumerate() {
            let state = self.look(photo, limits, elapsed, &mut took);
            states.push(state.map_err(|failure| failure.of_photo(index))?);
        }
        let looked = elapsed();
        let mut evidence = self.read_print(&mut states, threads).map_err(|failure| {
            // The networks run on whatever was decoded; this is never one photo's fault.
            Failure::new(UnreadableCode::PhotoDamaged, failure.to_string()).of_photo(0)
        })?;
        for (state, seen) in states.iter().zip(&mut evidence.photos) {
            seen.faults = faults::faults(&state.grey, &seen.lines, &state.found.located_unread);
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
    ) -> Result<PhotoState, Failure> {
        let timed = |span: &mut f64, from: Duration| {
            *span += milliseconds(elapsed().saturating_sub(from));
        };
        let start = elapsed();
        let grey = decode::decode(photo.bytes, limits)?;
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
        let places: Vec<Quad> = found.barcodes.iter().map(|barcode| barcode.quad).collect();
        let page = Page::new(lines, &places, limits.lines_max);
        Ok(PhotoState {
            grey,
            surface: photo.surface,
            found,
            page,
            second_lines: Vec::new(),
            blank,
        })
    }

    /// Reads print until the judge has enough: first the promising lines, then a second reading of
    /// those that only lack one, then what stands beside a barcode that lacks its print, then a
    /// closer look where something is known to be missing.
    fn read_print(
        &self,
        states: &mut [PhotoState],
        threads: &Arc<ThreadPool>,
    ) -> Result<Evidence, RunFailure> {
        if self.read_lines(states, threads)? || self.read_again(states)? {
            return Ok(evidence(states));
        }
        if let Some(barcode) = self.lacks_print(states) {
            let state = &mut states[barcode.photo];
            self.reader.look_beside(&state.grey, &mut state.page, &barcode.quad);
            if self.read_lines(states, threads)? || self.read_again(states)? {
                return Ok(evidence(states));
            }
        }
        if self.closer_look_may_help(states) {
            for state in states.iter_mut().filter(|state| !state.blank) {
                let places = state.barcode_places();
                self.reader.look_closer(&state.grey, &mut state.page, &places);
            }
            let _ = self.read_lines(states, threads)? || self.read_again(states)?;
        }
        Ok(evidence(states))
    }

    /// Skims what is new and reads what is promising, round by round. True once the judge has
    /// enough.
    fn read_lines(
        &self,
        states: &mut [PhotoState],
        threads: &Arc<ThreadPool>,
    ) -> Result<bool, RunFailure> {
        for state in states.iter_mut() {
            self.reader.skim(&state.grey, &mut state.page, threads)?;
        }
        loop {
            if self.has_enough(states) {
                return Ok(true);
            }
            if states.iter().all(|state| state.page.is_read()) {
                return Ok(false);
            }
            for state in states.iter_mut() {
                self.reader.read_more(&state.grey, &mut state.page, LINES_A_ROUND, threads)?;
            }
        }
    }

    /// Whether the evidence is accepted as it stands and nothing unread could speak against it: the
    /// serial was named as one, no unread line looks like the serial of another device, and where
    /// label and screen were photographed to be compared, both show it.
    fn has_enough(&self, states: &[PhotoState]) -> bool {
        let Some(serial) = self.accepted(states) else { return false };
        let named = serial
            .checks
            .iter()
            .any(|check| matches!(check, Check::Keyword | Check::BarcodeIdentifier));
        let seen = states.iter().flat_map(|state| state.page.lines());
        let own = validate::fold(&serial.printed);
        let mut places = seen
            .filter(|line| validate::fold(&line.text()).contains(&own))
            .map(|line| line.quad)
            .peekable();
        let all_read = states.iter().all(|state| state.page.is_read());
        let printed = places.peek().is_some();
        let rival =
            places.any(|place| states.iter().any(|state| state.page.has_unread_like(&place)));
        all_read || named && printed && !rival && shown_on_each_surface(states, &own)
    }

    fn accepted(&self, states: &[PhotoState]) -> Option<Serial> {
        match judge(&self.formats, &evidence(states), &Estate::unknown()).verdict {
            Verdict::Accepted { serial } => Some(serial),
            _ => None,
        }
    }

    /// The second reading of the lines that lack only that. True if the judge accepts then.
    fn read_again(&self, states: &mut [PhotoState]) -> Result<bool, RunFailure> {
        let seen = evidence(states);
        let wanted = wants_second_reading(&self.formats, &seen);
        for line in &wanted {
            let state = &mut states[line.photo];
            let place = seen.photos[line.photo].lines[line.line].quad;
            state.second_lines.extend(self.second.read(&state.grey, &place)?);
        }
        Ok(!wanted.is_empty() && self.accepted(states).is_some())
    }

    /// The barcode of the likeliest serial, if no print says the same so far.
    fn lacks_print(&self, states: &[PhotoState]) -> Option<Place> {
        match judge(&self.formats, &evidence(states), &Estate::unknown()).verdict {
            Verdict::Review { candidates, .. } => {
                let likeliest = candidates.first().filter(|it| it.source == Source::Barcode)?;
                likeliest.place
            }
            _ => None,
        }
    }

    /// Whether something is known to be there that was not found: print at all, print that agrees
    /// with a barcode, or a value that fits a format taught by the operator. It costs more than the
    /// first look, so that mere hope is no reason.
    fn closer_look_may_help(&self, states: &[PhotoState]) -> bool {
        let seen = evidence(states);
        let few_lines = seen.photos.iter().all(|photo| photo.lines.len() < LINES_FEW);
        let taught = self.formats.iter().any(|format| format.standing == Standing::Taught);
        let differ = match judge(&self.formats, &seen, &Estate::unknown()).verdict {
            Verdict::Review { reasons, .. } => {
                reasons.iter().any(|reason| reason.0 == ReasonCode::BarcodeTextDiffer)
            }
            _ => false,
        };
        few_lines || taught || differ
    }
}

/// Whether each surface that was photographed shows this canonical value so far.
fn shown_on_each_surface(states: &[PhotoState], value: &str) -> bool {
    let shows = |state: &PhotoState| {
        let printed = state.page.lines().into_iter().map(|line| line.text());
        let encoded = state.found.barcodes.iter().map(|barcode| barcode.payload.clone());
        printed.chain(encoded).any(|text| validate::fold(&text).contains(value))
    };
    let shown = |surface| states.iter().any(|state| state.surface == surface && shows(state));
    states.iter().all(|state| shown(state.surface))
}

fn evidence(states: &[PhotoState]) -> Evidence {
    Evidence { photos: states.iter().map(PhotoState::evidence).collect() }
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder, Luma};

    #[test]
    fn the_same_photo_gives_the_same_answer_on_one_thread_and_on_many() {
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
