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
use headwater_env::{DirLock, Disk, DiskError, OsDisk};
use headwater_model::{ContextName, Corrupt, Unavailable};
use headwater_store::EmbeddedStore;
use headwater_store::verify::{Report, verify};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn run(arguments: &Verify, output: Output) -> anyhow::Result<()> {
    let root = store_directory(&arguments.directory);
    if !root.is_dir() {
        let shown = arguments.directory.display();
        return Err(NotFound(format!("{shown} has no store to verify")).into());
    }
    let store = EmbeddedStore::open(&root)?;
    let disk: Arc<dyn Disk> = Arc::new(OsDisk::new());
    let mut printer = Printer::new(output);
    let mut damaged = 0;
    let names = store.context_names()?;
    let wide = names.iter().map(|name| name.as_str().len()).max().unwrap_or(0);
    for name in &names {
        let directory = store.context_dir(name);
        let progress = progress(name);
        let _lock = hold(&*disk, &directory)?;
        let report = verify(&disk, &directory)?;
        progress.finish_and_clear();
        damaged += report.damage().count();
        print(&mut printer, name, wide, &report)?;
        printer.flush()?;
    }
    if damaged > 0 {
        return Err(Damaged(damaged).into());
    }
    printer.say(match names.len() {
        0 => "there is no context yet: nothing to verify",
        _ => "every byte is what was written",
    })?;
    Ok(printer.flush()?)
}

/// Keeps others from writing meanwhile: what is half written looks torn.
fn hold(disk: &dyn Disk, context: &Path) -> Result<Option<DirLock>, Unavailable> {
    let owner = format!("headwater verify, process {}", std::process::id());
    match disk.lock(&context.join("journal").join("lock"), &owner) {
        Ok(lock) => Ok(Some(lock)),
        Err(locked @ DiskError::Locked { .. }) => Err(locked.into()),
        // A copy on a medium that cannot be written has no other writer either.
        Err(_) => Ok(None),
    }
}

fn progress(name: &ContextName) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(format!("verifying {name}"));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} · {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn print(
    printer: &mut Printer,
    name: &ContextName,
    wide: usize,
    report: &Report,
) -> std::io::Result<()> {
    let segments = &report.journal.segments;
    let bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let torn: u64 = segments.iter().map(|segment| segment.torn_bytes).sum();
    let verdict = if report.is_sound() { "sound" } else { "DAMAGED" };
    printer.line(
        &format!(
            "{:<wide$}  {verdict} · {} in {}, {}, {}, {}",
            name.as_str(),
            count(report.event_count, "event"),
            count(report.stream_count, "stream"),
            count(report.commit_count, "commit"),
            count(segments.len() as u64, "segment"),
            HumanBytes(bytes),
        ),
        &json!({
            "context": name, "sound": report.is_sound(), "events": report.event_count,
            "streams": report.stream_count, "commits": report.commit_count,
            "checkpoints": report.checkpoint_count, "segments": segments.len(), "bytes": bytes,
            "tornBytes": torn, "removed": report.removed_count,
            "bytesFreed": report.bytes_freed(), "indexed": report.indexed_count,
            "damage": report.damage().map(damage_json).collect::<Vec<_>>(),
        }),
    )?;
    if torn > 0 {
        printer.say(&format!(
            "  {torn} bytes behind the end were never acknowledged; the next opening cuts them"
        ))?;
    }
    if report.removed_count > 0 {
        printer.say(&format!(
            "  {} removed by scavenging, which freed {}",
            count(report.removed_count, "event"),
            HumanBytes(report.bytes_freed()),
        ))?;
    }
    for damage in report.damage() {
        printer.say(&format!("  {} at byte {}: {}", damage.file, damage.at, damage.why))?;
    }
    Ok(())
}

/// `1 event`, `2 events`.
fn count(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", HumanCount(count)) }
}

fn damage_json(damage: &Corrupt) -> Value {
    json!({ "file": damage.file, "at": damage.at, "why": damage.why })
}
