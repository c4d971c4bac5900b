//! `headwater stream append`: facts by hand.

use super::{each, stream_name};
use crate::args::{self, Output};
use crate::output::Printer;
use crate::store;
use anyhow::Context as _;
use headwater_model::{Append, EventId, EventType, NewEvent, Tag};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::BufRead;

/// A line of standard input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default = "empty")]
    payload: Value,
    id: Option<uuid::Uuid>,
    #[serde(default)]
    tags: Vec<String>,
}

fn empty() -> Value {
    json!({})
}

pub(crate) async fn run(append: &args::Append, output: Output) -> anyhow::Result<()> {
    let stream = stream_name(&append.stream)?;
    anyhow::ensure!(
        !stream.is_system(),
        "stream {stream} is the system's; append to one of your own"
    );
    let events = if append.stdin { from_stdin()? } else { vec![from_arguments(append)?] };
    anyhow::ensure!(!events.is_empty(), "standard input has no events");
    let count = events.len();
    let context = store::context(&append.place).await?;
    let appended = context.append(Append::to(stream.clone(), append.expect, events)).await?;
    let revision = appended.revisions.first().copied().flatten();
    let (position, revision) = appended
        .position
        .zip(revision)
        .context("the store took the events but named no place for them")?;
    let again = if appended.replayed { ", as it had been before" } else { "" };
    let events = if count == 1 { "event".to_owned() } else { format!("{count} events") };
    let mut printer = Printer::new(output);
    printer.line(
        &format!(
            "{events} appended: {stream} is at revision {revision}, position {position}{again}"
        ),
        &json!({
            "stream": stream, "revision": revision, "position": position,
            "replayed": appended.replayed,
        }),
    )?;
    Ok(printer.flush()?)
}

fn from_arguments(append: &args::Append) -> anyhow::Result<NewEvent> {
    let payload: Value = serde_json::from_str(&append.payload)
        .with_context(|| format!("--payload {} is no JSON", append.payload))?;
    let event_type = append.event_type.clone().context("--type is missing")?;
    new_event(Line { event_type, payload, id: append.id, tags: append.tags.clone() })
}

fn from_stdin() -> anyhow::Result<Vec<NewEvent>> {
    let lines = std::io::stdin().lock().lines().enumerate();
    let parsed = lines.map(|(n, line)| {
        let line = line?;
        let parse = || new_event(serde_json::from_str(&line)?);
        parse().with_context(|| format!("line {} of standard input", n + 1))
    });
    parsed.collect()
}

fn new_event(line: Line) -> anyhow::Result<NewEvent> {
    let id = EventId(line.id.unwrap_or_else(uuid::Uuid::now_v7));
    let payload = serde_json::to_vec(&line.payload)?;
    let mut event = NewEvent::json(id, EventType::new(line.event_type)?, payload);
    event.tags = each(&line.tags, Tag::new)?;
    Ok(event)
}
