//! The parts of uploads that have arrived so far.
//!
//! They are held in memory and nowhere else: the sender keeps its photos until a scan answers for
//! them, so what is dropped here costs sending again and never a scan, and no photo lies unsealed
//! on a disk. Whoever was idle longest makes room.

use crate::problem::{Code, Problem};
use axum::http::HeaderValue;
use bytes::{Bytes, BytesMut};
use pipeline::clock::Stopwatch;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::ScanId;
use uuid::Uuid;

/// How much may be held, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartialUploadLimits {
    /// Bytes of all uploads together; a single one may not be larger either.
    pub(crate) bytes_max: usize,
    /// Uploads of one owner; the one that was idle longest gives way to a new one.
    pub(crate) owner_uploads_max: usize,
    /// How long an upload may be idle before it is dropped.
    pub(crate) idle_max: Duration,
}

/// What the first request of an upload says about the whole.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    /// Whose it is.
    pub(crate) owner: String,
    /// The key that the scan will have.
    pub(crate) idempotency_key: String,
    /// Content type of the whole body.
    pub(crate) content_type: HeaderValue,
    /// Bytes of the whole body.
    pub(crate) length_bytes: usize,
}

/// How far an upload is.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// What it was announced as.
    pub(crate) announced: Announced,
    /// Bytes that have arrived.
    pub(crate) offset_bytes: usize,
    /// The scan that it became.
    pub(crate) scan: Option<ScanId>,
}

#[derive(Debug)]
struct Upload {
    announced: Announced,
    bytes: BytesMut,
    scan: Option<ScanId>,
    idle: Stopwatch,
}

/// Every upload under way.
#[derive(Debug)]
pub(crate) struct PartialUploads {
    limits: PartialUploadLimits,
    uploads: Mutex<HashMap<Uuid, Upload>>,
}

impl PartialUploads {
    /// Holds nothing yet.
    pub(crate) fn new(limits: PartialUploadLimits) -> Self {
        Self { limits, uploads: Mutex::default() }
    }

    /// Begins an upload under a new id.
    pub(crate) fn begin(&self, id: Uuid, announced: Announced) -> Result<(), Problem> {
        let most = self.limits.bytes_max;
        if announced.length_bytes > most {
            return Err(Problem::new(
                Code::BodyTooLarge,
                format!("in parts: at most {most} bytes"),
            ));
        }
        let mut uploads = self.lock();
        let of_owner = |it: &Upload| it.announced.owner == announced.owner;
        while uploads.values().filter(|it| of_owner(it)).count() >= self.limits.owner_uploads_max {
            drop_idlest(&mut uploads, of_owner);
        }
        let idle = Stopwatch::start();
        uploads.insert(id, Upload { announced, bytes: BytesMut::new(), scan: None, idle });
        Ok(())
    }

    /// How far the owner's upload is.
    pub(crate) fn progress(&self, id: Uuid, owner: &str) -> Result<Progress, Problem> {
        let mut uploads = self.lock();
        let upload = of(&mut uploads, id, owner)?;
        Ok(Progress {
            announced: upload.announced.clone(),
            offset_bytes: upload.offset(),
            scan: upload.scan,
        })
    }

    /// Adds bytes that belong at `offset_bytes`. Two senders of one upload cannot mix: the offset
    /// of one of them is wrong.
    pub(crate) fn append(
        &self,
        id: Uuid,
        owner: &str,
        offset_bytes: usize,
        chunk: &[u8],
    ) -> Result<(), Problem> {
        let mut uploads = self.lock();
        let upload = of(&mut uploads, id, owner)?;
        if upload.offset() != offset_bytes || upload.scan.is_some() {
            return Err(Code::UploadOffsetMismatch.into());
        }
        if chunk.len() > upload.announced.length_bytes - offset_bytes {
            return Err(Problem::new(Code::BodyTooLarge, "more than Upload-Length"));
        }
        upload.idle = Stopwatch::start();
        let own = uploads.remove(&id).ok_or(Code::NotFound)?;
        let room = make_room(&mut uploads, &own, chunk.len(), self.limits.bytes_max);
        let own = uploads.entry(id).insert_entry(own).into_mut();
        room?;
        own.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The whole body, if all of it has arrived.
    pub(crate) fn whole(&self, id: Uuid, owner: &str) -> Result<Bytes, Problem> {
        let mut uploads = self.lock();
        let upload = of(&mut uploads, id, owner)?;
        if upload.bytes.len() < upload.announced.length_bytes {
            return Err(Problem::new(Code::BodyMalformed, "complete, but shorter than announced"));
        }
        Ok(Bytes::copy_from_slice(&upload.bytes))
    }

    /// Lets the bytes go and remembers what became of them, for a sender that missed the answer.
    pub(crate) fn became(&self, id: Uuid, scan: ScanId) {
        if let Some(upload) = self.lock().get_mut(&id) {
            upload.scan = Some(scan);
            upload.bytes = BytesMut::new();
        }
    }

    /// Forgets the owner's upload.
    pub(crate) fn forget(&self, id: Uuid, owner: &str) -> Result<(), Problem> {
        let mut uploads = self.lock();
        of(&mut uploads, id, owner)?;
        uploads.remove(&id);
        Ok(())
    }

    /// Drops what has been idle for too long.
    pub(crate) fn sweep(&self) {
        self.lock().retain(|_, upload| upload.idle.elapsed() <= self.limits.idle_max);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Upload>> {
        // Each change is a single insertion or removal: a panic between leaves nothing half done.
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upload {
    fn offset(&self) -> usize {
        if self.scan.is_some() { self.announced.length_bytes } else { self.bytes.len() }
    }
}

/// The upload, for its owner; others cannot tell it from one that never was.
fn of<'a>(
    uploads: &'a mut HashMap<Uuid, Upload>,
    id: Uuid,
    owner: &str,
) -> Result<&'a mut Upload, Problem> {
    let upload = uploads.get_mut(&id).filter(|upload| upload.announced.owner == owner);
    upload.ok_or_else(|| Code::NotFound.into())
}

/// Makes room for more bytes of an upload: of whoever holds most, the upload that was idle longest
/// gives way. So nobody can push out somebody who holds less.
fn make_room(
    others: &mut HashMap<Uuid, Upload>,
    own: &Upload,
    more_bytes: usize,
    bytes_max: usize,
) -> Result<(), Problem> {
    let owner = own.announced.owner.as_str();
    loop {
        let mut held = HashMap::from([(owner, own.bytes.len() + more_bytes)]);
        for upload in others.values() {
            *held.entry(&upload.announced.owner).or_default() += upload.bytes.len();
        }
        if held.values().sum::<usize>() <= bytes_max {
            return Ok(());
        }
        // Of equals the one who asks for more gives way.
        let largest = held.into_iter().max_by_key(|(name, bytes)| (*bytes, *name == owner));
        let largest = largest.map(|(name, _)| name.to_owned()).unwrap_or_default();
        if !drop_idlest(others, |it| it.announced.owner == largest && !it.bytes.is_empty()) {
            return Err(Code::Overloaded.into());
        }
    }
}

/// Drops the matching upload that was idle longest; false if there is none.
fn drop_idlest(uploads: &mut HashMap<Uuid, Upload>, matching: impl Fn(&Upload) -> bool) -> bool {
    let idlest = uploads
        .iter()
        .filter(|(_, upload)| matching(upload))
        .max_by_key(|(_, upload)| upload.idle.elapsed())
        .map(|(id, _)| *id);
    idlest.and_then(|id| uploads.remove(&id)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(bytes_max: usize, owner_uploads_max: usize) -> PartialUploads {
        PartialUploads::new(PartialUploadLimits {
            bytes_max,
            owner_uploads_max,
            idle_max: Duration::ZERO,
        })
    }

    fn begin(held: &PartialUploads, owner: &str, length_bytes: usize) -> Uuid {
        let id = Uuid::new_v4();
        let content_type = HeaderValue::from_static("image/jpeg");
        let (owner, idempotency_key) = (owner.to_owned(), "k".to_owned());
        let announced = Announced { owner, idempotency_key, content_type, length_bytes };
        held.begin(id, announced).unwrap();
        id
    }

    #[test]
    fn parts_fit_together_and_only_at_their_offset() {
        let held = held(100, 2);
        let id = begin(&held, "ann", 6);
        held.append(id, "ann", 0, b"abc").unwrap();
        assert!(held.append(id, "ann", 0, b"abc").is_err(), "sent twice");
        assert!(held.append(id, "ann", 4, b"e").is_err(), "a gap");
        assert!(held.append(id, "ann", 3, b"defg").is_err(), "longer than announced");
        assert!(held.whole(id, "ann").is_err(), "not all there");
        held.append(id, "ann", 3, b"def").unwrap();
        assert_eq!(held.whole(id, "ann").unwrap(), "abcdef");
        let scan = ScanId::from(Uuid::nil());
        held.became(id, scan);
        let progress = held.progress(id, "ann").unwrap();
        assert_eq!((progress.offset_bytes, progress.scan), (6, Some(scan)));
        assert!(held.append(id, "ann", 6, b"g").is_err(), "it is a scan already");
    }

    #[test]
    fn an_upload_is_its_owners_alone() {
        let held = held(100, 2);
        let id = begin(&held, "ann", 6);
        assert!(held.progress(id, "bob").is_err() && held.append(id, "bob", 0, b"a").is_err());
        assert!(held.whole(id, "bob").is_err() && held.forget(id, "bob").is_err());
        held.forget(id, "ann").unwrap();
        assert!(held.progress(id, "ann").is_err());
    }

    #[test]
    fn whoever_was_idle_longest_makes_room() {
        let held = held(10, 2);
        let first = begin(&held, "ann", 8);
        held.append(first, "ann", 0, b"12345678").unwrap();
        let other = begin(&held, "bob", 8);
        held.append(other, "bob", 0, b"1234").unwrap();
        assert!(held.progress(first, "ann").is_err(), "more bytes than there may be");
        assert_eq!(held.progress(other, "bob").unwrap().offset_bytes, 4);

        let second = begin(&held, "bob", 1);
        let third = begin(&held, "bob", 1);
        assert!(held.progress(other, "bob").is_err(), "more uploads than one owner may have");
        assert!(held.progress(second, "bob").is_ok() && held.progress(third, "bob").is_ok());
        held.sweep();
        assert!(held.progress(third, "bob").is_err(), "idle for longer than nothing");
    }

    #[test]
    fn nobody_pushes_out_whoever_holds_less() {
        let held = held(10, 4);
        let small = begin(&held, "ann", 4);
        held.append(small, "ann", 0, b"1234").unwrap();
        let mine: Vec<_> = (0..4).map(|_| begin(&held, "bob", 6)).collect();
        for (n, id) in mine.iter().enumerate() {
            let _ = held.append(*id, "bob", 0, b"123456");
            assert_eq!(held.progress(small, "ann").unwrap().offset_bytes, 4, "{n}");
        }
        let last = held.progress(mine[3], "bob").unwrap();
        assert_eq!(last.offset_bytes, 6, "of one's own uploads the idlest makes room");
        let larger = begin(&held, "eve", 10);
        assert!(held.append(larger, "eve", 0, b"1234567890").is_err());
        assert_eq!(held.progress(small, "ann").unwrap().offset_bytes, 4);
    }

    #[test]
    fn an_upload_that_could_never_be_held_is_refused() {
        let content_type = HeaderValue::from_static("image/jpeg");
        let (owner, idempotency_key) = ("ann".to_owned(), "k".to_owned());
        let announced = Announced { owner, idempotency_key, content_type, length_bytes: 11 };
        assert!(held(10, 2).begin(Uuid::nil(), announced).is_err());
    }
}
