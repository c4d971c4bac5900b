//! Writing events as lines.

use super::line;
use headwater_model::{
    AsOf, EventStore, From, Incarnation, Position, Query, ReadAll, ReadError, Retry,
};
use std::io::{self, Write};

/// Events of one page: few enough that their lines are written while they are warm.
const PAGE_COUNT: usize = 2_000;

/// What is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// Which events.
    pub query: Query,
    /// From this position on, inclusive: where an export that broke off goes on.
    pub from: Option<Position>,
    /// Up to this one, inclusive; `None`: up to the last when it begins.
    pub until: Option<Position>,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exported {
    /// Events, one a line.
    pub count: u64,
    /// Bytes of the lines.
    pub bytes: u64,
    /// The last position that was looked at: go on behind it. `None`: the context is empty.
    pub looked_to: Option<Position>,
    /// The history that positions belong to.
    pub incarnation: Incarnation,
}

/// Why not all was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Where it was to be written to.
    #[error("the lines could not be written: {0}")]
    Write(#[from] io::Error),
}

impl ExportError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Read(cause) => cause.retry(),
            Self::Write(_) => Retry::Later,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(cause) => cause.code(),
            Self::Write(_) => "export.write",
        }
    }
}

/// Writes the events of a context that match, in order, as of the moment it begins. `tell` is shown
/// how far it has come after each page.
///
/// # Errors
/// [`ExportError`]; what was written before it are whole lines, of events before it.
pub async fn export(
    store: &dyn EventStore,
    asked: &Export,
    out: &mut (dyn Write + Send),
    tell: &(dyn Fn(&Exported) + Sync),
) -> Result<Exported, ExportError> {
    let mut read = ReadAll {
        query: asked.query.clone(),
        from: asked.from.map_or(From::Edge, From::At),
        as_of: asked.until.map_or(AsOf::Now, AsOf::Position),
        count_max: PAGE_COUNT,
        ..ReadAll::forwards(Query::all())
    };
    let mut exported = Exported::default();
    let mut lines = Vec::new();
    loop {
        let page = store.read_all(read.clone()).await?;
        lines.clear();
        page.events.iter().for_each(|event| line::put(&mut lines, event));
        out.write_all(&lines)?;
        exported.count += page.events.len() as u64;
        exported.bytes += lines.len() as u64;
        exported.incarnation = page.incarnation;
        exported.looked_to = page.next.map_or(page.as_of, Position::previous);
        tell(&exported);
        let Some(next) = page.next else { break };
        // R1: what is appended meanwhile is not of this export.
        read.as_of = page.as_of.map_or(read.as_of, AsOf::Position);
        read.from = From::At(next);
    }
    out.flush()?;
    Ok(exported)
}
