//! Groups as people and as programs see them. The keys are those of HTTP.

use crate::output::event_json;
use headwater_model::{Checkpoint, GroupInfo, ParkedEvent};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A row of the list of groups.
pub(super) fn row(wide: usize, cells: [&str; 6]) -> String {
    let [name, lag, out, parked, members, checkpoint] = cells;
    format!("{name:<wide$} {lag:>9} {out:>9} {parked:>7} {members:>8} {checkpoint:>11}")
}

/// Where a group has come to.
pub(super) fn checkpoint_text(checkpoint: Option<Checkpoint>) -> String {
    checkpoint.map_or_else(|| "nothing".to_owned(), |checkpoint| checkpoint.position.to_string())
}

pub(super) fn group_json(group: &GroupInfo) -> Value {
    let members: Vec<Value> = group
        .members
        .iter()
        .map(|member| {
            json!({
                "id": member.id, "name": member.name, "joined_at": member.joined_at,
                "in_flight_count": member.in_flight_count,
            })
        })
        .collect();
    json!({
        "group": group.name, "checkpoint": group.checkpoint,
        "in_flight_count": group.in_flight_count, "parked_count": group.parked_count,
        "lag_count": group.lag_count, "lag_ms": lag_ms(group),
        "delivered_count": group.delivered_count, "redelivered_count": group.redelivered_count,
        "members": members, "settings": group.settings,
    })
}

fn lag_ms(group: &GroupInfo) -> u64 {
    u64::try_from(group.lag.as_millis()).unwrap_or(u64::MAX)
}

/// A group, for a person.
pub(super) fn group_lines(group: &GroupInfo) -> String {
    let settings = &group.settings;
    let mut text = format!(
        "group       {}\ncheckpoint  {}\nlag         {} events, {} ms\nin flight   {}\n\
         parked      {}\ndelivered   {} since the store was opened, {} of them again",
        group.name,
        checkpoint_text(group.checkpoint),
        group.lag_count,
        lag_ms(group),
        group.in_flight_count,
        group.parked_count,
        group.delivered_count,
        group.redelivered_count,
    );
    let source = json!(settings.source);
    let key = json!(settings.key);
    let lines = [
        format!(
            "source      {}",
            if settings.source.items.is_empty() { "all".into() } else { source }
        ),
        format!("key         {}", key.as_str().map_or_else(|| key.to_string(), str::to_owned)),
        format!("ack wait    {} ms, {} attempts", settings.ack_wait_ms, settings.attempts_max),
        format!("lease       {} ms", settings.lease_ms),
    ];
    for line in lines {
        write!(text, "\n{line}").expect("a string takes all");
    }
    for member in &group.members {
        let (name, at, out) = (&member.name, member.joined_at, member.in_flight_count);
        write!(text, "\nmember      {name}  since {at}, holds {out}").expect("a string takes all");
    }
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// A parked event, for a person: its place and the reason below it.
pub(super) fn parked_text(parked: &ParkedEvent) -> String {
    let what = parked.event.as_ref().map_or_else(
        || "(hidden by now)".to_owned(),
        |event| format!("{}@{} {}", event.stream, event.revision, event.event_type),
    );
    let (position, attempts, held) = (parked.position, parked.attempts, parked.held_count);
    let first = format!(
        "{position:>8}  {}  {what}  {attempts} attempts, {held} behind it",
        parked.parked_at
    );
    let reason: String =
        parked.reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{first}\n          {reason}")
}

pub(super) fn parked_json(parked: &ParkedEvent) -> Value {
    json!({
        "position": parked.position, "key": parked.key, "attempts": parked.attempts,
        "reason": parked.reason, "parked_at": parked.parked_at, "held_count": parked.held_count,
        "event": parked.event.as_ref().map(event_json),
    })
}
