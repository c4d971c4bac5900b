//! The stream of the binary log: its events, as much as mining needs to know of each.
//!
//! Picture:
//! ```text
//!   File ─ Format ─ Begin ─ Table ─ Rows ─ Rows ─ Table ─ Rows ─ Commit ─ Begin ─ Statement ─ … ─ File
//!                   └── a transaction, whole, in the order of commits ──┘
//! ```
//! Invariant: D3, what the library cannot read is an error, also where the library panics.

use super::session::{Session, failed};
use super::settings::MariaDbSettings;
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::limits::SILENCE_MAX;
use futures_util::Stream as _;
use headwater_model::Timestamp;
use mysql_async::binlog::events::{Event, QueryEvent, RotateEvent};
use mysql_async::{BinlogStream, BinlogStreamRequest, Error};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::timeout;

/// The log as it comes.
pub(crate) struct Log {
    stream: BinlogStream,
    server: String,
    /// Whether the format of events is known.
    is_described: bool,
}

/// An event of the log and where it ends.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) what: What,
    /// How many bytes of the log it is.
    pub(crate) bytes: u32,
    /// The lower 32 bits of the place behind it; 0 for one that stands nowhere.
    pub(crate) end_at: u32,
    /// When what it tells was begun, to the second.
    pub(crate) at: Timestamp,
}

/// What an event says.
#[derive(Debug)]
pub(crate) enum What {
    /// What follows is of this file.
    File { name: String, at: u64 },
    /// A file's beginning, with the second in which it was made.
    Format { made_at: u32 },
    /// A transaction begins.
    Begin(Gtid),
    /// What a table looks like.
    Table(Event),
    /// Rows that changed.
    Rows(Event),
    /// A statement, with the schema in which it ran.
    Statement { schema: String, text: String },
    /// The transaction has committed.
    Commit,
    /// The transaction was prepared; it commits by a later statement, or never.
    Prepared,
    /// The server knows that something is missing from its log.
    Incident,
    /// What we cannot read.
    Unread(&'static str),
    /// What does not concern us.
    Other,
}

/// A transaction's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gtid {
    domain: u32,
    server: u32,
    number: u64,
    /// It is one statement, without an end of its own.
    pub(crate) is_alone: bool,
}

/// Flag of a transaction that is one statement.
const ALONE: u8 = 1;

impl std::fmt::Display for Gtid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.domain, self.server, self.number)
    }
}

impl Log {
    /// Asks for the log from a place of a file on.
    pub(crate) async fn open(
        settings: &MariaDbSettings,
        file: &str,
        at: u32,
    ) -> Result<Self, DatabaseError> {
        let mut session = Session::connect(settings).await?;
        // 4: we know MariaDB's own transactions. Nanoseconds between two signs of life.
        session.tell("set @mariadb_slave_capability = 4").await?;
        let alive = SILENCE_MAX.as_nanos() / 4;
        session.tell(&format!("set @master_heartbeat_period = {alive}")).await?;
        let request = BinlogStreamRequest::new(settings.reader_id)
            .with_filename(file.as_bytes())
            .with_pos(u64::from(at));
        let server = settings.to_string();
        let stream = session.conn.get_binlog_stream(request).await;
        let stream = stream.map_err(|error| failed(&server, &error, "the binary log"))?;
        Ok(Self { stream, server, is_described: false })
    }

    /// The next event. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Entry, MineError> {
        match timeout(SILENCE_MAX, poll_fn(|context| self.poll(context))).await {
            Ok(next) => next,
            Err(_) => {
                let why = format!("the server said nothing for {SILENCE_MAX:?}");
                Err(DatabaseError::Away { server: self.server.clone(), why }.into())
            }
        }
    }

    /// The next event, if it is here already.
    pub(crate) async fn ready(&mut self) -> Result<Option<Entry>, MineError> {
        poll_fn(|context| {
            Poll::Ready(match self.poll(context) {
                Poll::Ready(next) => next.map(Some),
                Poll::Pending => Ok(None),
            })
        })
        .await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Entry, MineError>> {
        let stream = &mut self.stream;
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(stream).poll_next(context)));
        let protocol = |why: String| MineError::from(DatabaseError::Protocol { why });
        Poll::Ready(match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Some(Ok(event)))) => {
                let entry = entry(event, self.is_described);
                self.is_described |= matches!(&entry, Ok(Entry { what: What::Format { .. }, .. }));
                entry.map_err(protocol)
            }
            Ok(Poll::Ready(Some(Err(error)))) => Err(refused(&self.server, &error)),
            Ok(Poll::Ready(None)) => {
                let why = "the server ended the stream of the log".to_owned();
                Err(DatabaseError::Away { server: self.server.clone(), why }.into())
            }
            Err(_) => Err(protocol("an event of the log that cannot be read".to_owned())),
        })
    }
}

/// The number under which a server says that it cannot send its log.
const NO_LOG: u16 = 1236;

fn refused(server: &str, error: &Error) -> MineError {
    match error {
        // Another reader with our number is told in the same way, and passes.
        Error::Server(refused) if refused.code == NO_LOG && !refused.message.contains("same") => {
            MineError::LogRefused { why: refused.message.clone() }
        }
        error => failed(server, error, "the stream of the log").into(),
    }
}

fn entry(event: Event, is_described: bool) -> Result<Entry, String> {
    let header = event.header();
    let (bytes, artificial) = (header.event_size(), header.flags_raw() & ARTIFICIAL != 0);
    let end_at = if artificial { 0 } else { header.log_pos() };
    let at = Timestamp::from_micros(u64::from(header.timestamp()) * 1_000_000);
    let worded = |error: std::io::Error| error.to_string();
    let what = match header.event_type_raw() {
        // The first is made up by the server to say what we asked for. It ends in a checksum, of which
        // nobody can know before the format is told.
        4 if !is_described => What::Other,
        4 => {
            let rotate = event.read_event::<RotateEvent<'_>>().map_err(worded)?;
            What::File { name: rotate.name().into_owned(), at: rotate.position() }
        }
        15 => What::Format { made_at: header.timestamp() },
        162 => What::Begin(gtid(event.data(), header.server_id()).ok_or("a cut GTID")?),
        19 => What::Table(event),
        23..=25 => What::Rows(event),
        2 => {
            let query = event.read_event::<QueryEvent<'_>>().map_err(worded)?;
            What::Statement { schema: query.schema().into(), text: query.query().into() }
        }
        16 => What::Commit,
        38 => What::Prepared,
        26 => What::Incident,
        165..=171 => What::Unread("compressed events: set log_bin_compress = OFF"),
        30..=32 | 39 | 40 => What::Unread("events of MySQL"),
        _ => What::Other,
    };
    Ok(Entry { what, bytes, end_at, at })
}

/// Flag of an event that stands in no file.
const ARTIFICIAL: u16 = 0x20;

/// Number, domain, flags.
fn gtid(data: &[u8], server: u32) -> Option<Gtid> {
    let number = u64::from_le_bytes(data.get(..8)?.try_into().ok()?);
    let domain = u32::from_le_bytes(data.get(8..12)?.try_into().ok()?);
    let flags = *data.get(12)?;
    Some(Gtid { domain, server, number, is_alone: flags & ALONE != 0 })
}
