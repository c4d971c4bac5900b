//! Filled stores, made once in a run and opened by every bench that reads.

use super::Bench;
use crate::dataset::Dataset;
use crate::embedded::Headwater;
use crate::folder;
use crate::peer::{self, Peer};
use std::path::PathBuf;

/// The small dataset in all sides.
pub(crate) struct AllSides {
    /// Ours.
    pub(crate) headwater: Headwater,
    /// Theirs.
    pub(crate) peers: Vec<Box<dyn Peer>>,
}

impl AllSides {
    /// Opens them, filled.
    pub(crate) fn open(bench: &Bench) -> anyhow::Result<Self> {
        let headwater = open_small(bench)?;
        let dir = bench.dir.join("small-peers");
        let is_filled = dir.exists();
        let mut peers = peer::all(&dir)?;
        if !is_filled {
            for peer in &mut peers {
                bench.small.fill_peer(peer.as_mut())?;
            }
        }
        Ok(Self { headwater, peers })
    }

    /// Closes them, takes their files out of the page cache, and opens them again.
    pub(crate) fn cooled(self, bench: &Bench) -> anyhow::Result<Self> {
        drop(self.peers);
        self.headwater.close()?;
        folder::forget_cached(&small_dir(bench))?;
        folder::forget_cached(&bench.dir.join("small-peers"))?;
        Self::open(bench)
    }
}

/// Headwater with the small dataset.
pub(crate) fn open_small(bench: &Bench) -> anyhow::Result<Headwater> {
    open_filled(bench, bench.small, small_dir(bench))
}

/// Headwater with the large dataset.
pub(crate) fn open_large(bench: &Bench) -> anyhow::Result<Headwater> {
    open_filled(bench, bench.large, large_dir(bench))
}

/// Where the small dataset is.
pub(crate) fn small_dir(bench: &Bench) -> PathBuf {
    bench.dir.join("small")
}

/// Where the large dataset is.
pub(crate) fn large_dir(bench: &Bench) -> PathBuf {
    bench.dir.join("large")
}

/// Opens a store, and fills it if it is new: then it is closed and opened again, so that every
/// bench meets it as a restart would leave it.
fn open_filled(bench: &Bench, dataset: Dataset, dir: PathBuf) -> anyhow::Result<Headwater> {
    if !dir.exists() {
        let headwater = Headwater::open(&dir)?;
        bench.runtime.block_on(dataset.fill(&headwater, "headwater"))?;
        headwater.close()?;
    }
    Headwater::open(&dir)
}
