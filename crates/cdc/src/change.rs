//! Changes of rows, whichever database's log they are from.
//!
//! Invariant: a change concerns one key. An update that moves a row to another key is two changes of
//! one moment: the row is gone from the one, and is there under the other.

use crate::cell::Row;
use crate::json::Kind;
use crate::place::LogPlace;
use bytestring::ByteString;
use headwater_model::{StreamName, Timestamp};

/// A table as it is at some place of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// `schema.name`.
    pub name: ByteString,
    /// In the order of a row's cells.
    pub columns: Vec<Column>,
    /// Whether the log tells the whole row as it was.
    pub tells_all_before: bool,
}

/// A column of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name.
    pub name: ByteString,
    /// How its values are written.
    pub kind: Kind,
    /// What the database calls its type; compared, never read.
    pub type_name: ByteString,
    /// Whether the log tells it of a row as it was.
    pub is_identity: bool,
}

impl Table {
    /// The place of a column in a row.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == *name)
    }
}

/// What has happened to a row, or to all of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It was there when mining began.
    Found(Row),
    /// It is new.
    Inserted(Row),
    /// It has changed.
    Updated {
        /// All of it as it was, if the log tells.
        before: Option<Row>,
        /// As it is.
        after: Row,
    },
    /// It is gone.
    Deleted(Row),
    /// All rows are gone.
    Truncated,
}

impl Change {
    /// The row that tells the key.
    pub(crate) fn row(&self) -> Option<&Row> {
        match self {
            Self::Found(row)
            | Self::Inserted(row)
            | Self::Deleted(row)
            | Self::Updated { after: row, .. } => Some(row),
            Self::Truncated => None,
        }
    }
}

/// When a change happened: its transaction, and its place in it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The transaction's number.
    pub transaction: ByteString,
    /// Where its commit stands in the log.
    pub commit_at: LogPlace,
    /// The same as a text.
    pub commit: ByteString,
    /// When it committed, as a text.
    pub committed_at: ByteString,
    /// Which change of the transaction, from 0.
    pub change: u64,
    /// Of a transaction that is too large for one append: the change with which this part begins.
    pub part: Option<u64>,
    /// Of a row that has moved: the stream under its other key.
    pub moved: Option<StreamName>,
}

impl Moment {
    /// The beginning of a transaction.
    pub fn of(transaction: String, commit_at: LogPlace, committed_at: Timestamp) -> Self {
        Self {
            transaction: transaction.into(),
            commit_at,
            commit: commit_at.to_string().into(),
            committed_at: committed_at.to_string().into(),
            change: 0,
            part: None,
            moved: None,
        }
    }
}
