//! The note that `headwater dev` leaves while it runs: which services answer where.
//!
//! Why: with `--any-port` nobody knows the addresses but `dev` itself, and whoever sees to a parked
//! input at three in the morning does not want to look for them.

use crate::exit::NotFound;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
struct Note {
    process: u32,
    services: BTreeMap<String, String>,
}

/// A running `headwater dev`: dropped, its note is gone.
pub(crate) struct RunningDev {
    file: PathBuf,
}

fn file(data: &Path) -> PathBuf {
    data.join("dev.json")
}

impl RunningDev {
    /// Leaves the note. The store is locked by now, so there is no other `dev` to contradict it.
    pub(crate) fn note(data: &Path, services: &[(String, String)]) -> anyhow::Result<Self> {
        let note =
            Note { process: std::process::id(), services: services.iter().cloned().collect() };
        let file = file(data);
        std::fs::write(&file, serde_json::to_vec_pretty(&note)?)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(Self { file })
    }
}

impl Drop for RunningDev {
    fn drop(&mut self) {
        // A note that stays behind names a process that does not answer, and that is told.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// The services of the `dev` that runs over this data: names and URLs.
pub(super) fn services(data: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let file = file(data);
    let text = match std::fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let data = data.display();
            return Err(NotFound(format!(
                "no `headwater dev` runs over {data}; start it, or name a service with \
                 --service http://127.0.0.1:8081"
            ))
            .into());
        }
        Err(error) => return Err(error).with_context(|| format!("{}", file.display())),
    };
    let note: Note =
        serde_json::from_slice(&text).with_context(|| format!("{}", file.display()))?;
    Ok(note.services)
}
