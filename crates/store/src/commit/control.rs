//! Control items: what a commit decides besides events. They take no position and no reader sees them.
//!
//! Why: a group that reads everything must not read its own checkpoints, for ever.
//! Invariants: an item carries a decision, never a rule; one of an unknown kind halts the reader.

use super::Malformed;
use super::varint::{self, Cursor};
use bytestring::ByteString;
use headwater_model::{
    Checkpoint, CheckpointName, ContextName, Incarnation, InvalidName, Position,
};
use uuid::Uuid;

const CONTEXT_BORN: u8 = 1;
const INCARNATED: u8 = 2;
const CHECKPOINT_SAVED: u8 = 3;

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
            kind => {
                let why = format!("kind {kind} is unknown here; a newer version wrote it");
                Err(Malformed::new(content.place(), why))
            }
        }
    }
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
