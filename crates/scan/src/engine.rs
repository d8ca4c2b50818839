//! The walk through one read: decode, barcodes, text, until the judge would accept or nothing is
//! left that could help. It decides how much to look, never what a serial is.

use crate::models::{self, LoadError, Weights};
use crate::text::{Detector, Network, Reader, Recogniser, RunFailure};
use crate::{Limits, Photo, Reading, Took, Unreadable, UnreadableCode, decode};
use rten::ThreadPool;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use validate::{Evidence, PhotoEvidence};

/// The loaded networks. Reading does no I/O and keeps nothing of a photo.
pub struct Engine {
    reader: Reader,
}

impl Engine {
    /// Reads, checks and loads the models of a folder.
    ///
    /// # Errors
    /// Names the file that is missing or wrong and says to run `models/fetch`.
    pub fn load(models: &Path) -> Result<Self, LoadError> {
        Self::new(Weights::read(models)?, None)
    }

    /// Loads weights that were read before, on so many threads; `None` leaves it to rten, which
    /// takes `RTEN_NUM_THREADS` or every core.
    ///
    /// # Errors
    /// [`LoadError::Refused`] if the runtime does not take a model.
    pub fn new(weights: Weights, threads: Option<usize>) -> Result<Self, LoadError> {
        let threads = threads.map(|count| Arc::new(ThreadPool::with_num_threads(count)));
        let network = |name, bytes| {
            Network::load(bytes, threads.clone())
                .map_err(|error| LoadError::Refused { name, detail: error.to_string() })
        };
        let detector = Detector::pp_ocr_v5(network(models::DETECT_V5, weights.detect_v5)?);
        let recogniser =
            Recogniser::with_own_alphabet(network(models::RECOGNISE_V6, weights.recognise_v6)?)
                .map_err(|detail| LoadError::Refused { name: models::RECOGNISE_V6, detail })?;
        Ok(Self { reader: Reader { detector, recogniser } })
    }

    /// Reads the photos of one terminal. `elapsed` is the time since the caller began; it fills
    /// [`Took`] and decides nothing.
    ///
    /// # Errors
    /// The first photo that cannot be read at all fails the whole read.
    pub fn read(
        &self,
        photos: &[Photo<'_>],
        limits: &Limits,
        elapsed: &dyn Fn() -> Duration,
    ) -> Result<Reading, Unreadable> {
        let start = elapsed();
        let refused = |code, detail: &str| Unreadable { photo: 0, code, detail: detail.to_owned() };
        if photos.is_empty() {
            return Err(refused(UnreadableCode::PhotoEmpty, "no photo"));
        }
        if photos.len() > limits.photos_max {
            return Err(refused(UnreadableCode::PhotoTooLarge, "too many photos at once"));
        }
        let mut took = Took::default();
        let mut evidence = Evidence::default();
        for (index, photo) in photos.iter().enumerate() {
            let seen = self.read_photo(photo, limits, elapsed, &mut took);
            evidence.photos.push(seen.map_err(|failure| failure.of_photo(index))?);
        }
        took.total_ms = milliseconds(elapsed().saturating_sub(start));
        Ok(Reading { evidence, took })
    }

    fn read_photo(
        &self,
        photo: &Photo<'_>,
        limits: &Limits,
        elapsed: &dyn Fn() -> Duration,
        took: &mut Took,
    ) -> Result<PhotoEvidence, decode::Failure> {
        let start = elapsed();
        let grey = decode::decode(photo.bytes, limits)?;
        let decoded = elapsed();
        let lines = self.reader.read(&grey, &[], limits.lines_max)?;
        let read = elapsed();
        took.decode_ms += milliseconds(decoded.saturating_sub(start));
        took.text_ms += milliseconds(read.saturating_sub(decoded));
        Ok(PhotoEvidence {
            width_px: grey.width(),
            height_px: grey.height(),
            surface: photo.surface,
            lines,
            ..PhotoEvidence::default()
        })
    }
}

impl From<RunFailure> for decode::Failure {
    fn from(failure: RunFailure) -> Self {
        Self::new(UnreadableCode::PhotoDamaged, failure.to_string())
    }
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
