//! The room of what is hidden, given back: begun, looked at, stopped.

use super::ask::Ask;
use super::json::{number, read_object};
use super::param::CONTEXT;
use super::problem::Problem;
use super::route::{DELETE, GET, POST, Route};
use super::stream::fresh;
use axum::response::Response;
use headwater_access::Verb;
use headwater_model::{
    EventStore, ReadError, Scavenge, ScavengeAsked, ScavengeError, ScavengePhase, ScavengeProgress,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a scavenge is to be made. What is not said is as usual.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Scavenge")]
pub(super) struct AskedScavenge {
    /// Bytes read and written in a second, at most; as usual 32 MiB.
    #[serde(deserialize_with = "number")]
    #[schemars(with = "u64", range(min = 1))]
    bytes_per_second_max: Option<u64>,
    /// A segment is written anew if at least so many percent of it become free; as usual 5.
    #[serde(deserialize_with = "number")]
    #[schemars(with = "u8", range(max = 100))]
    freed_percent_min: Option<u8>,
}

/// How far a scavenge has come.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScavengeProgress")]
pub(super) struct ShownScavenge {
    /// `idle`, `releasing`, `rewriting`, `done`, `stopped` or `failed`.
    phase: &'static str,
    /// Why it failed.
    why: Option<String>,
    /// Segments that may hold something to remove.
    segments_total: u64,
    /// How many of them were looked at.
    segments_done: u64,
    /// How many of those were written anew.
    segments_rewritten: u64,
    /// Streams of which events were released.
    streams_released: u64,
    /// Events that were removed.
    events_removed: u64,
    /// Bytes that were read from segments.
    bytes_read: u64,
    /// Bytes that were written to segments.
    bytes_written: u64,
    /// Bytes by which the segments became smaller.
    bytes_freed: u64,
    /// Milliseconds that it has taken.
    took_ms: u64,
    /// Milliseconds that it will take; `null`: it is not under way, or that is not known.
    left_ms: Option<u64>,
}

impl From<ScavengeProgress> for ShownScavenge {
    fn from(progress: ScavengeProgress) -> Self {
        let (phase, why) = match progress.phase {
            ScavengePhase::Idle => ("idle", None),
            ScavengePhase::Releasing => ("releasing", None),
            ScavengePhase::Rewriting => ("rewriting", None),
            ScavengePhase::Done => ("done", None),
            ScavengePhase::Stopped => ("stopped", None),
            ScavengePhase::Failed { why } => ("failed", Some(why)),
        };
        Self {
            phase,
            why,
            segments_total: progress.segments_total,
            segments_done: progress.segments_done,
            segments_rewritten: progress.segments_rewritten,
            streams_released: progress.streams_released,
            events_removed: progress.events_removed,
            bytes_read: progress.bytes_read,
            bytes_written: progress.bytes_written,
            bytes_freed: progress.bytes_freed,
            took_ms: progress.took_ms,
            left_ms: progress.left_ms,
        }
    }
}

/// Every route, with its description.
pub(super) fn all() -> Vec<Route> {
    const ONE: &str = "/v1/contexts/{context}/scavenge";
    vec![
        Route::new(GET, ONE, &[CONTEXT], show)
            .says("How far the scavenge under way has come, or how the last one ended")
            .answers::<ShownScavenge>(StatusCode::OK),
        Route::new(POST, ONE, &[CONTEXT], start)
            .says("Gives the room of what nobody can read any more back, or goes on with that")
            .may_take::<AskedScavenge>()
            .answers::<ShownScavenge>(StatusCode::ACCEPTED),
        Route::new(DELETE, ONE, &[CONTEXT], stop)
            .says("Stops the scavenge under way; the next one goes on where it was")
            .answers::<ShownScavenge>(StatusCode::OK),
    ]
}

/// A context that whoever asks may scavenge.
struct Scavenged(Arc<dyn EventStore>);

impl Scavenged {
    async fn of(ask: &Ask) -> Result<Self, Problem> {
        let context = ask.context().await?;
        ask.caller.may_in(Verb::Manage, context.context()).map_err(ReadError::Denied)?;
        Ok(Self(context))
    }

    fn port(&self) -> Result<&dyn Scavenge, Problem> {
        let none = || ScavengeError::NotHere { why: "it has no files of its own here".to_owned() };
        Ok(self.0.scavenge().ok_or_else(none)?)
    }
}

async fn start(ask: Ask) -> Result<Response, Problem> {
    let context = Scavenged::of(&ask).await?;
    let body = ask.body().await?;
    let asked: AskedScavenge =
        if body.bytes.is_empty() { AskedScavenge::default() } else { read_object(&body.bytes)? };
    let usual = ScavengeAsked::default();
    let asked = ScavengeAsked {
        bytes_per_second_max: asked.bytes_per_second_max.unwrap_or(usual.bytes_per_second_max),
        freed_percent_min: asked.freed_percent_min.unwrap_or(usual.freed_percent_min),
    };
    let progress = context.port()?.start_scavenge(asked).await?;
    let mut response = fresh(&ShownScavenge::from(progress));
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

async fn show(ask: Ask) -> Result<Response, Problem> {
    let context = Scavenged::of(&ask).await?;
    Ok(fresh(&ShownScavenge::from(context.port()?.scavenge_progress().await?)))
}

async fn stop(ask: Ask) -> Result<Response, Problem> {
    let context = Scavenged::of(&ask).await?;
    Ok(fresh(&ShownScavenge::from(context.port()?.stop_scavenge().await?)))
}
