//! Parked inputs as people see them: a table, and under each row the reason.

use super::asking::Service;
use super::{named, text};
use serde_json::Value;

/// A parked input of a service.
pub(super) struct Row {
    value: Value,
}

/// A line for people, and the same for programs.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) value: Value,
}

impl Row {
    pub(super) fn new(service: &Service, input: Value) -> Self {
        Self { value: named(service, input) }
    }

    pub(super) fn text(&self, name: &str) -> &str {
        text(&self.value[name])
    }
}

/// The columns: a heading, and where a row has it.
const COLUMNS: [(&str, &str); 4] =
    [("SERVICE", "service"), ("READER", "reader"), ("EVENT", "event"), ("SINCE", "parkedAt")];

/// One line for each row, aligned, the headings above the first.
pub(super) fn table(rows: &[Row]) -> Vec<Line> {
    let width = |(heading, name): &(&str, &str)| {
        let longest = rows.iter().map(|row| row.text(name).chars().count()).max();
        longest.unwrap_or(0).max(heading.len())
    };
    let widths = COLUMNS.each_ref().map(width);
    let line = |cells: [&str; 4], last: &str| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  "));
        format!("{}{last}", cells.collect::<String>())
    };
    let heading = line(COLUMNS.map(|(heading, _)| heading), "WHAT");
    let lines = rows.iter().enumerate().map(|(n, row)| {
        let cells = line(COLUMNS.map(|(_, name)| row.text(name)), &what(&row.value));
        let (why, code) = (row.text("why"), row.text("code"));
        let above = if n == 0 { format!("{heading}\n") } else { String::new() };
        Line { text: format!("{above}{cells}\n    {why} ({code})"), value: row.value.clone() }
    });
    lines.collect()
}

/// A parked input in one line: which reader, which event, what it is.
pub(super) fn row(input: &Value) -> String {
    format!("{}  {}  {}", text(&input["reader"]), text(&input["event"]), what(input))
}

/// `CreditReserved customers/customer-8f3a@2`.
fn what(input: &Value) -> String {
    let (kind, source) = (text(&input["type"]), text(&input["source"]));
    format!("{kind} {source}/{}@{}", text(&input["stream"]), input["revision"])
}
