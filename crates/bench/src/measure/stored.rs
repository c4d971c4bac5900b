//! Filled stores, made once in a run and opened by every bench that reads.

use super::Bench;
use crate::dataset::Dataset;
use crate::embedded::Headwater;
use crate::folder;
use crate::peer::{self, Peer};
use std::path::{Path, PathBuf};

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
        if !is_filled(&dir, bench.small) {
            folder::empty(&dir)?;
            for peer in &mut peer::all(&dir)? {
                bench.small.fill_peer(peer.as_mut())?;
            }
            note_filled(&dir, bench.small)?;
        }
        Ok(Self { headwater, peers: peer::all(&dir)? })
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
    open_filled(bench.small, small_dir(bench), bench)
}

/// Headwater with the large dataset.
pub(crate) fn open_large(bench: &Bench) -> anyhow::Result<Headwater> {
    open_filled(bench.large, large_dir(bench), bench)
}

/// Where the small dataset is.
pub(crate) fn small_dir(bench: &Bench) -> PathBuf {
    bench.dir.join("small")
}

/// Where the large dataset is.
pub(crate) fn large_dir(bench: &Bench) -> PathBuf {
    bench.dir.join("large")
}

/// Opens a store, and fills it if it is not filled: then it is closed and opened again, so that
/// every bench meets it as a restart would leave it.
fn open_filled(dataset: Dataset, dir: PathBuf, bench: &Bench) -> anyhow::Result<Headwater> {
    if !is_filled(&dir, dataset) {
        folder::empty(&dir)?;
        let headwater = Headwater::open(&dir)?;
        bench.runtime.block_on(dataset.fill(&headwater, "headwater"))?;
        headwater.close()?;
        note_filled(&dir, dataset)?;
    }
    Headwater::open(&dir)
}

/// The file beside a folder that says which dataset is in it, written when all of it is.
fn note_of(dir: &Path) -> PathBuf {
    dir.with_extension("filled")
}

fn is_filled(dir: &Path, dataset: Dataset) -> bool {
    std::fs::read_to_string(note_of(dir)).is_ok_and(|note| note == dataset.event_count.to_string())
}

fn note_filled(dir: &Path, dataset: Dataset) -> anyhow::Result<()> {
    Ok(std::fs::write(note_of(dir), dataset.event_count.to_string())?)
}
