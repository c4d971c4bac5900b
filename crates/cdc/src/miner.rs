//! The miner: connects, copies what was there, follows the log, and begins again after what passes.
//!
//! Picture:
//! ```text
//!   ┌▶ connect and check ─▶ notes say: nothing ──▶ make the slot ─▶ copy ─▶ follow ─▶ told to stop
//!   │                                  copying ──▶ go on copying ──────────▶ │
//!   │                                  following ─▶ is the slot where we left it? ─▶ follow
//!   └─ wait, doubling ◀── what passes ◀──────────────────────────────────────┤
//!                halted ◀── what does not, with what to do                   ┘
//! ```
//! Invariant: between any two steps the process may die. What is noted is in the store, and each step
//! begins with reading it.

use crate::error::MineError;
use crate::limits::{RESTART_WAIT_MAX, RESTART_WAIT_MIN};
use crate::mapping::Mapping;
use crate::notes::{Copying, Names, Note, Phase};
use crate::place::LogPlace;
use crate::postgres::copying::Copier;
use crate::postgres::following::Following;
use crate::postgres::session::{Purpose, Session};
use crate::postgres::settings::PostgresSettings;
use crate::postgres::sieve::Sieve;
use crate::postgres::site::Site;
use crate::postgres::slot::{self, LagPolicy};
use crate::sink::Sink;
use crate::status::{MinerHealth, MinerState, Status};
use headwater_model::{Append, EventStore, InvalidName, Retry, Revision};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a miner mines, and how.
#[derive(Clone, Debug)]
pub struct MinerSettings {
    /// The miner's name, in the store and in metrics. Two miners of one context have two names.
    pub name: String,
    /// The database.
    pub database: PostgresSettings,
    /// The publication that has the mapped tables.
    pub publication: String,
    /// The replication slot, which the miner makes. Nobody else reads from it.
    pub slot: String,
    /// Which tables, and how.
    pub mapping: Mapping,
    /// How much log the slot may hold back.
    pub lag: LagPolicy,
    /// What happens when the log no longer has what is missing.
    pub after_loss: AfterLoss,
}

/// What happens when the log no longer has what is missing: the slot was dropped, invalidated or given
/// up, or the database was restored to an earlier moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AfterLoss {
    /// The miner halts, and a person decides.
    #[default]
    Halt,
    /// All tables are copied again, as `…Found` events of the next generation. Rows that were deleted
    /// in between are not told of: whoever must know compares.
    CopyAgain,
}

/// From this version on a slot says whether it is about to be lost.
const WAL_STATUS_SINCE: u32 = 130_000;

/// Mines one database into one context of a store.
pub struct Miner {
    settings: Arc<MinerSettings>,
    store: Arc<dyn EventStore>,
    names: Names,
    status: Arc<Status>,
}

/// A miner at work. Dropping it tells it to stop; [`drain`](Self::drain) waits.
#[derive(Debug)]
pub struct Mining {
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
    status: Arc<Status>,
}

/// Where the notes say that a session begins.
enum Beginning {
    Anew { generation: u32, last: Option<Revision> },
    Copying { generation: u32, copying: Copying, last: Revision },
    Following { generation: u32, copying: Copying },
}

impl Miner {
    /// A miner that does nothing yet.
    ///
    /// # Errors
    /// A name that cannot stand in the store.
    pub fn new(settings: MinerSettings, store: Arc<dyn EventStore>) -> Result<Self, InvalidName> {
        let status = Arc::new(Status::new(&settings.name));
        Self::showing(settings, store, status)
    }

    /// One whose health is shown elsewhere.
    pub(crate) fn showing(
        settings: MinerSettings,
        store: Arc<dyn EventStore>,
        status: Arc<Status>,
    ) -> Result<Self, InvalidName> {
        let names = Names::of(&settings.name)?;
        Ok(Self { settings: Arc::new(settings), store, names, status })
    }

    /// Sets it to work on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime with time and I/O.
    #[must_use = "dropping it stops the miner"]
    pub fn start(self) -> Mining {
        let (stop, stopped) = watch::channel(false);
        let status = Arc::clone(&self.status);
        Mining { stop, task: Some(tokio::spawn(self.serve(stopped))), status }
    }

    /// Mines until it is told to stop, or stands before what a person must see to.
    pub(crate) async fn serve(self, mut stopped: watch::Receiver<bool>) {
        let mut wait = RESTART_WAIT_MIN;
        let mut copy_again = false;
        while !*stopped.borrow() {
            self.status.set(MinerState::Starting);
            let Err(error) = self.mine(&mut stopped, copy_again).await else { break };
            copy_again = error.is_loss() && self.settings.after_loss == AfterLoss::CopyAgain;
            let is_final = error.retry() == Retry::Never && !copy_again;
            if self.status.was_following() {
                wait = RESTART_WAIT_MIN;
            }
            self.status.failed(&error, is_final);
            if is_final {
                return;
            }
            self.protect().await;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = told(&mut stopped) => {}
            }
            wait = (wait * 2).min(RESTART_WAIT_MAX);
        }
        self.status.set(MinerState::Stopped);
    }

    /// While the store is away the log piles up all the same: the slot is given up as the policy says.
    async fn protect(&self) {
        let (settings, Some(retained_max)) = (&self.settings, self.settings.lag.give_up_bytes)
        else {
            return;
        };
        // Only a slot that was followed by this instance is known to be ours without the store.
        let Some(seen) = self.status.health().slot else { return };
        let looked = async {
            let mut session = Session::connect(&settings.database, Purpose::Queries).await?;
            let server = if seen.status.is_empty() { 0 } else { WAL_STATUS_SINCE };
            let (state, _) = slot::look(&mut session, &settings.slot, server).await?;
            if let Some(state) = state.filter(|state| state.retained_bytes > retained_max) {
                slot::give_up(&mut session, &settings.slot).await?;
                tracing::error!(slot = settings.slot, retained = state.retained_bytes, "given up");
            }
            Ok::<_, MineError>(())
        };
        if let Err(error) = looked.await {
            tracing::warn!(%error, "the replication slot cannot be looked at");
        }
    }

    /// Mines until something is in the way, or until it is told to stop.
    ///
    /// # Errors
    /// [`MineError`], with what to do next. All that was appended is noted; calling it again goes on.
    pub async fn mine(
        &self,
        stopped: &mut watch::Receiver<bool>,
        copy_again: bool,
    ) -> Result<(), MineError> {
        // Until the log is followed, stopping is the same as a crash, and as harmless.
        let mut early = stopped.clone();
        let prepared = tokio::select! {
            prepared = self.prepare(copy_again) => prepared?,
            () = told(&mut early) => return Ok(()),
        };
        let (mut site, generation, copying) = prepared;
        let saved = self.names.saved(&*self.store).await?;
        let sink = Sink::new(Arc::clone(&self.store), self.names.clone(), generation, saved);
        Following::begin(&mut site, sink, Sieve::new(copying)).await?.run(stopped).await
    }

    /// All that comes before the log is followed.
    async fn prepare(&self, copy_again: bool) -> Result<(Site, u32, Copying), MineError> {
        let (settings, store) = (&self.settings, &self.store);
        let mut site = Site::open(settings, store, &self.status, &self.names).await?;
        let beginning = self.beginning(&mut site, copy_again).await?;
        let (generation, copying) = match beginning {
            Beginning::Following { generation, copying } => (generation, copying),
            Beginning::Copying { generation, copying, last } => {
                let copier = Copier::resume(&mut site, generation, copying, last).await?;
                (generation, copier.run().await?)
            }
            Beginning::Anew { generation, last } => {
                (generation, self.begin(&mut site, generation, last).await?)
            }
        };
        Ok((site, generation, copying))
    }

    /// What the notes say, checked against the slot.
    async fn beginning(&self, site: &mut Site, copy_again: bool) -> Result<Beginning, MineError> {
        let slot = &self.settings.slot;
        let found = slot::look(&mut site.queries, slot, site.server).await?;
        let Some((note, last)) = self.names.read(&*self.store).await? else {
            if found.0.is_some() {
                let why = "nothing was mined from it into this store".to_owned();
                return Err(MineError::SlotTaken { slot: slot.clone(), why });
            }
            return Ok(Beginning::Anew { generation: 1, last: None });
        };
        if note.source != site.source {
            let (known, found) = (note.source.to_string(), site.source.to_string());
            return Err(MineError::OtherDatabase { known, found });
        }
        let generation = note.generation;
        if copy_again {
            return Ok(Beginning::Anew { generation: generation + 1, last: Some(last) });
        }
        match note.phase {
            Phase::Asked => Ok(Beginning::Anew { generation, last: Some(last) }),
            Phase::Copying(copying) => {
                slot::check(slot, &found, copying.consistent_at)?;
                Ok(Beginning::Copying { generation, copying, last })
            }
            Phase::Following(copying) => {
                let mined = self.names.saved(&*self.store).await?.log_place();
                slot::check(slot, &found, mined)?;
                Ok(Beginning::Following { generation, copying })
            }
        }
    }

    /// Makes the slot, and copies what is there.
    async fn begin(
        &self,
        site: &mut Site,
        generation: u32,
        last: Option<Revision>,
    ) -> Result<Copying, MineError> {
        // Noted first: a slot that is found after a crash is then known to be ours, and unread.
        let note = Note { source: site.source.clone(), generation, phase: Phase::Asked };
        let write = self.names.write(&note, last);
        self.store.append(Append { writes: vec![write], ..Append::default() }).await?;
        let last = last.map_or(Revision::ZERO, Revision::next);
        slot::discard(&mut site.queries, &self.settings.slot).await?;
        let mut maker = Session::connect(&self.settings.database, Purpose::Log).await?;
        let (consistent_at, snapshot) = slot::make(&mut maker, &self.settings.slot).await?;
        let copier = Copier::begin(site, generation, consistent_at, &snapshot, last).await?;
        drop(maker);
        copier.run().await
    }
}

impl Mining {
    /// How it is.
    pub fn health(&self) -> MinerHealth {
        self.status.health()
    }

    /// Whether all before a place of the log is in the store: waits until it is, or the miner has ended.
    pub async fn mined_past(&self, place: LogPlace) -> bool {
        let mut health = self.status.follow();
        let ended =
            |state: &MinerState| matches!(state, MinerState::Halted { .. } | MinerState::Stopped);
        let found = health.wait_for(|health| health.mined >= place || ended(&health.state)).await;
        found.is_ok_and(|health| health.mined >= place)
    }

    /// Its health, and every change of it.
    pub fn follow(&self) -> watch::Receiver<MinerHealth> {
        self.status.follow()
    }

    /// Tells it to stop, and waits until what was read is stored and told.
    pub async fn drain(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "a miner ended badly");
        }
    }

    /// Ends it where it stands, as a crash does.
    pub async fn kill(mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // Cancelled, which was asked for; or it had ended by itself.
            let _ended = task.await;
        }
    }
}

impl Drop for Mining {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Resolves when it is told to stop, or nobody is left who could tell it.
pub(crate) async fn told(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: that is a stop, too.
    let _stop_or_gone = stopped.wait_for(|stopped| *stopped).await;
}
