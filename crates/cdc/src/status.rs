//! Status: how a miner is, for health and metrics.
//!
//! Why: a miner that stands still is a database whose disk fills. That is shown before anybody asks.

use crate::error::MineError;
use crate::place::LogPlace;
use crate::postgres::slot::{LagPolicy, SlotState};
use headwater_model::Timestamp;
use metrics::{counter, gauge};
use serde::Serialize;
use tokio::sync::watch;

/// How a miner is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MinerHealth {
    /// The miner's name.
    pub miner: String,
    /// What it does.
    pub state: MinerState,
    /// All before this place of the log is in the store.
    pub mined: LogPlace,
    /// When the last transaction that was read had committed.
    pub committed_at: Option<Timestamp>,
    /// Events in the store since it was started.
    pub event_count: u64,
    /// Its replication slot, when it was last looked at.
    pub slot: Option<SlotState>,
    /// The files of its log, when they were last looked at; of MariaDB only.
    pub log: Option<LogState>,
    /// What a person should know before it is an error.
    pub warning: Option<String>,
    /// How often it failed and was started again.
    pub restart_count: u64,
}

/// The files of a binary log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LogState {
    /// Where the oldest that is there begins.
    pub oldest: LogPlace,
    /// The end of the log.
    pub end: LogPlace,
    /// Bytes of it that are not in the store yet.
    pub behind_bytes: u64,
    /// How many files there are.
    pub file_count: usize,
}

/// What a miner does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MinerState {
    /// It connects, and checks.
    Starting,
    /// It copies rows that were there before.
    Copying {
        /// Of which table.
        table: String,
        /// Rows of all tables since it was started.
        row_count: u64,
    },
    /// It follows the log.
    Following,
    /// Something is away; it keeps trying.
    Failing {
        /// The error's code.
        code: String,
        /// In words.
        why: String,
    },
    /// It stands before something that a person must see to.
    Halted {
        /// The error's code.
        code: String,
        /// In words.
        why: String,
    },
    /// It was told to stop.
    Stopped,
}

impl MinerHealth {
    /// Whether every change arrives, or is about to.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, MinerState::Following | MinerState::Copying { .. })
            && self.warning.is_none()
    }

    /// Bytes of log that are not in the store yet, as far as is known.
    pub fn lag_bytes(&self) -> u64 {
        match (&self.slot, &self.log) {
            (Some(slot), _) => slot.log_end.since(self.mined),
            (None, Some(log)) => log.behind_bytes,
            (None, None) => 0,
        }
    }
}

/// A miner's health, as it writes it.
#[derive(Debug)]
pub(crate) struct Status {
    health: watch::Sender<MinerHealth>,
}

impl Status {
    pub(crate) fn new(miner: &str) -> Self {
        let health = MinerHealth {
            miner: miner.to_owned(),
            state: MinerState::Starting,
            mined: LogPlace::default(),
            committed_at: None,
            event_count: 0,
            slot: None,
            log: None,
            warning: None,
            restart_count: 0,
        };
        Self { health: watch::Sender::new(health) }
    }

    pub(crate) fn health(&self) -> MinerHealth {
        self.health.borrow().clone()
    }

    /// To wait for it to change.
    pub(crate) fn follow(&self) -> watch::Receiver<MinerHealth> {
        self.health.subscribe()
    }

    /// Whether it had come as far as to follow the log.
    pub(crate) fn was_following(&self) -> bool {
        self.health.borrow().state == MinerState::Following
    }

    fn miner(&self) -> String {
        self.health.borrow().miner.clone()
    }

    pub(crate) fn set(&self, state: MinerState) {
        self.health.send_modify(|health| health.state = state);
    }

    pub(crate) fn copied(&self, table: &str, rows: usize) {
        self.health.send_modify(|health| {
            let before = match &health.state {
                MinerState::Copying { row_count, .. } => *row_count,
                _ => 0,
            };
            let row_count = before + rows as u64;
            health.state = MinerState::Copying { table: table.to_owned(), row_count };
        });
        let miner = self.miner();
        counter!("headwater_cdc_rows_copied_total", "miner" => miner).increment(rows as u64);
    }

    pub(crate) fn following(&self, at: LogPlace) {
        self.health.send_modify(|health| {
            (health.state, health.mined) = (MinerState::Following, at);
        });
    }

    pub(crate) fn durable(
        &self,
        upto: LogPlace,
        event_count: usize,
        committed_at: Option<Timestamp>,
    ) {
        self.health.send_modify(|health| {
            health.mined = upto;
            health.event_count += event_count as u64;
            health.committed_at = committed_at.or(health.committed_at);
        });
        let miner = self.miner();
        counter!("headwater_cdc_events_total", "miner" => miner).increment(event_count as u64);
    }

    pub(crate) fn slot(&self, slot: &SlotState, lag: &LagPolicy) {
        let warning = warning(slot, lag);
        let had_warning = self.health.borrow().warning.is_some();
        if let (Some(warning), false) = (&warning, had_warning) {
            tracing::warn!(miner = self.miner(), warning, "a replication slot lags");
        }
        self.health.send_modify(|health| {
            (health.slot, health.warning) = (Some(slot.clone()), warning);
        });
        let (miner, lag) = (self.miner(), self.health.borrow().lag_bytes());
        gauge!("headwater_cdc_lag_bytes", "miner" => miner.clone()).set(lag as f64);
        gauge!("headwater_cdc_slot_retained_bytes", "miner" => miner)
            .set(slot.retained_bytes as f64);
    }

    pub(crate) fn log(&self, log: &LogState, lag: &LagPolicy) {
        let behind = log.behind_bytes;
        let warning =
            (behind > lag.warn_bytes).then(|| format!("{behind} bytes of log are not mined yet"));
        let had_warning = self.health.borrow().warning.is_some();
        if let (Some(warning), false) = (&warning, had_warning) {
            tracing::warn!(miner = self.miner(), warning, "a miner lags");
        }
        self.health.send_modify(|health| {
            (health.log, health.warning) = (Some(log.clone()), warning);
        });
        let (miner, lag) = (self.miner(), behind);
        gauge!("headwater_cdc_lag_bytes", "miner" => miner).set(lag as f64);
    }

    pub(crate) fn schema_changed(&self, table: &str) {
        let (miner, table) = (self.miner(), table.to_owned());
        counter!("headwater_cdc_schema_changes_total", "miner" => miner, "table" => table)
            .increment(1);
    }

    pub(crate) fn failed(&self, error: &MineError, is_final: bool) {
        let (miner, code, why) = (self.miner(), error.code().to_owned(), error.to_string());
        match is_final {
            true => tracing::error!(miner, code, why, "a miner halted"),
            false => tracing::warn!(miner, code, why, "a miner failed, and will be tried again"),
        }
        counter!("headwater_cdc_failures_total", "miner" => miner, "code" => code.clone())
            .increment(1);
        self.health.send_modify(|health| {
            health.restart_count += u64::from(!is_final);
            health.state = match is_final {
                true => MinerState::Halted { code, why },
                false => MinerState::Failing { code, why },
            };
        });
    }
}

/// What a person should know of a slot before it is lost, or the disk is full.
fn warning(slot: &SlotState, lag: &LagPolicy) -> Option<String> {
    let (retained, warn) = (slot.retained_bytes, lag.warn_bytes);
    match (slot.status.as_str(), slot.safe_bytes) {
        ("unreserved", _) => Some("the server will invalidate the slot soon".to_owned()),
        (_, Some(left)) if left < warn.min(retained).cast_signed() => {
            Some(format!("{left} bytes of log more, and the server invalidates the slot"))
        }
        _ if retained > warn => {
            Some(format!("{retained} bytes of log are held back on the database's disk"))
        }
        _ => None,
    }
}
