//! Where the scan worker gets its readings from: reader processes, or answers that a test laid out, so
//! that everything behind the readers runs without processes, models or photos that show anything.

use readers::{Counts, Pool, ReadFailure, ReadRequest};
use scan::Reading;

/// Whoever reads photos for the scan worker.
pub enum ReadingSource {
    /// Reader processes.
    Pool(Pool),
    /// Answers that follow from the request.
    Canned(CannedReadings),
}

/// Readings that were laid out beforehand.
#[derive(Clone, Copy, Debug)]
pub struct CannedReadings {
    /// How many readers there claim to be up.
    pub readers: usize,
    /// What is read in a request; none if no answer ever comes.
    pub read: fn(&ReadRequest) -> Option<Result<Reading, ReadFailure>>,
}

impl ReadingSource {
    /// How many readers there are when all are up.
    pub fn readers(&self) -> usize {
        match self {
            Self::Pool(pool) => pool.readers(),
            Self::Canned(canned) => canned.readers,
        }
    }

    /// How many readers are up at this moment.
    pub fn ready(&self) -> usize {
        match self {
            Self::Pool(pool) => pool.ready(),
            Self::Canned(canned) => canned.readers,
        }
    }

    /// What the readers have done so far; canned ones do not count.
    pub fn counts(&self) -> Counts {
        match self {
            Self::Pool(pool) => pool.counts(),
            Self::Canned(_) => Counts::default(),
        }
    }

    /// Reads the photos of one terminal as soon as a reader is free.
    ///
    /// # Errors
    /// What became of the read if there is no reading.
    pub async fn read(&self, request: ReadRequest) -> Result<Reading, ReadFailure> {
        match self {
            Self::Pool(pool) => pool.read(request).await,
            Self::Canned(canned) => match (canned.read)(&request) {
                Some(outcome) => outcome,
                None => std::future::pending().await,
            },
        }
    }
}
