//! Manifests: what one backup holds, and how it is told from what was not finished or has rotted.
//!
//! Why: pieces are shared by many backups and say nothing by themselves. A manifest is one backup,
//! whole: every context, every segment, every piece by its digest.
//!
//! Picture: `manifests/00000003-20261121T155301Z.json`, JSON for people too; the last field is the
//! SHA-256 of the same text with that field empty.
//!
//! Invariants: D1 a manifest reads only as the very bytes that were written. D3 what its numbers say
//! is checked against each other before anybody goes by them.

use crate::error::Damage;
use headwater_model::{ContextName, Incarnation, Position, Slot, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;
use uuid::Uuid;

/// The format of manifests.
pub const FORMAT: u32 = 1;

/// The name of a backup: its number in its directory, and when it was begun. Sorts by number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ManifestId(String);

impl ManifestId {
    pub(crate) fn new(number: u32, begun_at: Timestamp) -> Self {
        let digits: String =
            begun_at.to_string().chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
        Self(format!("{number:08}-{digits}Z"))
    }

    /// The name in `text`, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let numbered = text.get(..8)?.bytes().all(|b| b.is_ascii_digit());
        (plain && numbered && text.len() <= 32).then(|| Self(text.to_owned()))
    }

    pub(crate) fn number(&self) -> u32 {
        self.0.get(..8).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ManifestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Its name.
    pub id: ManifestId,
    /// The backup before it, from which it took what had not changed.
    pub previous: Option<ManifestId>,
    /// When it was begun, by the clock of who took it.
    pub begun_at: Timestamp,
    /// When it was whole.
    pub ended_at: Timestamp,
    /// Who took it.
    pub by: String,
    /// From where.
    pub source: String,
    /// With which program.
    pub program: String,
    /// In order of name: the order in which their points were taken.
    pub contexts: Vec<ContextCopy>,
    checksum: String,
}

/// One context in a backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextCopy {
    /// Its name.
    pub name: ContextName,
    /// Its id: the same in every copy of it.
    pub id: Uuid,
    /// Each history and its first position, the newest last.
    pub incarnations: Vec<(Incarnation, Position)>,
    /// The last event in it; `None`: there is none.
    pub last_position: Option<Position>,
    /// When that was recorded.
    pub last_recorded_at: Option<Timestamp>,
    /// The front part of its journal.
    pub segments: Vec<SegmentCopy>,
}

/// One segment of a journal, or its front part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentCopy {
    /// Which.
    pub segment: u32,
    /// Bytes of it.
    pub bytes: u32,
    /// Whether that is all of it.
    pub sealed: bool,
    /// The checksum of its last frame.
    pub chain: u32,
    /// The first commit in it.
    pub first_slot: Slot,
    /// The commit behind the last in it.
    pub next_slot: Slot,
    /// Where its first event stands, or would.
    pub first_position: Position,
    /// Where the event behind its last stands, or will.
    pub next_position: Position,
    /// The latest instant of its commits, also of those without events.
    pub until: Timestamp,
    /// When its last event was recorded, if it has one.
    pub last_recorded_at: Option<Timestamp>,
    /// Its bytes, in order.
    pub pieces: Vec<Piece>,
}

/// Bytes that were copied at once: a file of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Piece {
    /// How many.
    pub bytes: u32,
    /// Their digest, and the name of their file.
    pub sha256: String,
}

impl ContextCopy {
    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.bytes)).sum()
    }

    /// All pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.segments.iter().flat_map(|segment| &segment.pieces)
    }

    /// What does not fit together, if anything.
    fn contradiction(&self) -> Option<&'static str> {
        let last = self.segments.len().checked_sub(1)?;
        for (n, segment) in self.segments.iter().enumerate() {
            let bytes: u64 = segment.pieces.iter().map(|piece| u64::from(piece.bytes)).sum();
            let digests = segment.pieces.iter().all(|piece| is_digest(&piece.sha256));
            if bytes != u64::from(segment.bytes) || segment.bytes == 0 || !digests {
                return Some("the pieces of a segment do not make it up");
            }
            if segment.segment as usize != n || (!segment.sealed && n != last) {
                return Some("the segments do not follow each other");
            }
            let before = n.checked_sub(1).map(|n| &self.segments[n]);
            let begins = before.map_or((Slot(0), Position::ZERO), |before| {
                (before.next_slot, before.next_position)
            });
            if begins != (segment.first_slot, segment.first_position) {
                return Some("the commits of the segments do not follow each other");
            }
        }
        let end = self.segments[last].next_position.previous();
        (end != self.last_position).then_some("the last position is not that of the segments")
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What a new manifest is made of.
pub(crate) struct Parts {
    pub(crate) id: ManifestId,
    pub(crate) previous: Option<ManifestId>,
    pub(crate) begun_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) by: String,
    pub(crate) source: String,
    pub(crate) contexts: Vec<ContextCopy>,
}

impl Manifest {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { id, previous, begun_at, ended_at, by, source, contexts } = parts;
        let program = concat!("headwater ", env!("CARGO_PKG_VERSION")).to_owned();
        let mut manifest = Self {
            format: FORMAT,
            id,
            previous,
            begun_at,
            ended_at,
            by,
            source,
            program,
            contexts,
            checksum: String::new(),
        };
        manifest.checksum = hex::encode(Sha256::digest(manifest.text()));
        manifest
    }

    /// The text of its file.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("names and numbers have a JSON form");
        text.push(b'\n');
        text
    }

    /// The manifest in a file's bytes.
    ///
    /// # Errors
    /// [`Damage`], with the byte, if they are not what was written.
    pub(crate) fn read(file: &Path, bytes: &[u8]) -> Result<Self, Damage> {
        let damage = |at: usize, why: String| Damage {
            file: file.display().to_string(),
            at: at as u64,
            why,
        };
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| {
            damage(place(bytes, error.line(), error.column()), error.to_string())
        })?;
        if manifest.format != FORMAT {
            let why = format!("format {} is unknown here, {FORMAT} is the newest", manifest.format);
            return Err(damage(0, why));
        }
        let blank = Self { checksum: String::new(), ..manifest.clone() };
        let whole = Self { checksum: hex::encode(Sha256::digest(blank.text())), ..blank };
        let expected = whole.text();
        if let Some(at) = first_difference(bytes, &expected) {
            return Err(damage(at, "the checksum is that of another text".to_owned()));
        }
        let contradiction = manifest.contexts.iter().find_map(ContextCopy::contradiction);
        match contradiction {
            Some(why) => Err(damage(0, why.to_owned())),
            None => Ok(manifest),
        }
    }

    /// The copy of a context.
    pub fn context(&self, name: &ContextName) -> Option<&ContextCopy> {
        self.contexts.iter().find(|context| context.name == *name)
    }

    /// Bytes of all contexts.
    pub fn bytes(&self) -> u64 {
        self.contexts.iter().map(ContextCopy::bytes).sum()
    }
}

/// The byte at a line and a column, both counted from 1.
fn place(bytes: &[u8], line: usize, column: usize) -> usize {
    let before: usize =
        bytes.split_inclusive(|b| *b == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (before + column.saturating_sub(1)).min(bytes.len())
}

fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    differs.or_else(|| (one.len() != other.len()).then_some(one.len().min(other.len())))
}
