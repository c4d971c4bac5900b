//! `headwater verify`: is every byte what was written?
//!
//! Why: on a bad day one question comes first. It is answered by parsers that share no code with
//! those who wrote the files, for every context, to the end, whatever is found on the way.
//!
//! Not here: repair. What is damaged is named, and comes back from a backup.

use crate::args::{Output, Verify};
use crate::exit::{Damaged, NotFound};
use crate::output::Printer;
use crate::store::store_directory;
use headwater_env::{Disk, DiskError, OsDisk};
use headwater_model::{ContextName, Corrupt, Unavailable};
use headwater_store::{EmbeddedStore, verify};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::Path;

pub(crate) fn run(arguments: &Verify, output: Output) -> anyhow::Result<()> {
    let root = store_directory(&arguments.directory);
    if !root.is_dir() {
        let shown = arguments.directory.display();
        return Err(NotFound(format!("{shown} has no store to verify")).into());
    }
    let store = EmbeddedStore::open(&root)?;
    let disk = OsDisk::new();
    let progress = progress();
    let mut printer = Printer::new(output);
    let mut damaged = 0;
    for name in store.context_names()? {
        progress.set_message(format!("verifying {name}"));
        progress.tick();
        let (shown, damage) = context(&disk, &name, &store.context_dir(&name))?;
        damaged += damage.len();
        progress.suspend(|| print(&mut printer, &name, &shown, &damage))?;
    }
    progress.finish_and_clear();
    if damaged > 0 { Err(Damaged(damaged).into()) } else { Ok(()) }
}

fn progress() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {msg} · {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar
}
