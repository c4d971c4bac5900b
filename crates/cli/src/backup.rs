//! `headwater backup`: taken, listed, verified, forgotten.
//!
//! Why: what is taken is kept on the disk of who takes it; the server only sends bytes. So a backup
//! of a server on another machine is on this one, where it should be.

use crate::args::{Backup, BackupCommand, Backups, Output, Prune, VerifyBackups};
use crate::bar::Bar;
use crate::exit::{DamagedBackup, NoSuchContext, NotFound};
use crate::output::Printer;
use crate::store::all_contexts;
use headwater_backup::{Archive, Manifest, Take, check, prune};
use headwater_env::{Disk, OsDisk, SystemClock};
use headwater_model::{ContextName, EventStore};
use indicatif::HumanBytes;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

pub(crate) async fn run(backup: &Backup, output: Output) -> anyhow::Result<()> {
    match (&backup.command, &backup.to) {
        (Some(BackupCommand::Ls(asked)), _) => list(asked, output),
        (Some(BackupCommand::Verify(asked)), _) => verify(asked, output),
        (Some(BackupCommand::Prune(asked)), _) => forget(asked, output),
        (None, Some(to)) => take(backup, to, output).await,
        (None, None) => Err(NotFound("no directory was named".to_owned()).into()),
    }
}

fn disk() -> Arc<dyn Disk> {
    Arc::new(OsDisk::new())
}

async fn take(backup: &Backup, to: &Path, output: Output) -> anyhow::Result<()> {
    let contexts = all_contexts(&backup.data.data, backup.server.as_ref()).await?;
    let names = contexts.names().await?;
    let asked = match backup.contexts.is_empty() {
        true => names.clone(),
        false => {
            let asked = backup.contexts.iter().map(|name| ContextName::new(name.clone()));
            asked.collect::<Result<Vec<_>, _>>()?
        }
    };
    let mut opened: Vec<Arc<dyn EventStore>> = Vec::new();
    for name in asked {
        if !names.contains(&name) {
            return Err(NoSuchContext::of(name, names).into());
        }
        opened.push(contexts.context(name).await?);
    }
    let archive = Archive::open_or_make(&disk(), to)?;
    let bar = Bar::bytes("copying");
    let source = match &backup.server {
        Some(server) => server.to_string(),
        None => backup.data.data.display().to_string(),
    };
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let by = format!("{user}, process {}", std::process::id());
    let take = Take { archive: &archive, by, source, clock: &SystemClock, progress: &bar };
    let taken = take.contexts(&opened).await;
    bar.clear();
    let taken = taken?;
    let mut printer = Printer::new(output);
    for context in &taken.manifest.contexts {
        let last = context.last_position.map_or("nothing".to_owned(), |last| last.to_string());
        printer.say(&format!("{}  up to position {last}", context.name))?;
    }
    let (manifest, copied) = (&taken.manifest, taken.copied_bytes);
    let (whole, new) = (HumanBytes(manifest.bytes()), HumanBytes(copied));
    printer.line(
        &format!("backup {}: {whole}, of which {new} were new", manifest.id),
        &json!({
            "id": manifest.id, "bytes": manifest.bytes(), "copiedBytes": copied,
            "contexts": contexts_json(manifest),
        }),
    )?;
    Ok(printer.flush()?)
}

fn contexts_json(manifest: &Manifest) -> Vec<serde_json::Value> {
    let context = |context: &headwater_backup::ContextCopy| {
        json!({
            "context": context.name, "lastPosition": context.last_position,
            "lastRecordedAt": context.last_recorded_at, "bytes": context.bytes(),
            "incarnation": context.incarnations.last().map(|(incarnation, _)| incarnation),
        })
    };
    manifest.contexts.iter().map(context).collect()
}

fn list(asked: &Backups, output: Output) -> anyhow::Result<()> {
    let archive = Archive::open(&disk(), &asked.directory)?;
    let mut printer = Printer::new(output);
    for id in archive.ids()? {
        let manifest = archive.manifest(&id)?;
        let names: Vec<_> = manifest.contexts.iter().map(|c| c.name.as_str()).collect();
        printer.line(
            &format!(
                "{id}  {}  {:>10}  {}",
                manifest.begun_at,
                HumanBytes(manifest.bytes()).to_string(),
                names.join(" ")
            ),
            &json!({
                "id": id, "begunAt": manifest.begun_at, "endedAt": manifest.ended_at,
                "by": manifest.by, "source": manifest.source, "bytes": manifest.bytes(),
                "contexts": contexts_json(&manifest),
            }),
        )?;
    }
    Ok(printer.flush()?)
}

fn verify(asked: &VerifyBackups, output: Output) -> anyhow::Result<()> {
    let archive = Archive::open(&disk(), &asked.backups.directory)?;
    let bar = Bar::bytes("verifying");
    let checked = check(&archive, asked.manifest.as_deref(), &bar);
    bar.clear();
    let checked = checked?;
    let mut printer = Printer::new(output);
    let damage = checked.damage.iter();
    let damage = damage.map(|d| json!({ "file": d.file, "at": d.at, "why": d.why }));
    let backups = checked.backups.iter().map(|(id, n)| json!({ "id": id, "events": n }));
    printer.line(
        &format!(
            "{} in {} pieces, {}",
            count(checked.backups.len(), "backup"),
            checked.piece_count,
            HumanBytes(checked.bytes)
        ),
        &json!({
            "backups": backups.collect::<Vec<_>>(), "pieces": checked.piece_count,
            "bytes": checked.bytes, "unused": checked.unused_count,
            "damage": damage.collect::<Vec<_>>(),
        }),
    )?;
    if checked.unused_count > 0 {
        let what = count(checked.unused_count, "piece");
        printer.say(&format!("  {what} of no backup; `headwater backup prune` removes them"))?;
    }
    for damage in &checked.damage {
        printer.say(&format!("  {damage}"))?;
    }
    if checked.damage.is_empty() {
        printer.say("every byte is what was written")?;
    }
    printer.flush()?;
    match checked.damage.len() {
        0 => Ok(()),
        places => Err(DamagedBackup(places).into()),
    }
}

fn forget(asked: &Prune, output: Output) -> anyhow::Result<()> {
    let archive = Archive::open(&disk(), &asked.backups.directory)?;
    let pruned = prune(&archive, asked.keep)?;
    let mut printer = Printer::new(output);
    printer.line(
        &format!(
            "{} forgotten, {} kept; {} freed",
            count(pruned.forgotten.len(), "backup"),
            pruned.kept.len(),
            HumanBytes(pruned.bytes)
        ),
        &json!({
            "forgotten": pruned.forgotten, "kept": pruned.kept, "pieces": pruned.piece_count,
            "bytes": pruned.bytes,
        }),
    )?;
    Ok(printer.flush()?)
}

fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
