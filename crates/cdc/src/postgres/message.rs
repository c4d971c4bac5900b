//! The messages of `pgoutput`, PostgreSQL's own output of logical decoding, in protocol version 1.
//!
//! Why version 1: the server keeps a transaction until it commits and then sends it whole, in the
//! order of commits, which is what is promised of the events. Version 2 sends pieces of transactions
//! that may yet roll back, 3 and 4 add prepared ones and parallel pieces: all of them would have to be
//! held here instead, without a bound. So we ask for 1, and refuse what belongs to the others.
//!
//! Picture:
//! ```text
//!   Begin ─ (Origin) ─ Relation ─ Insert ─ Insert ─ Relation ─ Update ─ Delete ─ Message ─ Commit ─ Begin …
//!           a Relation stands before the first change of its table, and again when the table changes
//! ```
//! Invariant: D3, any bytes are a message or a [`MessageError`] with what does not fit.

mod tuple;

use super::bytes::{Malformed, Reading};
use super::relation::Relation;
use crate::cell::Row;
use crate::place::LogPlace;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::Timestamp;

/// One message of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogMessage {
    /// A transaction that has committed follows.
    Begin(Begin),
    /// It ends.
    Commit(Commit),
    /// It came from another server.
    Origin {
        /// Where it committed there.
        at: LogPlace,
        /// The server's name here.
        name: ByteString,
    },
    /// What a table looks like from here on.
    Relation(Relation),
    /// A type that is not built in.
    Type {
        /// Its number.
        oid: u32,
        /// Its schema.
        schema: ByteString,
        /// Its name.
        name: ByteString,
    },
    /// A new row.
    Insert {
        /// Of which table.
        relation: u32,
        /// The row.
        after: Row,
    },
    /// A changed row.
    Update {
        /// Of which table.
        relation: u32,
        /// What is told of it as it was.
        before: Option<Before>,
        /// The row as it is.
        after: Row,
    },
    /// A row that is gone.
    Delete {
        /// Of which table.
        relation: u32,
        /// What is told of it as it was.
        before: Before,
    },
    /// Tables that were emptied.
    Truncate {
        /// Which.
        relations: Vec<u32>,
    },
    /// What `pg_logical_emit_message` wrote.
    Message {
        /// Whether it belongs to the transaction around it.
        is_transactional: bool,
        /// Where it stands.
        at: LogPlace,
        /// Whose it is.
        prefix: ByteString,
        /// What it says.
        content: Bytes,
    },
}

/// The beginning of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Begin {
    /// Where its commit stands.
    pub commit_at: LogPlace,
    /// When it committed.
    pub committed_at: Timestamp,
    /// Its number.
    pub transaction: u32,
}

/// The end of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Where its commit stands.
    pub commit_at: LogPlace,
    /// What is behind its commit.
    pub end_at: LogPlace,
    /// When it committed.
    pub committed_at: Timestamp,
}

/// What the log tells of a row as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Before {
    /// The columns of the replica identity; the others are null.
    Key(Row),
    /// All of it: the replica identity is full.
    Full(Row),
}

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// They do not fit their kind.
    #[error("a message of kind {kind:?} does not fit: {why}")]
    Malformed {
        /// Which kind they say they are.
        kind: char,
        /// What does not fit.
        why: Malformed,
    },
    /// A message that this version of the protocol does not have.
    #[error("message {kind:?} ({name}) was not asked for: protocol version 1 has none of it")]
    Unasked {
        /// Which.
        kind: char,
        /// What it is in later versions.
        name: &'static str,
    },
    /// No message at all.
    #[error("there is no message of kind {kind:?}")]
    Unknown {
        /// Its first byte.
        kind: char,
    },
    /// Nothing.
    #[error("a message is empty")]
    Empty,
}

impl LogMessage {
    /// Reads one message. Texts and contents are slices of `bytes`.
    ///
    /// # Errors
    /// [`MessageError`], with what does not fit.
    pub fn decode(bytes: Bytes) -> Result<Self, MessageError> {
        let mut reading = Reading::of(bytes);
        let Ok(tag) = reading.u8("the kind") else { return Err(MessageError::Empty) };
        let kind = char::from(tag);
        let decoded = match tag {
            b'B' => begin(&mut reading),
            b'C' => commit(&mut reading),
            b'O' => origin(&mut reading),
            b'R' => Relation::decode(&mut reading).map(Self::Relation),
            b'Y' => type_of(&mut reading),
            b'I' => tuple::insert(&mut reading),
            b'U' => tuple::update(&mut reading),
            b'D' => tuple::delete(&mut reading),
            b'T' => truncate(&mut reading),
            b'M' => message(&mut reading),
            _ => return Err(refused(kind)),
        };
        let whole = decoded.and_then(|message| reading.end("the message").map(|()| message));
        whole.map_err(|why| MessageError::Malformed { kind, why })
    }
}

fn refused(kind: char) -> MessageError {
    let name = match kind {
        'S' => "stream start",
        'E' => "stream stop",
        'c' => "stream commit",
        'A' => "stream abort",
        'b' => "begin prepare",
        'P' => "prepare",
        'K' => "commit prepared",
        'r' => "rollback prepared",
        'p' => "stream prepare",
        _ => return MessageError::Unknown { kind },
    };
    MessageError::Unasked { kind, name }
}

fn begin(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    Ok(LogMessage::Begin(Begin {
        commit_at: LogPlace(reading.u64("the commit's place")?),
        committed_at: instant(reading)?,
        transaction: reading.u32("the transaction")?,
    }))
}

fn commit(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    match reading.u8("the flags")? {
        0 => {}
        flags => return Err(meaningless("the flags of a commit", flags)),
    }
    Ok(LogMessage::Commit(Commit {
        commit_at: LogPlace(reading.u64("the commit's place")?),
        end_at: LogPlace(reading.u64("the place behind the commit")?),
        committed_at: instant(reading)?,
    }))
}

fn origin(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    let at = LogPlace(reading.u64("the origin's place")?);
    Ok(LogMessage::Origin { at, name: reading.name("the origin's name")? })
}

fn type_of(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    Ok(LogMessage::Type {
        oid: reading.u32("the type")?,
        schema: reading.name("the type's schema")?,
        name: reading.name("the type's name")?,
    })
}

fn truncate(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    let count = reading.u32("the count of tables")? as usize;
    match reading.u8("the options of a truncate")? {
        // Cascade and restart of identities: the tables it cascaded to are listed.
        0..=3 => {}
        options => return Err(meaningless("the options of a truncate", options)),
    }
    let max = reading.left() / 4;
    if count > max {
        let (found, max) = (count as u64, max as u64);
        return Err(Malformed::TooMany { what: "the count of tables", found, max });
    }
    let relations = (0..count).map(|_| reading.u32("a table")).collect::<Result<_, _>>()?;
    Ok(LogMessage::Truncate { relations })
}

fn message(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    let is_transactional = match reading.u8("the flags of a message")? {
        0 => false,
        1 => true,
        flags => return Err(meaningless("the flags of a message", flags)),
    };
    let at = LogPlace(reading.u64("the message's place")?);
    let prefix = reading.name("the message's prefix")?;
    let count = reading.u32("the length of a message")? as usize;
    let content = reading.bytes("the content of a message", count)?;
    Ok(LogMessage::Message { is_transactional, at, prefix, content })
}

pub(super) fn meaningless(what: &'static str, found: u8) -> Malformed {
    Malformed::Meaningless { what, found: i64::from(found) }
}

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// PostgreSQL counts microseconds from 2000 on; an instant before 1970 is not a commit's.
fn instant(reading: &mut Reading) -> Result<Timestamp, Malformed> {
    let found = reading.u64("an instant")?.cast_signed();
    let micros = found.checked_add(EPOCH_MICROS).and_then(|micros| u64::try_from(micros).ok());
    let what = "an instant, in microseconds since 2000,";
    micros.map(Timestamp::from_micros).ok_or(Malformed::Meaningless { what, found })
}
