//! Appending events from lines.
//!
//! Why batches: an append costs one durable write however many events it has. Why they end where a
//! stream comes again: one append holds each stream once, and the order of the lines is kept.
//!
//! Picture: `a1 a2 b1 c1 │ a3 b2 │ b3 …` each part one append, one behind the other.
//!
//! Invariants: A1, A4 each batch is whole or not there, and there once. A line is appended only when
//! all before it are; behind a bad one nothing is.

use super::line::{self, Asked};
use super::lines::{LINE_BYTES_MAX, Lines, Next};
use headwater_model::{
    Append, AppendError, EventStore, ExpectedRevision, Retry, StreamName, StreamWrite,
};
use std::collections::HashSet;
use std::io::{self, BufRead};

/// Events of one append.
const BATCH_COUNT_MAX: usize = 1_000;

/// Bytes of one append; one event more than fits is taken.
const BATCH_BYTES_MAX: usize = 2 << 20;

/// How lines are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Import {
    /// The first line that is looked at, counted from 1; those before it are passed over.
    pub from_line: u64,
    /// Lines are read and checked, nothing is appended.
    pub is_dry: bool,
}

/// What became of the lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Events that were appended, or would have been.
    pub written: u64,
    /// Events that were there already.
    pub known: u64,
    /// The last line that is done.
    pub last_line: u64,
}

/// Why it ended early.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {cause}; the lines up to {} are done", done.last_line)]
pub struct ImportError {
    /// Which line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub cause: ImportCause,
    /// What was done before it; nothing behind it was.
    pub done: Imported,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum ImportCause {
    /// It is no event.
    #[error("{0}")]
    Bad(String),
    /// The store does not take it.
    #[error(transparent)]
    Append(AppendError),
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
}

impl ImportError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match &self.cause {
            ImportCause::Append(cause) => cause.retry(),
            ImportCause::Bad(_) => Retry::Never,
            ImportCause::Read(_) => Retry::Later,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match &self.cause {
            ImportCause::Append(cause) => cause.code(),
            ImportCause::Bad(_) => "import.bad_line",
            ImportCause::Read(_) => "import.read",
        }
    }
}

/// Appends the events of all lines, in order. `tell` is shown how far it has come.
///
/// # Errors
/// [`ImportError`], with the line. Begun again with the same lines, it goes on where it was.
pub async fn import(
    store: &dyn EventStore,
    asked: Import,
    from: &mut (dyn BufRead + Send),
    tell: &(dyn Fn(&Imported) + Sync),
) -> Result<Imported, ImportError> {
    let mut importing =
        Importing { store, asked, tell, batch: Batch::default(), done: Imported::default() };
    let mut lines = Lines::new(from);
    loop {
        let next = lines.next();
        let number = lines.number;
        let next = match next {
            Err(error) => Err(ImportCause::Read(error)),
            Ok(Next::TooLong) => {
                Err(ImportCause::Bad(format!("it is longer than {LINE_BYTES_MAX} bytes")))
            }
            Ok(Next::End) => break,
            Ok(Next::Line) if number < asked.from_line || is_blank(lines.line()) => continue,
            Ok(Next::Line) => line::read(lines.line()).map_err(ImportCause::Bad),
        };
        match next {
            Ok(event) => importing.take(number, event).await?,
            Err(cause) => {
                // What is before it is done first.
                importing.flush().await?;
                return Err(importing.failed(number, cause));
            }
        }
    }
    importing.flush().await?;
    Ok(importing.done)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

struct Importing<'a> {
    store: &'a dyn EventStore,
    asked: Import,
    tell: &'a (dyn Fn(&Imported) + Sync),
    batch: Batch,
    done: Imported,
}

/// Lines that become one append.
#[derive(Default)]
struct Batch {
    lines: Vec<(u64, Asked)>,
    streams: HashSet<StreamName>,
    ids: HashSet<uuid::Uuid>,
    bytes: usize,
}

impl Batch {
    /// Whether an event may be of the same append as those before it.
    fn takes(&self, asked: &Asked) -> bool {
        let Some((_, last)) = self.lines.last() else { return true };
        let in_order = last.stream == asked.stream || !self.streams.contains(&asked.stream);
        let fits = self.lines.len() < BATCH_COUNT_MAX && self.bytes < BATCH_BYTES_MAX;
        in_order && fits && !self.ids.contains(&asked.event.id.0)
    }

    fn push(&mut self, line: u64, asked: Asked) {
        if self.lines.last().is_none_or(|(_, last)| last.stream != asked.stream) {
            self.streams.insert(asked.stream.clone());
        }
        self.ids.insert(asked.event.id.0);
        self.bytes += asked.event.bytes() + asked.stream.as_str().len();
        self.lines.push((line, asked));
    }

    fn append(&self) -> Append {
        let mut writes: Vec<StreamWrite> = Vec::new();
        for (_, asked) in &self.lines {
            match writes.last_mut().filter(|write| write.stream == asked.stream) {
                Some(write) => write.events.push(asked.event.clone()),
                None => writes.push(StreamWrite {
                    stream: asked.stream.clone(),
                    expected: ExpectedRevision::Any,
                    events: vec![asked.event.clone()],
                }),
            }
        }
        Append { writes, ..Append::default() }
    }
}

impl Importing<'_> {
    async fn take(&mut self, line: u64, asked: Asked) -> Result<(), ImportError> {
        if !self.batch.takes(&asked) {
            self.flush().await?;
        }
        self.batch.push(line, asked);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ImportError> {
        let batch = std::mem::take(&mut self.batch);
        let (Some((first, _)), Some((last, _))) = (batch.lines.first(), batch.lines.last()) else {
            return Ok(());
        };
        let (first, last, count) = (*first, *last, batch.lines.len() as u64);
        if self.asked.is_dry {
            self.note(count, false, last);
            return Ok(());
        }
        match self.store.append(batch.append()).await {
            Ok(appended) => self.note(count, appended.replayed, last),
            // Some are there, or one is refused: each for itself, up to the one that is.
            Err(error) if error.retry() == Retry::Never && count > 1 => {
                self.singly(&batch).await?;
            }
            Err(error) => return Err(self.failed(first, ImportCause::Append(error))),
        }
        Ok(())
    }

    async fn singly(&mut self, batch: &Batch) -> Result<(), ImportError> {
        for (line, asked) in &batch.lines {
            match self.store.append(asked.append()).await {
                Ok(appended) => self.note(1, appended.replayed, *line),
                Err(error) => return Err(self.failed(*line, ImportCause::Append(error))),
            }
        }
        Ok(())
    }

    fn note(&mut self, count: u64, replayed: bool, last_line: u64) {
        let counted = if replayed { &mut self.done.known } else { &mut self.done.written };
        *counted += count;
        self.done.last_line = last_line;
        (self.tell)(&self.done);
    }

    fn failed(&self, line: u64, cause: ImportCause) -> ImportError {
        ImportError { line, cause, done: self.done }
    }
}
