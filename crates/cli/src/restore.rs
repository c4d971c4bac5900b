//! `headwater restore`: from a backup to a new data directory.

use crate::args::{Output, Restore as Arguments};
use crate::bar::Bar;
use crate::output::Printer;
use anyhow::Context as _;
use headwater_backup::{Archive, Restore, RestoredContext, To, restore};
use headwater_env::{Disk, OsDisk, OsEntropy, SystemClock};
use headwater_model::ContextName;
use headwater_store::{Environment, Options};
use indicatif::HumanBytes;
use serde_json::json;
use std::sync::Arc;

pub(crate) fn run(asked: &Arguments, output: Output) -> anyhow::Result<()> {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk::new());
    let archive = Archive::open(&disk, &asked.from)?;
    let manifest = archive.pick(asked.manifest.as_deref())?;
    let contexts = asked.contexts.iter().map(|name| ContextName::new(name.clone()));
    let contexts = contexts.collect::<Result<Vec<_>, _>>().context("--context")?;
    let named = contexts.len().max(if contexts.is_empty() { manifest.contexts.len() } else { 0 });
    let to = match (asked.to_position, asked.to_time) {
        // A position means something in one context only.
        (Some(_), _) if named != 1 => {
            anyhow::bail!("--to-position is a place of one context: name it with --context")
        }
        (Some(position), _) => To::Position(position),
        (None, Some(instant)) => To::Time(instant),
        (None, None) => To::End,
    };
    let bar = Bar::bytes("restoring");
    let restoring = Restore {
        archive: &archive,
        manifest: &manifest,
        contexts: &contexts,
        to,
        environment: Environment {
            disk,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        },
        options: Options::default(),
        progress: &bar,
    };
    let restored = restore(&restoring, &asked.data);
    bar.clear();
    let mut printer = Printer::new(output);
    for context in &restored? {
        print(&mut printer, context)?;
    }
    let data = asked.data.display();
    printer.say(&format!(
        "restored from backup {} and verified; a reader that had come further is told so\n\n  headwater server --data {data}",
        manifest.id
    ))?;
    Ok(printer.flush()?)
}

fn print(printer: &mut Printer, context: &RestoredContext) -> std::io::Result<()> {
    let RestoredContext { name, last_position, cut_count, incarnation, bytes, .. } = context;
    let last = last_position.map_or("no event".to_owned(), |last| format!("position {last}"));
    let mut text =
        format!("{name}  up to {last}, {}; incarnation {}", HumanBytes(*bytes), incarnation.0);
    if *cut_count > 0 {
        text.push_str(&format!("; {cut_count} events behind it were cut off"));
    }
    if context.commit_was_cut {
        text.push_str(
            "\n  the event asked for was written together with later ones: all of that commit was cut off",
        );
    }
    printer.line(
        &text,
        &json!({
            "context": name, "lastPosition": last_position, "cutEvents": cut_count,
            "commitWasCut": context.commit_was_cut, "incarnation": incarnation, "bytes": bytes,
        }),
    )
}
