//! The relay: carries rows of committed transactions into the store, for as long as it runs.
//!
//! Picture: a turn
//! ```text
//!   lease due? ─▶ renew, take, leave ─▶ fence what is new
//!   which streams are parked? ─▶ fetch ─▶ publish ─▶ delete what the store holds ─▶ park poison
//! ```
//! Why rows are deleted and not remembered by their place: of two transactions the one that got its
//! numbers first may commit last, so "everything behind the last number" passes over rows. What is in
//! the table and visible is what is to be published, whenever it became so. `docs/adr` says more.
//!
//! Invariants: B1 rows of a stream in the order of their inserts, one relay at a time (`fence`).
//! A row is taken away only behind the answer of the store that it holds the event.
//! After a crash: rows that were published and not yet deleted are published again under the same ids,
//! which the store answers and does not write (A4).

mod fence;
mod publish;
pub mod status;
mod turn;

use super::lease::Identity;
use super::limits::{
    AWAKE_ROW_COUNT, BATCH_ROW_COUNT_MAX, FIRST_FETCH_ROW_COUNT, LEASE, LISTEN_MAX, POLL_MAX,
    POLL_MIN, RESTART_WAIT_MAX, RESTART_WAIT_MIN,
};
use super::session::{Dialect, Session};
use super::tables::Checked;
use super::{OutboxAddress, OutboxDesk, OutboxTable, RelayError};
use fence::Fence;
use headwater_model::{EventStore, Retry};
use status::{RelayState, RelayStatus};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

/// How a relay works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelaySettings {
    /// How long a relay that is gone keeps its shares from the others.
    pub lease: Duration,
    /// Rows of one fetch, at most.
    pub batch_row_count_max: usize,
    /// The longest wait between two looks where the database wakes nobody.
    pub poll_max: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self { lease: LEASE, batch_row_count_max: BATCH_ROW_COUNT_MAX, poll_max: POLL_MAX }
    }
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayTurn {
    /// So many rows were looked at; there may be more.
    Moved(usize),
    /// There was nothing to publish.
    Idle,
    /// Other relays have all shares.
    StandsBy,
}

/// A relay of one outbox into one context.
pub struct Relay {
    address: OutboxAddress,
    table: OutboxTable,
    store: Arc<dyn EventStore>,
    settings: RelaySettings,
    status: Arc<RelayStatus>,
    fence: Fence,
    identity: Option<Identity>,
    open: Option<Open>,
    /// Rows of the next fetch.
    fetch_row_count: usize,
}

/// A relay that is connected.
struct Open {
    session: Box<dyn Session>,
    checked: Checked,
    /// When the leases were last renewed.
    renewed: Option<Instant>,
    /// When the backlog was last counted.
    counted: Option<Instant>,
    /// Whether writers are asked to wake it.
    asleep: bool,
}

impl Relay {
    /// A relay of this table into this context. Nothing is opened before its first turn.
    pub fn new(
        address: OutboxAddress,
        table: OutboxTable,
        store: Arc<dyn EventStore>,
        settings: RelaySettings,
    ) -> Self {
        let status = Arc::new(RelayStatus::new(table.name()));
        let fence = Fence::new(table.name());
        let fetch_row_count = FIRST_FETCH_ROW_COUNT;
        let (identity, open) = (None, None);
        Self { address, table, store, settings, status, fence, identity, open, fetch_row_count }
    }

    /// Shows how it is in this place, which outlives it.
    #[must_use]
    pub(crate) fn showing(mut self, status: Arc<RelayStatus>) -> Self {
        self.status = status;
        self
    }

    /// How it is.
    pub fn status(&self) -> &Arc<RelayStatus> {
        &self.status
    }

    /// Where people see to its outbox.
    pub fn desk(&self) -> OutboxDesk {
        OutboxDesk::new(self.address.clone(), self.table.clone())
    }

    /// Works until it is told to stop, and gives its shares back then. Failures are shown, and tried
    /// again for as long as it takes.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let (mut wait, mut poll) = (RESTART_WAIT_MIN, POLL_MIN);
        while !*stopped.borrow() {
            let pause = match self.turn().await {
                Ok(RelayTurn::Moved(count)) => {
                    (wait, poll) = (RESTART_WAIT_MIN, POLL_MIN);
                    self.stay_awake(count).await.err().map(|_| wait)
                }
                Ok(RelayTurn::Idle) => {
                    wait = RESTART_WAIT_MIN;
                    self.nap(&mut poll, &mut stopped).await.err().map(|_| wait)
                }
                Ok(RelayTurn::StandsBy) => Some(self.settings.lease / 6),
                Err(error) => {
                    let (outbox, again) = (self.table.name(), wait);
                    tracing::warn!(outbox, %error, code = error.code(), ?again, "relay failed");
                    wait = (wait * 2).min(RESTART_WAIT_MAX);
                    Some(again)
                }
            };
            if let Some(pause) = pause {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            }
        }
        self.leave().await;
    }

    /// One turn: a bounded amount of work.
    ///
    /// # Errors
    /// [`RelayError`]; the next turn begins anew from what database and store say.
    pub async fn turn(&mut self) -> Result<RelayTurn, RelayError> {
        let turn = self.try_turn().await;
        match &turn {
            Ok(turn) => self.status.set_state(match turn {
                RelayTurn::StandsBy => RelayState::StandsBy,
                RelayTurn::Moved(_) | RelayTurn::Idle => RelayState::Running,
            }),
            Err(error) => {
                self.forget(error);
                let why = error.to_string();
                self.status.failed(match error.retry() {
                    Retry::Never => RelayState::Halted { why },
                    Retry::AfterReload | Retry::Later => RelayState::Failing { why },
                });
            }
        }
        turn
    }

    /// What was believed before a failure may be wrong.
    fn forget(&mut self, error: &RelayError) {
        self.fence.drop_all();
        match (error, &mut self.open) {
            (
                RelayError::Fenced { .. } | RelayError::Append(_) | RelayError::Read(_),
                Some(open),
            ) => {
                open.renewed = None;
            }
            _ => self.open = None, // with its connection, and the transaction that may be open on it
        }
    }

    /// With much to do, writers need not wake it.
    async fn stay_awake(&mut self, row_count: usize) -> Result<(), RelayError> {
        if row_count >= AWAKE_ROW_COUNT {
            self.set_asleep(false).await?;
        }
        Ok(())
    }

    /// Waits for more. Where writers can wake it, it first says that it sleeps and looks once more.
    async fn nap(
        &mut self,
        poll: &mut Duration,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<(), RelayError> {
        let listens = self.open.as_ref().is_some_and(|open| open.session.listens());
        if listens && !self.open.as_ref().is_some_and(|open| open.asleep) {
            return self.set_asleep(true).await;
        }
        let at_most = if listens { LISTEN_MAX } else { *poll };
        *poll = (*poll * 2).min(self.settings.poll_max);
        let Some(open) = &mut self.open else { return Ok(()) };
        tokio::select! {
            () = open.session.sleep(at_most) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        Ok(())
    }

    async fn set_asleep(&mut self, asleep: bool) -> Result<(), RelayError> {
        let (Some(open), Some(identity)) = (&mut self.open, &self.identity) else { return Ok(()) };
        if open.asleep == asleep || !open.session.listens() {
            return Ok(());
        }
        let told = identity.set_asleep(&mut *open.session, asleep).await;
        match told {
            Ok(()) => open.asleep = asleep,
            Err(_) => self.open = None,
        }
        told
    }

    /// Gives its shares back. If that fails, they are free when the lease is over.
    pub async fn leave(&mut self) {
        self.fence.drop_all();
        let (Some(open), Some(identity)) = (&mut self.open, &self.identity) else { return };
        open.renewed = None;
        if let Err(error) = identity.leave(&mut *open.session).await {
            tracing::warn!(outbox = self.table.name(), %error, "shares are given back by time only");
        }
    }

    fn identity(&mut self, dialect: Dialect) -> Identity {
        let (table, lease) = (&self.table, self.settings.lease);
        let make = || Identity {
            outbox: table.name().to_owned(),
            relay: Uuid::now_v7().to_string(),
            share_count: table.share_count(dialect),
            lease,
        };
        self.identity.get_or_insert_with(make).clone()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({} at {})", self.table.name(), self.address)
    }
}
