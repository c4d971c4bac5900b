//! Mining PostgreSQL: from whatever the notes say to the log that is followed.
//!
//! Picture:
//! ```text
//!   connect and check ─▶ notes say: nothing ──▶ make the slot ─▶ copy ─▶ follow
//!                                   copying ──▶ go on copying ──────────▶ │
//!                                   following ─▶ is the slot where we left it? ─▶ follow
//! ```

use super::copying::Copier;
use super::following::Following;
use super::session::{Purpose, Session};
use super::settings::PostgresSource;
use super::sieve::Sieve;
use super::site::Site;
use super::slot;
use crate::error::MineError;
use crate::job::{Beginning, Job};
use crate::miner::told;
use crate::notes::Copying;
use crate::sink::Sink;
use headwater_model::Revision;
use std::sync::Arc;
use tokio::sync::watch;

/// From this version on a slot says whether it is about to be lost.
const WAL_STATUS_SINCE: u32 = 130_000;

/// Mines until something is in the way, or until it is told to stop.
pub(crate) async fn mine(
    job: &Job,
    from: &PostgresSource,
    stopped: &mut watch::Receiver<bool>,
    copy_again: bool,
) -> Result<(), MineError> {
    // Until the log is followed, stopping is the same as a crash, and as harmless.
    let mut early = stopped.clone();
    let prepared = tokio::select! {
        prepared = prepare(job, from, copy_again) => prepared?,
        () = told(&mut early) => return Ok(()),
    };
    let (mut site, generation, copying) = prepared;
    let saved = job.names.saved(&*job.store).await?;
    let sink = Sink::new(Arc::clone(&job.store), job.names.clone(), generation, saved);
    Following::begin(&mut site, sink, Sieve::new(copying)).await?.run(stopped).await
}

/// All that comes before the log is followed.
async fn prepare(
    job: &Job,
    from: &PostgresSource,
    copy_again: bool,
) -> Result<(Site, u32, Copying), MineError> {
    let mut site = Site::open(job, from).await?;
    let slot = &from.slot;
    let found = slot::look(&mut site.queries, slot, site.server).await?;
    let beginning = job.beginning(&site.source, copy_again).await?;
    let (generation, copying) = match beginning {
        Beginning::Anew { last: None, .. } if found.0.is_some() => {
            let why = "nothing was mined from it into this store".to_owned();
            return Err(MineError::SlotTaken { slot: slot.clone(), why });
        }
        Beginning::Following { generation, copying } => {
            let mined = job.names.saved(&*job.store).await?.log_place();
            slot::check(slot, &found, mined)?;
            (generation, copying)
        }
        Beginning::Copying { generation, copying, last } => {
            slot::check(slot, &found, copying.consistent_at)?;
            let copier = Copier::resume(&mut site, generation, copying, last).await?;
            (generation, copier.run().await?)
        }
        Beginning::Anew { generation, last } => {
            (generation, begin(&mut site, generation, last).await?)
        }
    };
    Ok((site, generation, copying))
}

/// Makes the slot, and copies what is there.
async fn begin(
    site: &mut Site,
    generation: u32,
    last: Option<Revision>,
) -> Result<Copying, MineError> {
    // Noted first: a slot that is found after a crash is then known to be ours, and unread.
    let last = site.job.ask(&site.source, generation, last).await?;
    let from = site.from.clone();
    slot::discard(&mut site.queries, &from.slot).await?;
    let mut maker = Session::connect(&from.database, Purpose::Log).await?;
    let (consistent_at, snapshot) = slot::make(&mut maker, &from.slot).await?;
    let copier = Copier::begin(site, generation, consistent_at, &snapshot, last).await?;
    drop(maker);
    copier.run().await
}

/// While the store is away the log piles up all the same: the slot is given up as the policy says.
pub(crate) async fn protect(job: &Job, from: &PostgresSource) {
    let Some(retained_max) = job.settings.lag.give_up_bytes else { return };
    // Only a slot that was followed by this instance is known to be ours without the store.
    let Some(seen) = job.status.health().slot else { return };
    let looked = async {
        let mut session = Session::connect(&from.database, Purpose::Queries).await?;
        let server = if seen.status.is_empty() { 0 } else { WAL_STATUS_SINCE };
        let (state, _) = slot::look(&mut session, &from.slot, server).await?;
        if let Some(state) = state.filter(|state| state.retained_bytes > retained_max) {
            slot::give_up(&mut session, &from.slot).await?;
            tracing::error!(slot = from.slot, retained = state.retained_bytes, "given up");
        }
        Ok::<_, MineError>(())
    };
    if let Err(error) = looked.await {
        tracing::warn!(%error, "the replication slot cannot be looked at");
    }
}
