//! The miner: connects, copies what was there, follows the log, and begins again after what passes.
//!
//! Picture:
//! ```text
//!   ┌▶ connect and check ─▶ notes say: nothing ──▶ copy ──────────────▶ follow ─▶ told to stop
//!   │                                  copying ──▶ go on copying ───────▶ │
//!   │                                  following ─▶ is the log still there? ─▶ follow
//!   └─ wait, doubling ◀── what passes ◀──────────────────────────────────────┤
//!                halted ◀── what does not, with what to do                   ┘
//! ```
//! Invariant: between any two steps the process may die. What is noted is in the store, and each step
//! begins with reading it.

use crate::error::MineError;
use crate::job::Job;
use crate::limits::{RESTART_WAIT_MAX, RESTART_WAIT_MIN};
use crate::mapping::Mapping;
use crate::notes::Names;
use crate::place::LogPlace;
use crate::postgres::slot::LagPolicy;
use crate::source::Source;
use crate::status::{MinerHealth, MinerState, Status};
use crate::{mariadb, postgres};
use headwater_model::{EventStore, InvalidName, Retry};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a miner mines, and how.
#[derive(Clone, Debug)]
pub struct MinerSettings {
    /// The miner's name, in the store and in metrics. Two miners of one context have two names.
    pub name: String,
    /// Which database's log.
    pub source: Source,
    /// Which tables, and how.
    pub mapping: Mapping,
    /// How far it may lag.
    pub lag: LagPolicy,
    /// What happens when the log no longer has what is missing.
    pub after_loss: AfterLoss,
}

/// What happens when the log no longer has what is missing: its slot was dropped, invalidated or given
/// up, its files were purged, or the database was restored to an earlier moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AfterLoss {
    /// The miner halts, and a person decides.
    #[default]
    Halt,
    /// All tables are copied again, as `…Found` events of the next generation. Rows that were deleted
    /// in between are not told of: whoever must know compares.
    CopyAgain,
}

/// Mines one database into one context of a store.
pub struct Miner {
    job: Job,
}

/// A miner at work. Dropping it tells it to stop; [`drain`](Self::drain) waits.
#[derive(Debug)]
pub struct Mining {
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
    status: Arc<Status>,
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
        Ok(Self { job: Job { settings: Arc::new(settings), store, names, status } })
    }

    /// Sets it to work on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime with time and I/O.
    #[must_use = "dropping it stops the miner"]
    pub fn start(self) -> Mining {
        let (stop, stopped) = watch::channel(false);
        let status = Arc::clone(&self.job.status);
        Mining { stop, task: Some(tokio::spawn(self.serve(stopped))), status }
    }

    /// Mines until it is told to stop, or stands before what a person must see to.
    pub(crate) async fn serve(self, mut stopped: watch::Receiver<bool>) {
        let mut wait = RESTART_WAIT_MIN;
        let mut copy_again = false;
        while !*stopped.borrow() {
            self.job.status.set(MinerState::Starting);
            let Err(error) = self.mine(&mut stopped, copy_again).await else { break };
            copy_again = error.is_loss() && self.job.settings.after_loss == AfterLoss::CopyAgain;
            let is_final = error.retry() == Retry::Never && !copy_again;
            if self.job.status.was_following() {
                wait = RESTART_WAIT_MIN;
            }
            self.job.status.failed(&error, is_final);
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
        self.job.status.set(MinerState::Stopped);
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
        match &self.job.settings.source {
            Source::Postgres(from) => {
                postgres::mining::mine(&self.job, from, stopped, copy_again).await
            }
            Source::MariaDb(from) => {
                mariadb::mining::mine(&self.job, from, stopped, copy_again).await
            }
        }
    }

    async fn protect(&self) {
        if let Source::Postgres(from) = &self.job.settings.source {
            postgres::mining::protect(&self.job, from).await;
        }
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
