//! The table: what happened between two moments.

use super::sample::{Groups, Sample};
use crate::output::Printer;
use headwater_client::Address;
use serde_json::json;
use std::io;

/// What happened between two moments.
pub(super) struct Rates {
    connections: u64,
    contexts: Vec<Row>,
}

struct Row {
    context: String,
    events: u64,
    appends: f64,
    appended: f64,
    read: f64,
    delivered: f64,
    subscriptions: u64,
    groups: Option<Groups>,
}

const HEADINGS: [&str; 10] = [
    "CONTEXT",
    "EVENTS",
    "APPENDS/s",
    "EVENTS/s",
    "READ/s",
    "DELIVERED/s",
    "SUBS",
    "GROUPS",
    "LAG",
    "PARKED",
];

impl Rates {
    pub(super) fn between(before: &Sample, now: &Sample) -> Self {
        let seconds = now.at.duration_since(before.at).as_secs_f64().max(f64::MIN_POSITIVE);
        let contexts = now.contexts.iter().map(|context| {
            let name = context.name.as_str();
            let rate = |of: &str| {
                let more = now.counted.get(of, name) - before.counted.get(of, name);
                // A server that was started again counts from zero.
                more.max(0.0) / seconds
            };
            Row {
                context: name.to_owned(),
                events: context.events,
                appends: rate("headwater_appends_total"),
                appended: rate("headwater_appended_events_total"),
                read: rate("headwater_read_events_total"),
                delivered: rate("headwater_delivered_events_total"),
                subscriptions: now.counted.get("headwater_subscriptions", name) as u64,
                groups: context.groups,
            }
        });
        let contexts = contexts.collect();
        Self { connections: now.counted.get("headwater_connections", "") as u64, contexts }
    }

    /// Aligned for people, one value a context for programs.
    pub(super) fn print(&self, printer: &mut Printer, server: &Address) -> io::Result<()> {
        let connections = self.connections;
        printer.say(&format!("{server}  connections {connections}\n"))?;
        let mut lines = vec![HEADINGS.map(str::to_owned)];
        lines.extend(self.contexts.iter().map(Row::columns));
        let wide = |n: usize| lines.iter().map(|line| line[n].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..HEADINGS.len()).map(wide).collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).enumerate().map(|(n, (cell, &wide))| {
                if n == 0 { format!("{cell:<wide$}") } else { format!("{cell:>wide$}") }
            });
            printer.say(&cells.collect::<Vec<_>>().join("  "))?;
        }
        self.contexts.iter().try_for_each(|row| printer.line_for_programs(&row.json()))
    }
}

impl Row {
    fn columns(&self) -> [String; 10] {
        let of = |value: fn(Groups) -> u64| match self.groups {
            Some(groups) => value(groups).to_string(),
            None => "-".to_owned(),
        };
        [
            self.context.clone(),
            self.events.to_string(),
            per_second(self.appends),
            per_second(self.appended),
            per_second(self.read),
            per_second(self.delivered),
            self.subscriptions.to_string(),
            of(|groups| groups.count),
            of(|groups| groups.lag_max),
            of(|groups| groups.parked),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "context": self.context, "events": self.events, "appendsPerSecond": self.appends,
            "eventsPerSecond": self.appended, "readPerSecond": self.read,
            "deliveredPerSecond": self.delivered, "subscriptions": self.subscriptions,
            "groups": self.groups.map(|groups| groups.count),
            "lag": self.groups.map(|groups| groups.lag_max),
            "parked": self.groups.map(|groups| groups.parked),
        })
    }
}

/// Small rates with a digit behind the point: 0.2 is not nothing.
fn per_second(rate: f64) -> String {
    if rate == 0.0 || rate >= 10.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}
