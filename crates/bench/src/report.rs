//! The report: tables for people, JSON for machines, and whether each goal is reached.

use serde::Serialize;
use std::fmt;

/// All that was measured.
#[derive(Serialize, Debug, Default)]
pub(crate) struct Report {
    /// In the order measured.
    pub(crate) tables: Vec<Table>,
}

/// One bench.
#[derive(Serialize, Debug)]
pub(crate) struct Table {
    /// What was measured, and how.
    pub(crate) title: String,
    /// Figures of each side, with their units.
    pub(crate) columns: Vec<&'static str>,
    /// Side by side.
    pub(crate) rows: Vec<Row>,
    /// What was to be reached.
    pub(crate) goals: Vec<Goal>,
    /// What a reader of the figures should know.
    pub(crate) notes: Vec<String>,
}

/// One side's figures; `NaN` where it has none.
#[derive(Serialize, Debug)]
pub(crate) struct Row {
    /// Who.
    pub(crate) side: String,
    /// One for each column.
    pub(crate) values: Vec<f64>,
}

/// A figure with its goal.
#[derive(Serialize, Debug)]
pub(crate) struct Goal {
    /// What it is about.
    pub(crate) what: String,
    /// What was measured.
    pub(crate) value: f64,
    /// What was to be reached.
    pub(crate) bound: Bound,
    /// Whether it was.
    pub(crate) reached: bool,
}

/// From which side a goal is approached.
#[derive(Serialize, Clone, Copy, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// Less is better.
    AtMost(f64),
    /// More is better.
    AtLeast(f64),
}

impl Table {
    /// An empty table.
    pub(crate) fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        let (rows, goals, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { title: title.into(), columns: columns.to_vec(), rows, goals, notes }
    }

    /// Adds one side's figures.
    pub(crate) fn row(&mut self, side: impl Into<String>, values: impl Into<Vec<f64>>) {
        self.rows.push(Row { side: side.into(), values: values.into() });
    }

    /// Adds a figure that has a goal.
    pub(crate) fn goal(&mut self, what: impl Into<String>, value: f64, bound: Bound) {
        let reached = match bound {
            Bound::AtMost(most) => value <= most,
            Bound::AtLeast(least) => value >= least,
        };
        self.goals.push(Goal { what: what.into(), value, bound, reached });
    }

    /// Adds a remark.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl Report {
    /// Goals reached, and all goals.
    pub(crate) fn score(&self) -> (usize, usize) {
        let goals = || self.tables.iter().flat_map(|table| &table.goals);
        (goals().filter(|goal| goal.reached).count(), goals().count())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.title)?;
        write!(f, "  {:<12}", "")?;
        self.columns.iter().try_for_each(|column| write!(f, " {column:>16}"))?;
        writeln!(f)?;
        for Row { side, values } in &self.rows {
            write!(f, "  {side:<12}")?;
            values.iter().try_for_each(|value| write!(f, " {:>16}", figure(*value)))?;
            writeln!(f)?;
        }
        for Goal { what, value, bound, reached } in &self.goals {
            let mark = if *reached { "✔" } else { "✘" };
            writeln!(f, "  {mark} {what}: {} (goal {bound})", figure(*value))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  · {note}"))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {}", figure(*most)),
            Self::AtLeast(least) => write!(f, "≥ {}", figure(*least)),
        }
    }
}

/// A number with as many digits as mean something, and its thousands apart.
fn figure(value: f64) -> String {
    match value {
        value if value.is_nan() => "–".to_owned(),
        value if value.abs() >= 1_000.0 => thousands(&format!("{value:.0}")),
        value if value.abs() >= 100.0 => format!("{value:.0}"),
        value if value.abs() >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_the_digits_that_mean_something() {
        assert_eq!(figure(1.234), "1.23");
        assert_eq!(figure(12.34), "12.3");
        assert_eq!(figure(1_234_567.8), "1,234,568");
        assert_eq!(figure(f64::NAN), "–");
    }

    #[test]
    fn a_goal_is_reached_from_its_own_side() {
        let mut table = Table::new("t", &[]);
        table.goal("latency", 1.2, Bound::AtMost(1.25));
        table.goal("events", 0.7, Bound::AtLeast(0.8));
        let reached: Vec<bool> = table.goals.iter().map(|goal| goal.reached).collect();
        assert_eq!(reached, [true, false]);
    }
}
