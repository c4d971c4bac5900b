//! A plain decoder of commits, written from `docs/formats/commit.md` alone.
//!
//! Why: it shares nothing with the one that the store reads with, so it does not share its mistakes.
//! It is simple before it is fast.

use uuid::Uuid;

/// A commit, taken apart.
pub(crate) struct Commit {
    pub(crate) recorded_at: u64,
    pub(crate) first: u64,
    pub(crate) records: Vec<Part>,
    pub(crate) controls: Vec<(u8, Vec<u8>)>,
}

/// What stands for one position or more.
pub(crate) enum Part {
    /// An event.
    Event(Record),
    /// What is kept of an event that was removed and is the last of its stream.
    Last(Record),
    /// Events that were removed.
    Gone(Gap),
}

/// Positions of which nothing is left.
pub(crate) struct Gap {
    /// Where its record begins in the commit.
    pub(crate) at: usize,
    pub(crate) recorded_at: u64,
    pub(crate) count: u64,
    /// As stored, and as it should be.
    pub(crate) checksums: (u32, u32),
}

impl Part {
    /// How many positions it stands for.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Event(_) | Self::Last(_) => 1,
            Self::Gone(gap) => gap.count,
        }
    }
}

/// A record, taken apart.
pub(crate) struct Record {
    /// Where it begins in the commit.
    pub(crate) at: usize,
    /// The byte behind it.
    pub(crate) end: usize,
    pub(crate) recorded_at: u64,
    pub(crate) id: Uuid,
    pub(crate) revision: u64,
    pub(crate) stream: String,
    pub(crate) event_type: String,
    pub(crate) tags: Vec<String>,
    /// As stored, and as it should be.
    pub(crate) checksums: (u32, u32),
}

/// What does not fit, and where.
pub(crate) type Misfit = (usize, String);

/// The id in the first control item of a context's first commit.
pub(crate) fn born(body: &[u8]) -> Option<Uuid> {
    let commit = commit(body).ok()?;
    let (kind, content) = commit.controls.first()?;
    let id = content.get(..16).filter(|_| *kind == 1)?;
    Uuid::from_slice(id).ok()
}

pub(crate) fn commit(body: &[u8]) -> Result<Commit, Misfit> {
    let mut bytes = Bytes { all: body, at: 0 };
    let format = bytes.number(1)?;
    if format != 1 {
        return Err((0, format!("commit format {format} is unknown here")));
    }
    let recorded_at = bytes.number(7)?;
    let first = bytes.number(8)?;
    let (event_count, control_count) = (bytes.number(4)?, bytes.number(4)?);
    let mut commit = Commit { recorded_at, first, records: Vec::new(), controls: Vec::new() };
    let mut n = 0;
    while n < event_count {
        let part = record(&mut bytes, first.wrapping_add(n))?;
        n += part.count();
        if part.count() == 0 || n > event_count {
            return Err((bytes.at, "a gap is of other positions than there were".to_owned()));
        }
        commit.records.push(part);
    }
    for _ in 0..control_count {
        let kind = bytes.number(1)? as u8;
        if !(1..=8).contains(&kind) {
            return Err((bytes.at, format!("control kind {kind} is unknown here")));
        }
        commit.controls.push((kind, bytes.counted()?.to_vec()));
    }
    match body.len() - bytes.at {
        0 => Ok(commit),
        left => Err((bytes.at, format!("{left} bytes stand behind the last control item"))),
    }
}

fn record(bytes: &mut Bytes<'_>, position: u64) -> Result<Part, Misfit> {
    let at = bytes.at;
    let content = bytes.counted()?;
    let mut inner = Bytes { all: content, at: 0 };
    let within = |(_, why): Misfit| (at, format!("in the record of position {position}, {why}"));
    record_content(&mut inner, (at, bytes.at), position).map_err(within)
}

fn record_content(
    inner: &mut Bytes<'_>,
    (at, end): (usize, usize),
    position: u64,
) -> Result<Part, Misfit> {
    let stored = inner.number(4)? as u32;
    let covered = [&position.to_le_bytes()[..], &inner.all[4..]].concat();
    let actual = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &covered) as u32;
    let flags = inner.number(1)?;
    if !matches!(flags, 0..=16 | 32) {
        return Err((0, format!("flags {flags:#x} are unknown here")));
    }
    let recorded_at = inner.number(7)?;
    let checksums = (stored, actual);
    if flags == 16 {
        let count = inner.varint()?;
        return match inner.all.len() - inner.at {
            0 => Ok(Part::Gone(Gap { at, recorded_at, count, checksums })),
            left => Err((0, format!("{left} bytes stand behind a gap"))),
        };
    }
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
    let record = Record { at, end, recorded_at, id, revision, stream, event_type, tags, checksums };
    match flags {
        32 if inner.at < inner.all.len() => Err((0, "a stub has a payload".to_owned())),
        32 => Ok(Part::Last(record)),
        _ => Ok(Part::Event(record)),
    }
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
