//! A plain decoder of commits, written from `docs/formats/commit.md` alone.
//!
//! Why: it shares nothing with the one that the store reads with, so it does not share its mistakes.
//! It is simple before it is fast.

use uuid::Uuid;

/// A commit, taken apart.
pub(super) struct Commit {
    pub(super) recorded_at: u64,
    pub(super) first: u64,
    pub(super) records: Vec<Record>,
    pub(super) controls: Vec<(u8, Vec<u8>)>,
}

/// A record, taken apart.
pub(super) struct Record {
    /// Where it begins in the commit.
    pub(super) at: usize,
    pub(super) recorded_at: u64,
    pub(super) id: Uuid,
    pub(super) revision: u64,
    pub(super) stream: String,
    pub(super) event_type: String,
    pub(super) tags: Vec<String>,
    /// As stored, and as it should be.
    pub(super) checksums: (u32, u32),
}

/// What does not fit, and where.
pub(super) type Misfit = (usize, String);

/// The id in the first control item of a context's first commit.
pub(super) fn born(body: &[u8]) -> Option<Uuid> {
    let commit = commit(body).ok()?;
    let (kind, content) = commit.controls.first()?;
    let id = content.get(..16).filter(|_| *kind == 1)?;
    Uuid::from_slice(id).ok()
}

pub(super) fn commit(body: &[u8]) -> Result<Commit, Misfit> {
    let mut bytes = Bytes { all: body, at: 0 };
    let format = bytes.number(1)?;
    if format != 1 {
        return Err((0, format!("commit format {format} is unknown here")));
    }
    let recorded_at = bytes.number(7)?;
    let first = bytes.number(8)?;
    let (event_count, control_count) = (bytes.number(4)?, bytes.number(4)?);
    let mut commit = Commit { recorded_at, first, records: Vec::new(), controls: Vec::new() };
    for n in 0..event_count {
        commit.records.push(record(&mut bytes, first.wrapping_add(n))?);
    }
    for _ in 0..control_count {
        let kind = bytes.number(1)? as u8;
        if !(1..=7).contains(&kind) {
            return Err((bytes.at, format!("control kind {kind} is unknown here")));
        }
        commit.controls.push((kind, bytes.counted()?.to_vec()));
    }
    match body.len() - bytes.at {
        0 => Ok(commit),
        left => Err((bytes.at, format!("{left} bytes stand behind the last control item"))),
    }
}

fn record(bytes: &mut Bytes<'_>, position: u64) -> Result<Record, Misfit> {
    let at = bytes.at;
    let content = bytes.counted()?;
    let mut inner = Bytes { all: content, at: 0 };
    let within = |(_, why): Misfit| (at, format!("in the record of position {position}, {why}"));
    record_content(&mut inner, at, position).map_err(within)
}

fn record_content(inner: &mut Bytes<'_>, at: usize, position: u64) -> Result<Record, Misfit> {
    let stored = inner.number(4)? as u32;
    let covered = [&position.to_le_bytes()[..], &inner.all[4..]].concat();
    let actual = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &covered) as u32;
    let flags = inner.number(1)?;
    if flags > 15 {
        return Err((0, format!("flags {flags:#x} are unknown here")));
    }
    let recorded_at = inner.number(7)?;
    let id = Uuid::from_slice(inner.take(16)?).map_err(|why| (0, why.to_string()))?;
    let revision = inner.varint()?;
    let (stream, event_type) = (inner.text()?, inner.text()?);
    if flags & 2 != 0 {
        inner.varint()?;
    }
    if flags & 4 != 0 {
        metadata(inner.counted()?)?;
    }
    let mut tags = Vec::new();
    if flags & 8 != 0 {
        let mut stored = Bytes { all: inner.counted()?, at: 0 };
        while stored.at < stored.all.len() {
            tags.push(stored.text()?);
        }
    }
    let checksums = (stored, actual);
    Ok(Record { at, recorded_at, id, revision, stream, event_type, tags, checksums })
}

fn metadata(bytes: &[u8]) -> Result<(), Misfit> {
    let mut bytes = Bytes { all: bytes, at: 0 };
    let flags = bytes.number(1)?;
    if flags > 15 {
        return Err((0, format!("metadata flags {flags:#x} are unknown here")));
    }
    for _ in 0..flags.count_ones() {
        bytes.text()?;
    }
    while bytes.at < bytes.all.len() {
        bytes.text()?;
        bytes.text()?;
    }
    Ok(())
}

/// Bytes, taken from the front.
struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Misfit> {
        let left = self.all.len() - self.at;
        if count > left {
            return Err((self.at, format!("{count} bytes are wanted, {left} are left")));
        }
        let taken = &self.all[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    /// A little-endian number of at most eight bytes.
    fn number(&mut self, bytes: usize) -> Result<u64, Misfit> {
        let taken = self.take(bytes)?;
        Ok(taken.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn varint(&mut self) -> Result<u64, Misfit> {
        let mut number: u128 = 0;
        for n in 0..10 {
            let byte = self.number(1)?;
            number |= u128::from(byte & 127) << (7 * n);
            if byte < 128 {
                return u64::try_from(number)
                    .map_err(|_| (self.at, "a number has more than 64 bits".to_owned()));
            }
        }
        Err((self.at, "a number does not end".to_owned()))
    }

    fn counted(&mut self) -> Result<&'a [u8], Misfit> {
        let count = self.varint()?;
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn text(&mut self) -> Result<String, Misfit> {
        let at = self.at;
        String::from_utf8(self.counted()?.to_vec()).map_err(|why| (at, why.to_string()))
    }
}
