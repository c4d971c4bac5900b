//! Following: the log as it grows, transaction by transaction.
//!
//! Picture:
//! ```text
//!   server ─ XLogData ─▶ message ─▶ change ─▶ sink ─▶ appends, one behind the other
//!      ▲                                                 │ durable
//!      └───────────── feedback: read up to, durable up to ◀──┘
//! ```
//! Invariants: the server is told of a place only when the store has all before it. It hears from us
//! while a store is slow, and nothing is read while too much is under way.

mod changes;

use super::message::{LogMessage, MessageError};
use super::session::{CopyBoth, Purpose, Session, literal, quoted};
use super::sieve::Sieve;
use super::site::Site;
use super::slot;
use crate::bound::Bound;
use crate::change::Moment;
use crate::error::MineError;
use crate::limits::{FEEDBACK_EVERY, WATCH_EVERY};
use crate::miner::told;
use crate::place::LogPlace;
use crate::sink::{Done, Sink};
use bytes::{Buf as _, Bytes};
use hashbrown::HashMap;
use headwater_model::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// The log, on its way into the store.
pub(crate) struct Following<'a> {
    site: &'a mut Site,
    log: CopyBoth,
    sink: Sink,
    sieve: Sieve,
    /// Tables by their number; `None` for one that is not mapped.
    tables: HashMap<u32, Option<Bound>>,
    transaction: u32,
    received: LogPlace,
    committed_at: Option<Timestamp>,
    fed_back: Instant,
}

impl<'a> Following<'a> {
    pub(crate) async fn begin(
        site: &'a mut Site,
        sink: Sink,
        sieve: Sieve,
    ) -> Result<Self, MineError> {
        let session = Session::connect(&site.from.database, Purpose::Log).await?;
        let at = sink.durable();
        let sql = format!(
            "START_REPLICATION SLOT {} LOGICAL {at} (proto_version '1', publication_names {})",
            quoted(&site.from.slot),
            literal(&quoted(&site.from.publication))
        );
        let log = session.copy_both(&sql).await?;
        let fed_back = Instant::now();
        Ok(Self {
            site,
            log,
            sink,
            sieve,
            tables: HashMap::new(),
            transaction: 0,
            received: at,
            committed_at: None,
            fed_back,
        })
    }

    /// Follows the log until it is told to stop, and then leaves nothing half done.
    pub(crate) async fn run(
        mut self,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<(), MineError> {
        let mut feedback = every(FEEDBACK_EVERY);
        let mut watch = every(WATCH_EVERY);
        self.site.job.status.following(self.sink.durable());
        loop {
            while !self.sink.is_full() {
                match self.log.ready()? {
                    Some(piece) => self.take(piece).await?,
                    None => break,
                }
            }
            // What is under way gathers what comes after it: under load appends grow, else none waits.
            if self.sink.is_eager() {
                self.sink.flush();
            }
            tokio::select! {
                biased;
                () = told(stopped) => return self.end().await,
                done = self.sink.done(), if self.sink.is_waiting() => self.durable(done?).await?,
                piece = self.log.next(), if !self.sink.is_full() => self.take(piece?).await?,
                _ = feedback.tick() => self.feedback().await?,
                _ = watch.tick() => self.watch().await?,
            }
        }
    }

    async fn end(mut self) -> Result<(), MineError> {
        self.sink.flush();
        self.sink.settle().await?;
        self.feedback().await
    }

    /// A piece of the stream: log, or a sign of life.
    async fn take(&mut self, piece: Option<Bytes>) -> Result<(), MineError> {
        let Some(mut piece) = piece else {
            let why = "the server ended the stream of the log".to_owned();
            let server = self.site.from.database.to_string();
            return Err(crate::database::DatabaseError::Away { server, why }.into());
        };
        match (piece.first(), piece.len()) {
            (Some(b'w'), 25..) => {
                piece.advance(1);
                let at = LogPlace(piece.get_u64());
                piece.advance(16);
                self.received = self.received.max(at);
                self.message(LogMessage::decode(piece)?).await
            }
            (Some(b'k'), 18) => {
                piece.advance(1);
                let end = LogPlace(piece.get_u64());
                piece.advance(8);
                self.received = self.received.max(end);
                self.sink.idle(end);
                if piece.get_u8() == 1 { self.feedback().await } else { Ok(()) }
            }
            (Some(kind), _) => Err(MessageError::Unknown { kind: char::from(*kind) }.into()),
            (None, _) => Err(MessageError::Empty.into()),
        }
    }

    async fn message(&mut self, message: LogMessage) -> Result<(), MineError> {
        match message {
            LogMessage::Begin(begin) => {
                self.transaction = begin.transaction;
                let transaction = begin.transaction.to_string();
                self.sink.begin(Moment::of(transaction, begin.commit_at, begin.committed_at));
                Ok(())
            }
            LogMessage::Commit(commit) => {
                self.sink.commit(commit.end_at);
                self.committed_at = Some(commit.committed_at);
                Ok(())
            }
            LogMessage::Relation(relation) => self.relation(&relation).await,
            LogMessage::Insert { relation, after } => self.inserted(relation, after).await,
            LogMessage::Update { relation, before, after } => {
                self.updated(relation, before, after).await
            }
            LogMessage::Delete { relation, before } => self.deleted(relation, before).await,
            LogMessage::Truncate { relations } => self.truncated(&relations).await,
            LogMessage::Origin { .. } | LogMessage::Type { .. } | LogMessage::Message { .. } => {
                Ok(())
            }
        }
    }

    async fn durable(&mut self, done: Option<Done>) -> Result<(), MineError> {
        let Some(done) = done else { return Ok(()) };
        self.site.job.status.durable(done.upto, done.event_count, self.committed_at);
        if self.fed_back.elapsed() > FEEDBACK_EVERY { self.feedback().await } else { Ok(()) }
    }

    /// Tells the server how far we are.
    async fn feedback(&mut self) -> Result<(), MineError> {
        let durable = self.sink.durable();
        let now = self.site.job.store.now().as_micros().saturating_sub(EPOCH_MICROS);
        let mut out = Vec::with_capacity(34);
        out.push(b'r');
        for place in [self.received.max(durable), durable, durable] {
            out.extend(place.0.to_be_bytes());
        }
        out.extend(now.to_be_bytes());
        out.push(0);
        self.log.send(&out).await?;
        self.fed_back = Instant::now();
        Ok(())
    }

    /// Looks at the slot, and gives it up before it fills the disk.
    async fn watch(&mut self) -> Result<(), MineError> {
        let (name, server) = (self.site.from.slot.clone(), self.site.server);
        let (state, _) = slot::look(&mut self.site.queries, &name, server).await?;
        let Some(state) = state else { return Ok(()) };
        self.site.job.status.slot(&state, &self.site.job.settings.lag);
        match self.site.job.settings.lag.give_up_bytes {
            Some(retained_max) if state.retained_bytes > retained_max => {
                let retained = state.retained_bytes;
                slot::give_up(&mut self.site.queries, &name).await?;
                Err(MineError::GivenUp { slot: name, retained, retained_max })
            }
            _ => Ok(()),
        }
    }
}

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH_MICROS: u64 = 946_684_800_000_000;

fn every(span: std::time::Duration) -> Interval {
    let mut interval = interval(span);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
