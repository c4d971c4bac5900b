//! `headwater scavenge`: the room of what is hidden, given back.
//!
//! Why a bar and a wait: it takes minutes, and the person at it wants to know how many. With a
//! server it goes on there also if this command is ended; with a directory it ends with it, and the
//! next one goes on.

use crate::args::{Output, Scavenge};
use crate::exit::NotFound;
use crate::output::Printer;
use crate::store::existing_context;
use headwater_model::{ScavengeAsked, ScavengeError, ScavengePhase, ScavengeProgress};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::time::Duration;

/// How often it is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

const MIB: u64 = 1_024 * 1_024;

pub(crate) async fn run(arguments: &Scavenge, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    let context = existing_context(&arguments.place).await?;
    let port = context.scavenge().ok_or_else(|| {
        NotFound(format!("context {} has no files of its own to scavenge", context.context()))
    })?;
    if arguments.status {
        return shown(&mut printer, &port.scavenge_progress().await?);
    }
    if arguments.stop {
        return shown(&mut printer, &port.stop_scavenge().await?);
    }
    let asked = ScavengeAsked {
        bytes_per_second_max: arguments.throttle.saturating_mul(MIB),
        freed_percent_min: arguments.least,
    };
    match port.start_scavenge(asked).await {
        // Whoever began it, this one is told how it goes.
        Ok(_) | Err(ScavengeError::UnderWay) => {}
        Err(cause) => return Err(cause.into()),
    }
    let bar = bar();
    let mut told = None;
    let done = loop {
        let progress = port.scavenge_progress().await?;
        if !progress.phase.is_under_way() {
            break progress;
        }
        bar.set_length(progress.segments_total);
        bar.set_position(progress.segments_done);
        bar.set_message(message(&progress));
        if told != Some(progress.segments_done) {
            printer.line_for_programs(&value(&progress))?;
            printer.flush()?;
            told = Some(progress.segments_done);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    bar.finish_and_clear();
    shown(&mut printer, &done)?;
    match done.phase {
        ScavengePhase::Failed { why } => Err(anyhow::anyhow!("the scavenge ended early: {why}")),
        _ => Ok(()),
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "{spinner} segment {pos} of {len}  {bar:24} {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn message(progress: &ScavengeProgress) -> String {
    let freed = HumanBytes(progress.bytes_freed);
    match progress.left_ms {
        Some(left) => format!("{freed} freed · {} s left", left.div_ceil(1_000)),
        None => format!("{freed} freed"),
    }
}

fn shown(printer: &mut Printer, progress: &ScavengeProgress) -> anyhow::Result<()> {
    printer.line(&text(progress), &value(progress))?;
    Ok(printer.flush()?)
}

fn text(progress: &ScavengeProgress) -> String {
    let phase = match &progress.phase {
        ScavengePhase::Idle => return "none was asked for since the context was opened".to_owned(),
        ScavengePhase::Releasing => "finding what is hidden",
        ScavengePhase::Rewriting => "writing segments anew",
        ScavengePhase::Done => "done",
        ScavengePhase::Stopped => "stopped",
        ScavengePhase::Failed { .. } => "failed",
    };
    format!(
        "{phase} · {} freed, {} events removed, {} of {} segments written anew",
        HumanBytes(progress.bytes_freed),
        HumanCount(progress.events_removed),
        HumanCount(progress.segments_rewritten),
        HumanCount(progress.segments_done),
    )
}

fn value(progress: &ScavengeProgress) -> Value {
    json!({ "scavenge": progress })
}
