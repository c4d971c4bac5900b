//! Notes: what a miner must remember, kept in the store beside the events that it is about.
//!
//! Why: the place in the log and the events up to it must never disagree. In one append they cannot.
//!
//! | where | what | when |
//! |---|---|---|
//! | checkpoint `cdc/<name>` | the place in the log up to which all is in the store | with every append |
//! | checkpoint `cdc/<name>/part` | changes of the transaction at that place that are there, too | while a large one comes in parts |
//! | checkpoint `cdc/<name>/file` | which file of MariaDB's log that is, and when it was made | when the file is another |
//! | stream `$cdc-<name>` | which database, which slot; while tables are copied, how far | with every append of the copy |
//!
//! Invariant: one instance writes. The others' notes or checkpoints are not where they expect them, and
//! they are refused.

use crate::error::MineError;
use crate::place::LogPlace;
use bytestring::ByteString;
use headwater_model::{
    AsOf, Checkpoint, CheckpointName, Direction, EventId, EventStore, EventType, ExpectedRevision,
    From, Incarnation, InvalidName, NewEvent, ReadError, ReadStream, Revision, SaveCheckpoint,
    StreamName, StreamWrite,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the ids of notes derive from.
const NOTE_IDS: EventId = EventId(Uuid::from_u128(0x6864_7763_6463_2d6e_6f74_6573_0000_0001));

/// Where a miner is with its database.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Which server and database.
    pub(crate) source: SourceName,
    /// How often the tables were copied from the beginning.
    pub(crate) generation: u32,
    /// What is going on.
    pub(crate) phase: Phase,
}

/// Which server and database.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SourceName {
    /// PostgreSQL's system identifier, MariaDB's `server_id`.
    pub(crate) system: String,
    /// The database's name; empty where a log is of all of them.
    pub(crate) database: String,
}

impl std::fmt::Display for SourceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.database.as_str() {
            "" => write!(f, "server {}", self.system),
            database => write!(f, "database {database} of server {}", self.system),
        }
    }
}

/// What is going on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// A replication slot is being made. It may be there or not; nothing was read from it.
    Asked,
    /// Rows that were there are being copied.
    Copying(Copying),
    /// The log is followed.
    Following(Copying),
}

/// How far the copy is, and what it was made of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Copying {
    /// Where the log begins that is followed afterwards.
    pub(crate) consistent_at: LogPlace,
    /// The tables, in order.
    pub(crate) tables: Vec<String>,
    /// Each beginning: the first with the slot's own snapshot, one more after each crash.
    pub(crate) passes: Vec<Pass>,
    /// How far it is.
    pub(crate) at: CopyPlace,
}

/// Rows that were read in one snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Pass {
    /// Whose changes it sees, as `pg_current_snapshot()` writes it; `None`: exactly those before the
    /// log that is followed.
    pub(crate) sees: Option<String>,
    /// All that it sees has committed before this place.
    pub(crate) until: LogPlace,
    /// Where it began.
    pub(crate) from: CopyPlace,
}

/// A place in the order of tables and keys.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CopyPlace {
    /// Which table, by its place among them.
    pub(crate) table: usize,
    /// The last key of it that was copied; `None`: none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<Vec<String>>,
}

/// A miner's own names in the store.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) notes: StreamName,
    pub(crate) place: CheckpointName,
    pub(crate) part: CheckpointName,
    pub(crate) mark: CheckpointName,
    note_type: EventType,
}

/// Checkpoints as they are in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Saved {
    /// How far the log was mined.
    pub(crate) place: Option<Checkpoint>,
    /// How many changes of the transaction at that place.
    pub(crate) part: Option<Checkpoint>,
    /// Which file of the log, where it is one of files.
    pub(crate) mark: Option<Checkpoint>,
}

impl Saved {
    pub(crate) fn log_place(&self) -> LogPlace {
        LogPlace(self.place.map_or(0, |saved| saved.position.0))
    }

    /// Changes of the next transaction that are in the store already.
    pub(crate) fn part_count(&self) -> u64 {
        let own = |part: &Checkpoint| self.place.is_some_and(|p| p.incarnation == part.incarnation);
        self.part.filter(own).map_or(0, |part| part.position.0)
    }
}

impl Names {
    pub(crate) fn of(miner: &str) -> Result<Self, InvalidName> {
        Ok(Self {
            notes: StreamName::system(format!("$cdc-{miner}"))?,
            place: CheckpointName::new(format!("cdc/{miner}"))?,
            part: CheckpointName::new(format!("cdc/{miner}/part"))?,
            mark: CheckpointName::new(format!("cdc/{miner}/file"))?,
            note_type: EventType::new(ByteString::from_static("$cdc-note"))?,
        })
    }

    /// The last note and its revision.
    pub(crate) async fn read(
        &self,
        store: &dyn EventStore,
    ) -> Result<Option<(Note, Revision)>, MineError> {
        let read = ReadStream {
            stream: self.notes.clone(),
            from: From::Edge,
            direction: Direction::Backwards,
            as_of: AsOf::Now,
            count_max: 1,
        };
        let page = store.read_stream(read).await?;
        let Some(event) = page.events.first() else { return Ok(None) };
        match serde_json::from_slice(&event.payload) {
            Ok(note) => Ok(Some((note, event.revision))),
            Err(error) => {
                Err(MineError::Notes { stream: self.notes.to_string(), why: error.to_string() })
            }
        }
    }

    /// Writes a note behind the one of `last`.
    pub(crate) fn write(&self, note: &Note, last: Option<Revision>) -> StreamWrite {
        let next = last.map_or(Revision::ZERO, Revision::next);
        let id = NOTE_IDS.derive_named(&format!("{}/{next}", self.notes));
        let payload =
            serde_json::to_vec(note).expect("a note has no map with keys that are no texts");
        let event = NewEvent::json(id, self.note_type.clone(), payload);
        let expected = last.map_or(ExpectedRevision::NoStream, ExpectedRevision::At);
        StreamWrite { stream: self.notes.clone(), expected, events: vec![event] }
    }

    pub(crate) async fn saved(&self, store: &dyn EventStore) -> Result<Saved, ReadError> {
        Ok(Saved {
            place: store.checkpoint(self.place.clone()).await?,
            part: store.checkpoint(self.part.clone()).await?,
            mark: store.checkpoint(self.mark.clone()).await?,
        })
    }
}

/// A place in a log as a checkpoint of this generation.
pub(crate) fn checkpoint(generation: u32, at: u64) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(generation), position: headwater_model::Position(at) }
}

/// Moves a checkpoint, unless it is there.
pub(crate) fn save(
    name: &CheckpointName,
    expected: Option<Checkpoint>,
    to: Checkpoint,
) -> Option<SaveCheckpoint> {
    (expected != Some(to)).then(|| SaveCheckpoint { name: name.clone(), expected, to })
}
