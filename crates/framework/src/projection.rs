//! Projections: input in, rows out.
//!
//! Why: a read model is a fold of events into a database, and the hard part is not the fold: it is
//! that the rows and the reader's place move together.
//!
//! Picture:
//! ```text
//!   orders ────▶ reader ─┐   begin ─ apply, apply, … ─ save checkpoint ─ commit
//!   customers ─▶ reader ─┴─▶ one database, one checkpoint per source context
//! ```
//! Invariants: C1 rows and checkpoint are one transaction. C3 a parked event holds up the later
//! ones of its key, and only those. R4 nothing is skipped silently.

pub mod database;
mod place;
pub(crate) mod reader;
mod retry;
mod seek;
mod switch;
pub(crate) mod view;

pub use database::{Database, Generations, ModelName, ParkedEvent, ParkedRow, ReadModel, Skipped};

use crate::{Failed, Input, Policy, Recorded, Subject};
use bytestring::ByteString;
use headwater_model::StreamName;
use std::fmt;
use std::future::Future;

/// Fills a read model from events.
pub trait Projection: Send + Sync + 'static {
    /// The read model's name.
    const NAME: &'static str;
    /// Its shape. Another version is another model, built from the first event on beside the old.
    const VERSION: u32 = 1;
    /// The oldest version whose tables this code's queries can read: they go to it until this version's
    /// are built. If there is none, they see the new tables being filled.
    const QUERIES_FROM: u32 = Self::VERSION;
    /// What makes its tables, run once in the empty model.
    const SCHEMA: &'static str;
    /// What it reads.
    type Input: Input;
    /// Where it writes.
    type Database: Database;

    /// What stays in order: a parked event holds up the later ones of its key. An event that is read
    /// as several inputs goes by the first of them.
    fn key(&self, input: &Recorded<Self::Input>) -> Key {
        input.stream.clone().into()
    }

    /// What happens to events that cannot be applied or decoded.
    fn policy(&self) -> Policy {
        Policy::default()
    }

    /// Takes out of the rows what is about `subject`, who was forgotten, within the transaction; or has the model
    /// built anew, which is what happens unless a projection knows better. Only asked of projections that
    /// read personal data.
    fn forget(
        &self,
        db: &mut <Self::Database as Database>::Tx,
        subject: &Subject,
    ) -> impl Future<Output = Result<Forget, Failed>> + Send {
        let _ = (db, subject);
        std::future::ready(Ok(Forget::Rebuild))
    }

    /// Writes what follows from `input` into the transaction.
    fn apply(
        &self,
        db: &mut <Self::Database as Database>::Tx,
        input: &Recorded<Self::Input>,
    ) -> impl Future<Output = Result<(), Failed>> + Send;
}

/// How a view forgets a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// The rows hold nothing of them any more.
    Done,
    /// The model is thrown away and filled again: what was personal of them is read as forgotten now.
    Rebuild,
}

/// What a projection keeps in order: a stream, or anything it says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(ByteString);

impl Key {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<StreamName> for Key {
    fn from(stream: StreamName) -> Self {
        Self(stream.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}
