//! Following: the log as it grows, transaction by transaction.
//!
//! Picture:
//! ```text
//!   server ─ event ─▶ rows ─▶ change ─▶ sink ─▶ appends, one behind the other
//!                                         place, and which file it is in, with each
//! ```
//! Invariants: a place that is saved is where a transaction begins. Nothing is read while too much is
//! under way. A file of the log that is not the one that we have read is an error, whatever its name.

mod changes;

use super::log::{Entry, Gtid, Log, What};
use super::log_files::{number_of, place};
use super::sieve::Sieve;
use super::site::{Mapped, Site};
use super::statement::{Effect, effect};
use crate::change::Moment;
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::limits::WATCH_EVERY;
use crate::miner::told;
use crate::place::LogPlace;
use crate::sink::{Done, Sink};
use hashbrown::HashMap;
use headwater_model::Timestamp;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// The log, on its way into the store.
pub(crate) struct Following<'a> {
    site: &'a mut Site,
    log: Log,
    sink: Sink,
    sieve: Sieve,
    /// Tables by their number in this file, with the bytes that described them.
    tables: HashMap<u64, (Vec<u8>, Option<Mapped>)>,
    /// Which file is read, and the place behind what was read of it.
    at: LogPlace,
    transaction: Option<Open>,
    committed_at: Option<Timestamp>,
}

/// The transaction that is being read.
#[derive(Clone, Copy)]
struct Open {
    gtid: Gtid,
    begin_at: LogPlace,
    /// Whether rows of mapped tables are in it.
    concerns_us: bool,
}

impl<'a> Following<'a> {
    pub(crate) async fn begin(
        site: &'a mut Site,
        sink: Sink,
        sieve: Sieve,
    ) -> Result<Self, MineError> {
        let mined = sink.durable();
        let files = site.files().await?;
        let file = files.name_of(mined)?;
        // A request has 32 bits for the place. Beyond them the file is read from its beginning, and
        // what is known of it is passed over.
        let at = mined.file().map_or(0, |(_, at)| at);
        let at = u32::try_from(at).unwrap_or(FIRST_AT);
        let log = Log::open(&site.from, file, at).await?;
        let at = place(number_of(file)?, u64::from(at))?;
        let (tables, transaction, committed_at) = (HashMap::new(), None, None);
        Ok(Self { site, log, sink, sieve, tables, at, transaction, committed_at })
    }

    /// Follows the log until it is told to stop, and then leaves nothing half done.
    pub(crate) async fn run(
        mut self,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<(), MineError> {
        let mut watch = interval(WATCH_EVERY);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.site.job.status.following(self.sink.durable());
        loop {
            while !self.sink.is_full() {
                match self.log.ready().await? {
                    Some(entry) => self.take(entry).await?,
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
                done = self.sink.done(), if self.sink.is_waiting() => self.durable(done?),
                entry = self.log.next(), if !self.sink.is_full() => self.take(entry?).await?,
                _ = watch.tick() => self.watch().await?,
            }
        }
    }

    async fn end(mut self) -> Result<(), MineError> {
        self.sink.flush();
        self.sink.settle().await
    }

    async fn take(&mut self, entry: Entry) -> Result<(), MineError> {
        let (file, begin_at) = self.advance(&entry)?;
        match entry.what {
            What::File { name, at } => {
                self.at = place(number_of(&name)?, at)?;
                self.sink.idle(self.at);
            }
            What::Format { made_at } => {
                self.tables.clear();
                self.sink.in_file(file, made_at)?;
            }
            What::Begin(gtid) => {
                self.sink.begin(Moment::of(gtid.to_string(), begin_at, entry.at));
                self.committed_at = Some(entry.at);
                self.transaction = Some(Open { gtid, begin_at, concerns_us: false });
            }
            What::Table(event) => self.table(&event).await?,
            What::Rows(event) => self.rows(&event).await?,
            What::Statement { schema, text } => self.statement(&schema, &text).await?,
            What::Commit => self.commit(),
            What::Prepared => self.prepared()?,
            What::Incident => {
                let why = "the server noted an incident in it".to_owned();
                return Err(MineError::LogRefused { why });
            }
            What::Unread(why) => return Err(MineError::LogUnread { why: why.to_owned() }),
            What::Other => {}
        }
        Ok(())
    }

    /// The number of the file that is read, and where this event begins in it; we stand behind it.
    fn advance(&mut self, entry: &Entry) -> Result<(u32, LogPlace), MineError> {
        let (file, before) = self.at.file().unwrap_or_default();
        if entry.end_at == 0 || matches!(entry.what, What::File { .. }) {
            return Ok((file, self.at));
        }
        // Events say 32 bits of where they end. A file grows beyond that by one large transaction.
        let mut end = before & !u64::from(u32::MAX) | u64::from(entry.end_at);
        if end < before {
            end += 1 << 32;
        }
        self.at = place(file, end)?;
        Ok((file, place(file, end.saturating_sub(u64::from(entry.bytes)))?))
    }

    async fn statement(&mut self, schema: &str, text: &str) -> Result<(), MineError> {
        let settings = std::sync::Arc::clone(&self.site.job.settings);
        let mapped: Vec<_> = settings.mapping.names().collect();
        let short = || text.chars().take(STATEMENT_CHARS_MAX).collect();
        match effect(schema, text, &mapped) {
            Effect::Commit => self.commit(),
            Effect::Rollback => self.rollback(text)?,
            Effect::PartialRollback if self.transaction.is_some_and(|open| open.concerns_us) => {
                let table = mapped.join(", ");
                return Err(MineError::Untold { table, statement: short() });
            }
            Effect::Untold(table) if !self.sink.is_known() => {
                return Err(MineError::Untold { table, statement: short() });
            }
            Effect::Emptied(tables) => {
                for table in tables {
                    self.emptied(&table).await?;
                }
            }
            Effect::PartialRollback | Effect::Untold(_) | Effect::Nothing => {}
        }
        if self.transaction.is_some_and(|open| open.gtid.is_alone) {
            self.commit();
        }
        Ok(())
    }

    fn commit(&mut self) {
        self.transaction = None;
        self.sink.commit(self.at);
    }

    /// The server rolled back, and logged what could not be: changes of tables that know no rollback.
    fn rollback(&mut self, text: &str) -> Result<(), MineError> {
        self.transaction = None;
        if self.sink.rollback(self.at) {
            return Ok(());
        }
        let table = "a large transaction".to_owned();
        Err(MineError::Untold { table, statement: text.to_owned() })
    }

    /// Rows that are prepared are not committed, and are told nowhere else.
    fn prepared(&mut self) -> Result<(), MineError> {
        if let Some(open) = self.transaction.filter(|open| open.concerns_us) {
            let transaction = open.gtid.to_string();
            return Err(MineError::Prepared { transaction });
        }
        self.commit();
        Ok(())
    }

    fn durable(&mut self, done: Option<Done>) {
        let Some(done) = done else { return };
        self.site.job.status.durable(done.upto, done.event_count, self.committed_at);
    }

    /// Looks how far we lag, and gives up where the policy says so.
    async fn watch(&mut self) -> Result<(), MineError> {
        let files = self.site.files().await?;
        let state = files.state(self.sink.durable())?;
        let lag = self.site.job.settings.lag;
        self.site.job.status.log(&state, &lag);
        match lag.give_up_bytes {
            Some(behind_max) if state.behind_bytes > behind_max => {
                Err(MineError::FarBehind { behind: state.behind_bytes, behind_max })
            }
            _ => Ok(()),
        }
    }

    fn malformed(why: String) -> MineError {
        DatabaseError::Protocol { why }.into()
    }
}

/// Where the first event of a file stands.
const FIRST_AT: u32 = 4;

/// So much of a statement is shown in a message.
const STATEMENT_CHARS_MAX: usize = 200;
