//! Where the audit trail ended, outside of the database: beside the seal keys, in a file that one key
//! of theirs vouches for. Whoever can change the tables can also cut the trail's end off and its head
//! with it; here it shows that there was more. Several databases may share the keys, so each has a
//! line of its own.

use crate::database::error::StoreError;
use crate::database::hash::{hex, sha256_parts};
use crate::seal::sealing::Seal;
use crate::state_file::{LockedFile, create_file};
use jiff::Timestamp;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of the file: a line a database.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How often the file is written while entries are added, in milliseconds.
const WRITTEN_EVERY_MS: i64 = 2_000;

/// The last entry of a trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrailEnd {
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

/// The witness of one database; a clone is another hold on the same. Without seal keys there is none.
#[derive(Clone)]
pub(crate) struct AuditWitness(Option<Arc<Witness>>);

struct Witness {
    file: PathBuf,
    /// Names the database by where it is.
    place: String,
    seal: Seal,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen: TrailEnd,
    written_seq: i64,
    written_ms: i64,
}

impl AuditWitness {
    /// The witness of the database at this address.
    pub(crate) fn of(address: &str, seal: &Seal) -> Self {
        let witness = seal.file().map(|keys| {
            let mut file = keys.path().as_os_str().to_owned();
            file.push(".audit");
            let place = hex(&sha256_parts(&[located(address).as_bytes()])[..16]);
            let (file, seal, state) = (file.into(), seal.clone(), Mutex::default());
            Arc::new(Witness { file, place, seal, state })
        });
        Self(witness)
    }

    /// The end that was last written, none if none ever was.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the file cannot be read or its line was changed.
    pub(crate) fn known(&self) -> Result<Option<TrailEnd>, StoreError> {
        self.0.as_ref().map_or(Ok(None), |witness| witness.known())
    }

    /// Takes note of a trail's end that was committed.
    pub(crate) fn note(&self, end: TrailEnd, now: Timestamp) {
        let Some(witness) = &self.0 else { return };
        let now_ms = now.as_millisecond();
        let mut state = witness.state();
        if end.seq > state.seen.seq {
            state.seen = end;
        }
        // The clock may have been set back.
        if (now_ms - state.written_ms).abs() < WRITTEN_EVERY_MS {
            return;
        }
        state.written_ms = now_ms;
        drop(state);
        let witness = witness.clone();
        tokio::task::spawn_blocking(move || witness.write_seen());
    }

    /// Writes what was noted and not written yet.
    pub(crate) fn finish(&self) {
        if let Some(witness) = &self.0 {
            witness.write_seen();
        }
    }

    /// Begins anew: the database was made or restored just now.
    pub(crate) fn begin_at(&self, end: TrailEnd) -> Result<(), StoreError> {
        let Some(witness) = &self.0 else { return Ok(()) };
        if let Ok(Some(known)) = witness.known()
            && known.seq > end.seq
        {
            tracing::warn!(
                before = known.seq,
                now = end.seq,
                "the audit trail begins anew: the database here held more entries before"
            );
        }
        *witness.state() = State { seen: end.clone(), written_seq: end.seq, written_ms: 0 };
        Ok(witness.write(&end, true)?)
    }
}

impl Witness {
    fn known(&self) -> Result<Option<TrailEnd>, StoreError> {
        let damaged = |why: String| StoreError::Damaged(format!("{}: {why}", self.file.display()));
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(damaged(error.to_string())),
        };
        let Some(line) = text.lines().find(|line| line.starts_with(&self.place)) else {
            return Ok(None);
        };
        let mut words = line.split(' ').skip(1);
        let seq = words.next().and_then(|seq| seq.parse().ok());
        let hash = words.next().and_then(from_hex);
        let (Some(seq), Some(hash)) = (seq, hash) else {
            return Err(damaged("a line is none of ours".into()));
        };
        let end = TrailEnd { seq, hash };
        if self.line(&end) != line {
            return Err(damaged("a line was changed".into()));
        }
        Ok(Some(end))
    }

    fn line(&self, end: &TrailEnd) -> String {
        let said = format!("{} {} {}", self.place, end.seq, hex(&end.hash));
        let vouched = self.seal.chained(sha256_parts(&[b"audit witness", said.as_bytes()]));
        format!("{said} {}", hex(&vouched))
    }

    fn write_seen(&self) {
        let (seen, written_seq) = {
            let state = self.state();
            (state.seen.clone(), state.written_seq)
        };
        if seen.seq <= written_seq {
            return;
        }
        match self.write(&seen, false) {
            Ok(()) => self.state().written_seq = seen.seq,
            Err(error) => tracing::warn!(%error, "the audit trail's end is not witnessed"),
        }
    }

    /// Writes the line of this database. Another process may have written a later one: that stays,
    /// unless the trail begins anew.
    fn write(&self, end: &TrailEnd, is_anew: bool) -> io::Result<()> {
        create_file(&self.file, "", 0o600)?;
        let file = LockedFile::open(&self.file)?;
        let text = file.text(FILE_BYTES_MAX)?;
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let own = lines.iter().position(|line| line.starts_with(&self.place));
        let known = own.and_then(|at| lines[at].split(' ').nth(1)?.parse::<i64>().ok());
        if !is_anew && known.is_some_and(|known| known >= end.seq) {
            return Ok(());
        }
        match own {
            Some(at) => lines[at] = self.line(end),
            None => lines.push(self.line(end)),
        }
        file.replace(&(lines.join("\n") + "\n"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address without its password; a file's as it is from any folder.
fn located(address: &str) -> String {
    match address.strip_prefix("sqlite://") {
        Some(path) => {
            std::path::absolute(path).unwrap_or_else(|_| path.into()).display().to_string()
        }
        None => address.rsplit('@').next().unwrap_or(address).to_owned(),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}
