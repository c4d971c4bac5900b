//! Mining MariaDB: from whatever the notes say to the log that is followed.
//!
//! Picture:
//! ```text
//!   connect and check ─▶ notes say: nothing ──▶ snapshot and its place ─▶ copy ─▶ follow from there
//!                                   copying ──▶ go on copying ──────────────────▶ │
//!                                   following ─▶ does the log still have our place? ─▶ follow
//! ```

use super::copying::Copier;
use super::following::Following;
use super::settings::MariaDbSettings;
use super::sieve::Sieve;
use super::site::Site;
use crate::error::MineError;
use crate::job::{Beginning, Job};
use crate::miner::told;
use crate::notes::Copying;
use crate::sink::Sink;
use std::sync::Arc;
use tokio::sync::watch;

/// Mines until something is in the way, or until it is told to stop.
pub(crate) async fn mine(
    job: &Job,
    from: &MariaDbSettings,
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
    from: &MariaDbSettings,
    copy_again: bool,
) -> Result<(Site, u32, Copying), MineError> {
    let mut site = Site::open(job, from).await?;
    let (generation, copying) = match job.beginning(&site.source, copy_again).await? {
        Beginning::Following { generation, copying } => (generation, copying),
        Beginning::Copying { generation, copying, last } => {
            site.begin_generation(generation);
            site.files().await?.name_of(copying.consistent_at)?;
            let copier = Copier::resume(&mut site, generation, copying, last).await?;
            (generation, copier.run().await?)
        }
        Beginning::Anew { generation, last } => {
            site.begin_generation(generation);
            let source = site.source.clone();
            let last = job.ask(&source, generation, last).await?;
            let copier = Copier::begin(&mut site, generation, last).await?;
            (generation, copier.run().await?)
        }
    };
    site.begin_generation(generation);
    Ok((site, generation, copying))
}
