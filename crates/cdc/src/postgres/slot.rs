//! The replication slot: what holds the log back for us, and what must not hold it back for ever.
//!
//! Why: a slot keeps every byte of log that its reader has not confirmed. A reader that stays away
//! fills the database's disk, and a database with a full disk is down. So the slot is watched, and
//! given up before that, by policy; and one that is gone is never silently replaced by a new one.

use super::session::{Session, literal, quoted};
use crate::database::DatabaseError;
use crate::error::MineError;
use crate::place::LogPlace;
use serde::{Deserialize, Serialize};

/// How much log a slot may hold back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LagPolicy {
    /// From so many bytes on, health says so. One gigabyte unless said.
    pub warn_bytes: u64,
    /// From so many bytes on, the slot is dropped. Without it, only the server's own
    /// `max_slot_wal_keep_size` protects its disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub give_up_bytes: Option<u64>,
}

impl Default for LagPolicy {
    fn default() -> Self {
        Self { warn_bytes: 1 << 30, give_up_bytes: None }
    }
}

/// A slot as the server sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SlotState {
    /// Its output plugin.
    pub plugin: String,
    /// Its database.
    pub database: String,
    /// The server's process that reads from it now.
    pub process: Option<String>,
    /// Up to where its reader has confirmed.
    pub confirmed_at: LogPlace,
    /// The end of the log.
    pub log_end: LogPlace,
    /// Bytes of log that are held back for it.
    pub retained_bytes: u64,
    /// `reserved`, `extended`, `unreserved` or `lost`; empty before version 13.
    pub status: String,
    /// Bytes that may yet be written before it is lost, if `max_slot_wal_keep_size` is set.
    pub safe_bytes: Option<i64>,
}

/// Looks at a slot; `None` if it is not there. And where the log ends.
pub(crate) async fn look(
    session: &mut Session,
    slot: &str,
    server: u32,
) -> Result<(Option<SlotState>, LogPlace), MineError> {
    let end = session.query("select pg_current_wal_lsn()").await?;
    let end = place(end.first().and_then(|row| row.cell(0).text()));
    let status = if server >= 130_000 { "wal_status, safe_wal_size" } else { "'', null" };
    let sql = format!(
        "select plugin, database, active_pid, confirmed_flush_lsn, restart_lsn, {status} \
         from pg_replication_slots where slot_name = {}",
        literal(slot)
    );
    let rows = session.query(&sql).await?;
    let Some(row) = rows.first() else { return Ok((None, end)) };
    let text = |at: usize| row.cell(at).text().unwrap_or_default().to_owned();
    let state = SlotState {
        plugin: text(0),
        database: text(1),
        process: row.cell(2).text().map(str::to_owned),
        confirmed_at: place(row.cell(3).text()),
        log_end: end,
        retained_bytes: row.cell(4).text().map_or(0, |at| end.since(place(Some(at)))),
        status: text(5),
        safe_bytes: row.cell(6).text().and_then(|bytes| bytes.parse().ok()),
    };
    Ok((Some(state), end))
}

/// Whether a slot that was mined up to `mined` can be read on, from exactly there.
pub(crate) fn check(
    slot: &str,
    found: &(Option<SlotState>, LogPlace),
    mined: LogPlace,
) -> Result<(), MineError> {
    let name = || slot.to_owned();
    let (state, end) = found;
    if *end < mined {
        return Err(MineError::DatabaseBehind { end: *end, mined });
    }
    let Some(state) = state else { return Err(MineError::SlotGone { slot: name(), mined }) };
    if state.plugin != "pgoutput" {
        let why = format!("its plugin is {}", state.plugin);
        return Err(MineError::SlotTaken { slot: name(), why });
    }
    if state.status == "lost" {
        let status = state.status.clone();
        return Err(MineError::SlotLost { slot: name(), status, mined });
    }
    if state.confirmed_at > mined {
        return Err(MineError::SlotMovedOn { slot: name(), at: state.confirmed_at, mined });
    }
    match &state.process {
        Some(process) => Err(MineError::SlotBusy { slot: name(), process: process.clone() }),
        None => Ok(()),
    }
}

/// A new slot: where its log begins, and the snapshot of all that was before. The snapshot lives as
/// long as the session is not used for anything else.
pub(crate) async fn make(
    session: &mut Session,
    slot: &str,
) -> Result<(LogPlace, String), DatabaseError> {
    let sql = format!("CREATE_REPLICATION_SLOT {} LOGICAL pgoutput EXPORT_SNAPSHOT", quoted(slot));
    let rows = session.query(&sql).await?;
    let text = |at| rows.first().and_then(|row| row.cell(at).text());
    match (text(1).and_then(|at| at.parse().ok()), text(2)) {
        (Some(at), Some(snapshot)) => Ok((at, snapshot.to_owned())),
        _ => {
            Err(DatabaseError::Protocol { why: "a new slot without place or snapshot".to_owned() })
        }
    }
}

/// Drops a slot if it is there.
pub(crate) async fn discard(session: &mut Session, slot: &str) -> Result<(), DatabaseError> {
    let name = literal(slot);
    let sql = format!(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = {name}"
    );
    session.query(&sql).await.map(drop)
}

fn place(text: Option<&str>) -> LogPlace {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Drops a slot although somebody reads from it: that reader is us, and stops.
pub(crate) async fn give_up(session: &mut Session, slot: &str) -> Result<(), DatabaseError> {
    let name = literal(slot);
    let end = format!(
        "select pg_terminate_backend(active_pid) from pg_replication_slots \
         where slot_name = {name} and active_pid is not null"
    );
    // The process lets go of the slot a moment after it was told to.
    for _ in 0..GIVE_UP_ATTEMPTS_MAX {
        session.query(&end).await?;
        match discard(session, slot).await {
            Err(error) if error.state() == Some(IN_USE) => {
                tokio::time::sleep(GIVE_UP_WAIT).await;
            }
            answer => return answer,
        }
    }
    discard(session, slot).await
}

/// SQLSTATE of a slot that somebody reads from.
const IN_USE: &str = "55006";

/// A process ends within milliseconds; two seconds are for a machine that is busy.
const GIVE_UP_ATTEMPTS_MAX: u32 = 40;

/// Between two attempts to drop a slot.
const GIVE_UP_WAIT: std::time::Duration = std::time::Duration::from_millis(50);
