//! What is held whole, kept in a file at each seal.
//!
//! Why: checkpoints, stream settings and the context's identity are spread over all commits; an
//! open must not read them all. At each seal they are written down together, and an open starts
//! from the newest file that is whole.
//!
//! Picture:
//! ```text
//!   held/00000007.held = magic 8 · format u8 · recorded-at 8 · next 8 · JSON … · crc 4
//!                        all commits of segments up to 7 are in it
//! ```
//! Invariants: D1 the checksum covers the file, its segment and the context. After a crash: a file
//! that is not whole is ignored, an older one or the log itself says the same.

use crate::groups::held::GroupText;
use crate::life::StreamMark;
use crate::state::{Head, Held, Identity};
use bytestring::ByteString;
use headwater_env::{Access, Disk, DiskError};
use headwater_model::{
    Checkpoint, CheckpointName, Incarnation, Position, Revision, StreamLife, StreamSettings,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const MAGIC: &[u8; 8] = b"HWHELD\x00\x01";

/// No state that is held in memory comes near this.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Everything held, and how far it was applied.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kept {
    /// The last segment whose commits are all in it.
    pub(crate) segment: u32,
    /// The head behind that segment.
    pub(crate) head: Head,
    /// What is held.
    pub(crate) held: Held,
}

#[derive(Serialize, Deserialize)]
struct Text {
    segment: u32,
    next: Position,
    recorded_at_micros: u64,
    id: Uuid,
    incarnations: Vec<(Incarnation, Position)>,
    marks: Vec<MarkText>,
    checkpoints: Vec<(CheckpointName, Checkpoint)>,
    /// Files of before there were groups have none.
    #[serde(default)]
    groups: Vec<GroupText>,
    /// As for the marks.
    #[serde(default)]
    release_count: u64,
}

#[derive(Serialize, Deserialize)]
struct MarkText {
    stream: ByteString,
    settings: StreamSettings,
    life: StreamLife,
    hidden_before: Revision,
    /// Files of before there was scavenging have none.
    #[serde(default)]
    released: Revision,
}

impl Kept {
    fn to_bytes(&self) -> Vec<u8> {
        let identity = self.held.identity.clone();
        let mark = |(name, mark): (&ByteString, &StreamMark)| MarkText {
            stream: name.clone(),
            settings: mark.settings,
            life: mark.life,
            hidden_before: mark.hidden_before,
            released: mark.released,
        };
        let mut text = Text {
            segment: self.segment,
            next: self.head.next,
            recorded_at_micros: self.head.recorded_at.as_micros(),
            id: identity.as_ref().map_or(Uuid::nil(), |identity| identity.id),
            incarnations: identity.map_or(Vec::new(), |identity| identity.incarnations),
            marks: self.held.marks.iter().map(mark).collect(),
            checkpoints: self.held.checkpoints.iter().map(|(n, c)| (n.clone(), *c)).collect(),
            groups: GroupText::of(&self.held.groups),
            release_count: self.held.release_count,
        };
        // Maps have no order, files of the same state should be the same.
        text.marks.sort_by(|one, other| one.stream.cmp(&other.stream));
        text.checkpoints.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut bytes = MAGIC.to_vec();
        serde_json::to_writer(&mut bytes, &text).expect("names and numbers have a JSON form");
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, &bytes) as u32;
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (covered, crc) = bytes.split_last_chunk::<4>()?;
        let actual = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, covered) as u32;
        if actual != u32::from_le_bytes(*crc) {
            return None;
        }
        let text: Text = serde_json::from_slice(covered.strip_prefix(MAGIC)?).ok()?;
        let mark = |mark: MarkText| {
            let MarkText { stream, settings, life, hidden_before, released } = mark;
            (stream, StreamMark { settings, life, hidden_before, released })
        };
        let identity = Identity { id: text.id, incarnations: text.incarnations };
        Some(Self {
            segment: text.segment,
            head: Head {
                next: text.next,
                recorded_at: Timestamp::from_micros(text.recorded_at_micros),
            },
            held: Held {
                identity: Some(identity).filter(|identity| !identity.id.is_nil()),
                marks: text.marks.into_iter().map(mark).collect(),
                checkpoints: text.checkpoints.into_iter().collect(),
                groups: text.groups.into_iter().map(|group| (group.name, group.held)).collect(),
                release_count: text.release_count,
            },
        })
    }
}

/// The directory of kept files.
#[derive(Clone, Debug)]
pub(crate) struct HeldFiles {
    disk: std::sync::Arc<dyn Disk>,
    dir: PathBuf,
}

impl HeldFiles {
    pub(crate) fn open(disk: std::sync::Arc<dyn Disk>, dir: &Path) -> Result<Self, DiskError> {
        disk.create_dir_all(dir)?;
        Ok(Self { disk, dir: dir.to_owned() })
    }

    /// The newest file that is whole and belongs to context `id`.
    pub(crate) fn newest(&self, id: Uuid) -> Result<Option<Kept>, DiskError> {
        let mut names = self.disk.list(&self.dir)?;
        names.retain(|name| name.ends_with(".held"));
        names.sort();
        for name in names.iter().rev() {
            let kept = Kept::from_bytes(&self.read(&self.dir.join(name))?);
            let is_ours = |kept: &Kept| {
                file_name(kept.segment) == *name
                    && kept.held.identity.as_ref().is_some_and(|identity| identity.id == id)
            };
            if let Some(kept) = kept.filter(is_ours) {
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }

    /// Writes one down, and removes those that are older than the one before it.
    pub(crate) fn keep(&self, kept: &Kept) -> Result<(), DiskError> {
        let (path, unfinished) =
            (self.dir.join(file_name(kept.segment)), self.dir.join("unfinished"));
        let file = self.disk.open(&unfinished, Access::Create)?;
        file.write_at(&kept.to_bytes(), 0)?;
        file.sync()?;
        self.disk.rename(&unfinished, &path)?;
        self.disk.sync_dir(&self.dir)?;
        let mut names = self.disk.list(&self.dir)?;
        names.retain(|name| name.ends_with(".held"));
        names.sort();
        let old = names.len().saturating_sub(2);
        names.iter().take(old).try_for_each(|name| self.disk.remove(&self.dir.join(name)))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, DiskError> {
        let file = self.disk.open(path, Access::Read)?;
        let len = file.len()?.min(FILE_BYTES_MAX);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        let count = file.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        Ok(bytes)
    }
}

fn file_name(segment: u32) -> String {
    format!("{segment:08x}.held")
}
