//! Control items: what a commit decides besides events. They take no position and no reader sees them.
//!
//! Why: a group that reads everything must not read its own checkpoints, for ever.
//! Invariants: an item carries a decision, never a rule; one of an unknown kind halts the reader.

use super::Malformed;
use super::varint::{self, Cursor};
use crate::groups::step::GroupStep;
use bytestring::ByteString;
use headwater_model::{
    Checkpoint, CheckpointName, ContextName, GroupName, GroupSettings, Incarnation, InvalidName,
    Position, Revision, StreamName,
};
use uuid::Uuid;

const CONTEXT_BORN: u8 = 1;
const INCARNATED: u8 = 2;
const CHECKPOINT_SAVED: u8 = 3;
const GROUP_CREATED: u8 = 4;
const GROUP_CHANGED: u8 = 5;
const GROUP_DELETED: u8 = 6;
const GROUP_STEPPED: u8 = 7;
const STREAM_RELEASED: u8 = 8;

/// One decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Control {
    /// The first commit of a context: who it is, in every copy of it.
    ContextBorn {
        /// Drawn once.
        id: Uuid,
        /// The name it was made under.
        name: ContextName,
    },
    /// A restore cut the history: what stood at `fork` and behind is no more.
    Incarnated {
        /// The history that begins here.
        incarnation: Incarnation,
        /// The first position of the new history.
        fork: Position,
    },
    /// A reader has come this far (C1: in the commit that holds its effect).
    CheckpointSaved {
        /// Whose.
        name: CheckpointName,
        /// Where it is now.
        to: Checkpoint,
    },
    /// A consumer group begins.
    GroupCreated {
        /// Which.
        name: GroupName,
        /// What it is.
        settings: GroupSettings,
        /// The history that `next` is a place of.
        incarnation: Incarnation,
        /// Events before this are not its own.
        next: Position,
    },
    /// A consumer group has other settings.
    GroupChanged {
        /// Which.
        name: GroupName,
        /// All of them.
        settings: GroupSettings,
    },
    /// A consumer group is no more.
    GroupDeleted {
        /// Which.
        name: GroupName,
    },
    /// A consumer group has come further, or parked something, or was reset.
    GroupStepped(GroupStep),
    /// The first events of a stream, which nobody can read any more, are given up for ever.
    StreamReleased {
        /// Of which stream.
        name: StreamName,
        /// The first revision that stays.
        before: Revision,
        /// How many there were before this one, of all streams, plus one.
        number: u64,
    },
}

impl Control {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let mut content = Vec::with_capacity(64);
        let kind = match self {
            Self::ContextBorn { id, name } => {
                content.extend_from_slice(id.as_bytes());
                content.extend_from_slice(name.as_str().as_bytes());
                CONTEXT_BORN
            }
            Self::Incarnated { incarnation, fork } => {
                varint::put(&mut content, u64::from(incarnation.0));
                varint::put(&mut content, fork.0);
                INCARNATED
            }
            Self::CheckpointSaved { name, to } => {
                varint::put(&mut content, u64::from(to.incarnation.0));
                varint::put(&mut content, to.position.0);
                content.extend_from_slice(name.as_str().as_bytes());
                CHECKPOINT_SAVED
            }
            Self::GroupCreated { name, settings, incarnation, next } => {
                varint::put(&mut content, u64::from(incarnation.0));
                varint::put(&mut content, next.0);
                put_settings(&mut content, settings);
                content.extend_from_slice(name.as_str().as_bytes());
                GROUP_CREATED
            }
            Self::GroupChanged { name, settings } => {
                put_settings(&mut content, settings);
                content.extend_from_slice(name.as_str().as_bytes());
                GROUP_CHANGED
            }
            Self::GroupDeleted { name } => {
                content.extend_from_slice(name.as_str().as_bytes());
                GROUP_DELETED
            }
            Self::GroupStepped(step) => {
                step.put(&mut content);
                GROUP_STEPPED
            }
            Self::StreamReleased { name, before, number } => {
                varint::put(&mut content, *number);
                varint::put(&mut content, before.0);
                content.extend_from_slice(name.as_str().as_bytes());
                STREAM_RELEASED
            }
        };
        out.push(kind);
        varint::put_bytes(out, &content);
    }

    /// Bytes that it takes, at most.
    pub fn bytes_max(&self) -> usize {
        let name = match self {
            Self::ContextBorn { name, .. } => name.as_str().len(),
            Self::CheckpointSaved { name, .. } => name.as_str().len(),
            Self::Incarnated { .. } => 0,
            Self::GroupCreated { name, settings, .. } | Self::GroupChanged { name, settings } => {
                name.as_str().len() + settings_text(settings).len()
            }
            Self::GroupDeleted { name } => name.as_str().len(),
            Self::GroupStepped(step) => step.bytes_max(),
            Self::StreamReleased { name, .. } => name.as_str().len(),
        };
        name + 32
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = cursor.place();
        let kind = cursor.byte()?;
        let mut content = Cursor::new(cursor.counted()?);
        let control = Self::read_content(kind, &mut content)
            .map_err(|cause| Malformed::new(at, format!("in a control item, {cause}")))?;
        if content.is_empty() {
            Ok(control)
        } else {
            Err(Malformed::new(at, "a control item is longer than its content"))
        }
    }

    fn read_content(kind: u8, content: &mut Cursor<'_>) -> Result<Self, Malformed> {
        match kind {
            CONTEXT_BORN => {
                let id = Uuid::from_bytes(content.array()?);
                Ok(Self::ContextBorn { id, name: name(content, ContextName::new)? })
            }
            INCARNATED => Ok(Self::Incarnated {
                incarnation: incarnation(content)?,
                fork: Position(content.varint()?),
            }),
            CHECKPOINT_SAVED => {
                let incarnation = incarnation(content)?;
                let to = Checkpoint { incarnation, position: Position(content.varint()?) };
                Ok(Self::CheckpointSaved { name: name(content, CheckpointName::new)?, to })
            }
            GROUP_CREATED => {
                let (incarnation, next) = (incarnation(content)?, Position(content.varint()?));
                let settings = settings(content)?;
                let name = name(content, GroupName::new)?;
                Ok(Self::GroupCreated { name, settings, incarnation, next })
            }
            GROUP_CHANGED => {
                let settings = settings(content)?;
                Ok(Self::GroupChanged { name: name(content, GroupName::new)?, settings })
            }
            GROUP_DELETED => Ok(Self::GroupDeleted { name: name(content, GroupName::new)? }),
            GROUP_STEPPED => {
                let name = |content: &mut Cursor<'_>| name(content, GroupName::new);
                GroupStep::read(content, name).map(Self::GroupStepped)
            }
            STREAM_RELEASED => {
                let (number, before) = (content.varint()?, Revision(content.varint()?));
                let name = name(content, StreamName::system)?;
                Ok(Self::StreamReleased { name, before, number })
            }
            kind => {
                let why = format!("kind {kind} is unknown here; a newer version wrote it");
                Err(Malformed::new(content.place(), why))
            }
        }
    }
}

/// The settings of a group: JSON, because they are written once and read by people too.
fn put_settings(out: &mut Vec<u8>, settings: &GroupSettings) {
    varint::put_bytes(out, &settings_text(settings));
}

fn settings_text(settings: &GroupSettings) -> Vec<u8> {
    serde_json::to_vec(settings).expect("names and numbers have a JSON form")
}

fn settings(content: &mut Cursor<'_>) -> Result<GroupSettings, Malformed> {
    let at = content.place();
    serde_json::from_slice(content.counted()?)
        .map_err(|why| Malformed::new(at, format!("the settings of a group: {why}")))
}

fn incarnation(content: &mut Cursor<'_>) -> Result<Incarnation, Malformed> {
    let n = content.varint()?;
    u32::try_from(n)
        .map(Incarnation)
        .map_err(|_| content.malformed("an incarnation is out of range"))
}

/// The rest of `content`, as a name.
fn name<N>(
    content: &mut Cursor<'_>,
    make: impl Fn(ByteString) -> Result<N, InvalidName>,
) -> Result<N, Malformed> {
    let at = content.place();
    let text = std::str::from_utf8(content.take(content.rest().len())?)
        .map_err(|_| Malformed::new(at, "a name is not UTF-8"))?;
    make(ByteString::from(text)).map_err(|why| Malformed::new(at, why.to_string()))
}
