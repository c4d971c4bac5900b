//! A backup of one context as a disk: the journal as it was, read from the pieces.
//!
//! Why: the verifier of the store looks at files. Shown the backup as those files, it verifies the
//! backup, and the restore copies exactly what was verified.
//!
//! Picture: `journal/00…2.seg`, bytes 0 to 9,000 = piece `ab…` 0 to 4,096 · piece `cd…` 0 to 4,904 ·
//! zeros up to the capacity. `journal/mark` is made up: it says where the copy ends.
//!
//! Invariants: nothing is written. Every byte that is not zero or the mark's is a piece's.

use crate::archive::Archive;
use crate::error::{BackupError, Damage};
use crate::manifest::{ContextCopy, SegmentCopy};
use headwater_env::{Access, BLOCK_BYTES, DirLock, Disk, DiskError, DurableWay, File};
use headwater_journal_file::Place;
use headwater_journal_file::format::{
    HEADER_BYTES, SegmentHeader, segment_file_name, segment_of_file_name,
};
use headwater_journal_file::limits::SEGMENT_BYTES_MAX;
use headwater_journal_file::mark::{MARK_FILE, Mark};
use headwater_model::{Corrupt, Epoch, Slot};
use std::path::Path;
use std::sync::Arc;

/// Where the journal seems to stand.
pub(crate) const DIR: &str = "/backup";

/// One context of a backup.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    archive: Archive,
    copy: Arc<ContextCopy>,
}

impl Image {
    pub(crate) fn new(archive: &Archive, copy: &ContextCopy) -> Self {
        Self { archive: archive.clone(), copy: Arc::new(copy.clone()) }
    }

    pub(crate) fn copy(&self) -> &ContextCopy {
        &self.copy
    }

    /// The directory of the backup.
    pub(crate) fn dir(&self) -> std::path::PathBuf {
        self.archive.dir.clone()
    }

    /// A byte of a segment that does not fit.
    pub(crate) fn damaged(&self, segment: &SegmentCopy, (at, why): (u32, String)) -> BackupError {
        let file = segment_file_name(segment.segment);
        BackupError::Damaged(self.place_of(&Corrupt { file, at: u64::from(at), why }))
    }

    /// A segment's bytes.
    pub(crate) fn segment(&self, segment: &SegmentCopy) -> Result<SegmentFile, DiskError> {
        let mut file = SegmentFile { parts: Vec::new(), bytes: segment.bytes, capacity: 0 };
        let mut from = 0;
        for piece in &segment.pieces {
            let opened =
                self.archive.disk.open(&self.archive.piece(&piece.sha256), Access::Read)?;
            file.parts.push(Part { from, bytes: piece.bytes, file: opened });
            from += piece.bytes;
        }
        let capacity = file.header()?.map_or(0, |header| header.capacity);
        file.capacity = capacity.min(SEGMENT_BYTES_MAX).max(segment.bytes);
        Ok(file)
    }

    /// Which byte of which piece a byte of a file of the image is.
    pub(crate) fn place_of(&self, corrupt: &Corrupt) -> Damage {
        let name = Path::new(&corrupt.file).file_name().and_then(|name| name.to_str());
        let number = name.and_then(segment_of_file_name);
        let segment = number.and_then(|n| self.copy.segments.get(n as usize));
        let mut from = 0;
        let pieces = segment.map_or(&[][..], |segment| &segment.pieces);
        for piece in pieces {
            let until = from + u64::from(piece.bytes);
            // The end of the last is where something is missing.
            if corrupt.at < until || std::ptr::eq(piece, &raw const pieces[pieces.len() - 1]) {
                let file = self.archive.piece(&piece.sha256).display().to_string();
                let at = corrupt.at.min(until) - from;
                return Damage { file, at, why: corrupt.why.clone() };
            }
            from = until;
        }
        let file = self.archive.dir.join(name.unwrap_or_default()).display().to_string();
        Damage { file, at: corrupt.at, why: corrupt.why.clone() }
    }

    /// The mark of a journal that ends where the copy does.
    fn mark(&self) -> Result<Vec<u8>, DiskError> {
        let Some(last) = self.copy.segments.last() else { return Ok(Vec::new()) };
        let header = self.segment(last)?.header()?;
        let end = Place { segment: last.segment, at: last.bytes };
        let mark =
            header.map(|header| mark_at(&header, end, header.epoch, last.next_slot, last.chain));
        Ok(mark.map_or(Vec::new(), |mark| mark_file(&mark)))
    }
}

/// What a journal's mark says that ends there.
pub(crate) fn mark_at(
    header: &SegmentHeader,
    end: Place,
    epoch: Epoch,
    next_slot: Slot,
    chain: u32,
) -> Mark {
    Mark { id: header.id, generation: 0, epoch, end, next_slot, prev: chain, closed: true }
}

/// The bytes of the file of a mark.
pub(crate) fn mark_file(mark: &Mark) -> Vec<u8> {
    let mut bytes = mark.encode().to_vec();
    bytes.resize(2 * BLOCK_BYTES, 0);
    bytes
}

fn refused(what: &'static str, path: &Path) -> DiskError {
    let why = "a backup is only read".to_owned();
    DiskError::Io { what, path: path.display().to_string(), why }
}

impl Disk for Image {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>, DiskError> {
        if access != Access::Read {
            return Err(refused("write", path));
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == MARK_FILE {
            return Ok(Arc::new(Text(self.mark()?)));
        }
        let segment = segment_of_file_name(name);
        let segment = segment.and_then(|n| self.copy.segments.get(n as usize));
        match segment {
            Some(segment) => Ok(Arc::new(self.segment(segment)?)),
            None => Err(DiskError::NotFound { path: path.display().to_string() }),
        }
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, DiskError> {
        if dir != Path::new(DIR).join("journal") {
            return Err(DiskError::NotFound { path: dir.display().to_string() });
        }
        let segments = self.copy.segments.iter();
        let mut names: Vec<_> = segments.map(|s| segment_file_name(s.segment)).collect();
        names.push(MARK_FILE.to_owned());
        Ok(names)
    }

    fn create_dir_all(&self, dir: &Path) -> Result<(), DiskError> {
        Err(refused("make directory", dir))
    }

    fn rename(&self, from: &Path, _: &Path) -> Result<(), DiskError> {
        Err(refused("rename", from))
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        Err(refused("remove", path))
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        Err(refused("sync", dir))
    }

    fn lock(&self, path: &Path, _: &str) -> Result<DirLock, DiskError> {
        Err(refused("lock", path))
    }
}

/// A segment's bytes, from its pieces.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    parts: Vec<Part>,
    bytes: u32,
    pub(crate) capacity: u32,
}

#[derive(Debug)]
struct Part {
    from: u32,
    bytes: u32,
    file: Arc<dyn File>,
}

impl SegmentFile {
    /// What the segment says of itself, if it can be read.
    pub(crate) fn header(&self) -> Result<Option<SegmentHeader>, DiskError> {
        let mut bytes = [0; HEADER_BYTES];
        let Some(first) = self.parts.first() else { return Ok(None) };
        first.file.read_at(&mut bytes, 0)?;
        Ok(SegmentHeader::decode(&bytes).ok().map(|(header, _)| header))
    }

    /// The part that a byte is in.
    fn part(&self, at: u64) -> Option<&Part> {
        self.parts.iter().find(|part| at < u64::from(part.from) + u64::from(part.bytes))
    }
}

impl File for SegmentFile {
    fn read_at(&self, buf: &mut [u8], at: u64) -> Result<usize, DiskError> {
        let mut done = 0;
        while done < buf.len() {
            let place = at + done as u64;
            let Some(part) = self.part(place) else { break };
            let within = place - u64::from(part.from);
            let left = usize::try_from(u64::from(part.bytes) - within).unwrap_or(usize::MAX);
            let want = left.min(buf.len() - done);
            let count = part.file.read_at(&mut buf[done..done + want], within)?;
            done += count;
            if count < want {
                return Ok(done);
            }
        }
        let behind = u64::from(self.capacity).saturating_sub(at + done as u64);
        let zeros = usize::try_from(behind).unwrap_or(usize::MAX).min(buf.len() - done);
        buf[done..done + zeros].fill(0);
        Ok(done + zeros)
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(u64::from(self.capacity.max(self.bytes)))
    }

    fn write_at(&self, _: &[u8], _: u64) -> Result<(), DiskError> {
        Err(refused("write", Path::new(DIR)))
    }

    fn write_durable_at(&self, _: &[u8], _: u64) -> Result<(), DiskError> {
        Err(refused("write", Path::new(DIR)))
    }

    fn durable_way(&self) -> DurableWay {
        DurableWay::Synced
    }

    fn sync(&self) -> Result<(), DiskError> {
        Err(refused("sync", Path::new(DIR)))
    }

    fn set_len(&self, _: u64) -> Result<(), DiskError> {
        Err(refused("cut", Path::new(DIR)))
    }
}

/// A small file that is made up.
#[derive(Debug)]
struct Text(Vec<u8>);

impl File for Text {
    fn read_at(&self, buf: &mut [u8], at: u64) -> Result<usize, DiskError> {
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(self.0.len());
        let count = buf.len().min(self.0.len() - at);
        buf[..count].copy_from_slice(&self.0[at..at + count]);
        Ok(count)
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(self.0.len() as u64)
    }

    fn write_at(&self, _: &[u8], _: u64) -> Result<(), DiskError> {
        Err(refused("write", Path::new(MARK_FILE)))
    }

    fn write_durable_at(&self, _: &[u8], _: u64) -> Result<(), DiskError> {
        Err(refused("write", Path::new(MARK_FILE)))
    }

    fn durable_way(&self) -> DurableWay {
        DurableWay::Synced
    }

    fn sync(&self) -> Result<(), DiskError> {
        Err(refused("sync", Path::new(MARK_FILE)))
    }

    fn set_len(&self, _: u64) -> Result<(), DiskError> {
        Err(refused("cut", Path::new(MARK_FILE)))
    }
}
