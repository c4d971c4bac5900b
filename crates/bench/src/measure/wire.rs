//! Appends, scans and reads over the wire, beside the peers.
//!
//! Picture: in each round every side has its turn; ratios are taken within a round.
//! ```text
//!   headwater   - kurrentdb   umadb   redis   postgres   gRPC echo     × rounds
//! ```

use super::Bench;
use crate::drive::{Done, Task};
use crate::report::{Bound, Table};
use crate::timing;
use crate::wire::Sides;
use crate::wire::names::{ECHO, HEADWATER, KURRENT, REDIS, UMADB};
use std::collections::BTreeMap;

/// What one workload came to: rounds of each side.
#[derive(Default)]
struct Rounds(BTreeMap<&'static str, Vec<Done>>);

impl Rounds {
    /// Every side of `sides` does `task` in turn, in rounds.
    fn run(sides: &mut Sides, task: Task, rounds: usize, echo: bool) -> anyhow::Result<Self> {
        let mut all = Self::default();
        for _ in 0..rounds {
            let echo = echo.then_some(&mut sides.echo);
            for side in sides.all.iter_mut().chain(echo) {
                let done = side.run(task)?;
                all.0.entry(side.name).or_default().push(done);
            }
        }
        Ok(all)
    }

    fn median(&self, side: &str, figure: impl Fn(&Done) -> f64) -> f64 {
        self.0.get(side).map_or(f64::NAN, |rounds| timing::median(rounds.iter().map(figure)))
    }

    /// Headwater's throughput over that of another side, within a round.
    fn over(&self, other: &str) -> Option<f64> {
        self.of_over(HEADWATER, other)
    }

    fn of_over(&self, side: &str, other: &str) -> Option<f64> {
        let (own, other) = (self.0.get(side)?, self.0.get(other)?);
        let ratio =
            |(own, other): (&Done, &Done)| own.events_per_second() / other.events_per_second();
        Some(timing::median(own.iter().zip(other).map(ratio)))
    }

    /// The same over the best of the peers.
    fn over_best(&self) -> Option<f64> {
        let peers = self.0.keys().filter(|side| ![HEADWATER, KURRENT, ECHO].contains(side));
        peers.filter_map(|peer| self.over(peer)).reduce(f64::min)
    }
}

fn append(bench: &Bench, client_count: u64, batch_count: u64) -> Task {
    Task::Append { client_count, batch_count, ms: millis(bench) }
}

fn millis(bench: &Bench) -> u64 {
    u64::try_from(bench.budget.round.as_millis()).unwrap_or(u64::MAX)
}

/// Goals over sides that took part; one that did not is not a goal that was reached.
fn goal(table: &mut Table, what: &str, ratio: Option<f64>, least: f64) {
    match ratio {
        Some(ratio) => table.goal(what, ratio, Bound::AtLeast(least)),
        None => table.note(format!("NOT MEASURED: {what} (goal ≥ {least})")),
    }
}

fn fill_rows(table: &mut Table, sides: &Sides, columns: &[&dyn Fn(&str) -> f64]) {
    for name in sides.all.iter().map(|side| side.name).chain([ECHO]) {
        table.row(name, columns.iter().map(|column| column(name)).collect::<Vec<f64>>());
    }
    for out in &sides.left_out {
        table.note(format!("LEFT OUT: {out}"));
    }
}

/// One client and many, one event and batches.
pub(crate) fn appends(bench: &Bench) -> anyhow::Result<Table> {
    let mut sides = Sides::start(&bench.dir.join("wire"), bench.peers.as_deref())?;
    let rounds = bench.budget.round_count;
    let warm = |sides: &mut Sides| Rounds::run(sides, append(bench, 4, 1), 1, true);
    warm(&mut sides)?;
    let single = Rounds::run(&mut sides, append(bench, 1, 1), rounds, true)?;
    let many = Rounds::run(&mut sides, append(bench, 64, 1), rounds, true)?;
    let batches = Rounds::run(&mut sides, append(bench, 1, 100), rounds, false)?;
    let columns = ["1×1 events/s", "1×1 p50 µs", "64×1 events/s", "64×1 p99 µs", "1×100 events/s"];
    let mut table = Table::new("wire, append: 256-byte events, clients × events", &columns);
    let rate = |rounds: &Rounds, side: &str| rounds.median(side, Done::events_per_second);
    fill_rows(
        &mut table,
        &sides,
        &[
            &|side| rate(&single, side),
            &|side| single.median(side, |done| done.p50_us),
            &|side| rate(&many, side),
            &|side| many.median(side, |done| done.p99_us),
            &|side| rate(&batches, side),
        ],
    );
    goal(&mut table, "1 client over umadb", single.over(UMADB), 2.0);
    goal(&mut table, "1 client over the best of all", single.over_best(), 0.8);
    goal(&mut table, "64 clients over umadb", many.over(UMADB), 2.5);
    goal(&mut table, "64 clients over Redis", many.over(REDIS), 1.2);
    goal(&mut table, "64 clients over a bare gRPC echo", many.over(ECHO), 0.85);
    goal(&mut table, "batches over umadb", batches.over(UMADB), 3.0);
    goal(&mut table, "batches over Redis", batches.over(REDIS), 2.0);
    for (what, rounds) in [("1 client", &single), ("64 clients", &many), ("batches", &batches)] {
        let what = format!("{what} through KurrentDB's protocol over native");
        goal(&mut table, &what, rounds.of_over(KURRENT, HEADWATER), 0.7);
    }
    note_cpu(&mut table, "64 clients", &many);
    sides.stop()?;
    Ok(table)
}

/// A full scan, and whole streams at random.
pub(crate) fn reads(bench: &Bench) -> anyhow::Result<Table> {
    let mut sides = Sides::start(&bench.dir.join("wire"), bench.peers.as_deref())?;
    let event_count = bench.small.event_count;
    for side in sides.all.iter_mut().filter(|side| side.name != KURRENT) {
        side.run(Task::Fill { event_count })?;
    }
    let read = |client_count| {
        let stream_count = bench.small.stream_count();
        Task::Read { client_count, stream_count, ms: millis(bench) }
    };
    let rounds = bench.budget.round_count;
    Rounds::run(&mut sides, read(4), 1, false)?;
    let one = Rounds::run(&mut sides, read(1), rounds, false)?;
    let sixteen = Rounds::run(&mut sides, read(16), rounds, false)?;
    let scan = Rounds::run(&mut sides, Task::Scan, rounds, false)?;
    anyhow::ensure!(
        scan.0.values().flatten().all(|done| done.events >= event_count),
        "a scan missed events"
    );
    let columns = ["scan events/s", "1 read p50 µs", "1 events/s", "16 events/s"];
    let title = format!("wire, read: {event_count} events in streams of 10, at random");
    let mut table = Table::new(title, &columns);
    let rate = |rounds: &Rounds, side: &str| rounds.median(side, Done::events_per_second);
    fill_rows(
        &mut table,
        &sides,
        &[
            &|side| rate(&scan, side),
            &|side| one.median(side, |done| done.p50_us),
            &|side| rate(&one, side),
            &|side| rate(&sixteen, side),
        ],
    );
    goal(&mut table, "scan over umadb", scan.over(UMADB), 3.0);
    table.goal("scan events/s", rate(&scan, HEADWATER), Bound::AtLeast(1.8e6));
    goal(&mut table, "reads by 1 client over umadb", one.over(UMADB), 2.5);
    goal(&mut table, "reads by 16 clients over umadb", sixteen.over(UMADB), 4.0);
    for (what, rounds) in [("scan", &scan), ("1 reader", &one), ("16 readers", &sixteen)] {
        let what = format!("{what} through KurrentDB's protocol over native");
        goal(&mut table, &what, rounds.of_over(KURRENT, HEADWATER), 0.7);
    }
    note_cpu(&mut table, "scan", &scan);
    sides.stop()?;
    Ok(table)
}

/// What the clients themselves cost: on a small machine they and the server share its processors.
fn note_cpu(table: &mut Table, what: &str, rounds: &Rounds) {
    let cost = |side: &&'static str| {
        let each = |done: &Done| done.cpu_seconds * 1e6 / done.events as f64;
        format!("{} {:.2}", side, rounds.median(side, each))
    };
    let costs: Vec<String> = rounds.0.keys().map(cost).collect();
    table.note(format!("{what}: µs of the client's processor an event: {}", costs.join(", ")));
}
