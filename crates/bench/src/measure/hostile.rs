//! Honest clients beside those who send malformed frames.
//!
//! Why a bounded number of frames: vandals, honest clients and the server share the processors here. Who
//! sends without bound on the same machine takes processor time before the server sees anything.
//!
//! In each round 16 writers append without the vandals, then beside them. What a frame costs the server is
//! measured by itself, without anybody else.

use super::Bench;
use crate::drive::{Done, Task};
use crate::report::{Bound, Table};
use crate::timing;
use crate::wire::{Driver, Vandals, started};

/// Frames a second beside the honest: a million in a minute and a half.
const FRAMES_PER_SECOND: u64 = 12_000;

/// More than can be sent.
const WITHOUT_BOUND: u64 = 1_000_000_000;

/// The rate of honest clients beside vandals, over that without them.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let (server, address) = started(&bench.dir.join("hostile"))?;
    let mut honest = Driver::own("drive-headwater", &address)?;
    let ms = u64::try_from(bench.budget.round.as_millis()).unwrap_or(u64::MAX);
    let append = Task::Append { client_count: 16, batch_count: 1, ms };
    honest.run(append)?;
    let (mut alone, mut beside, mut flooded) = (Vec::new(), Vec::new(), Vec::new());
    let mut rates = Vec::new();
    for _ in 0..bench.budget.round_count {
        alone.push(honest.run(append)?);
        let vandals = Vandals::start(&bench.runtime, &address, FRAMES_PER_SECOND);
        beside.push(honest.run(append)?);
        rates.push(vandals.stop(&bench.runtime)?.1);
        let vandals = Vandals::start(&bench.runtime, &address, WITHOUT_BOUND);
        flooded.push(honest.run(append)?);
        vandals.stop(&bench.runtime)?;
    }
    let before = server.cpu_seconds()?;
    let vandals = Vandals::start(&bench.runtime, &address, WITHOUT_BOUND);
    std::thread::park_timeout(bench.budget.round * 2);
    let (frames, flood) = vandals.stop(&bench.runtime)?;
    let each = (server.cpu_seconds()? - before) * 1e6 / frames as f64;
    honest.stop()?;
    server.kill()?;
    let mut table =
        Table::new("hostile: 16 writers beside malformed frames", &["events/s", "p99 µs"]);
    let median =
        |rounds: &[Done], figure: fn(&Done) -> f64| timing::median(rounds.iter().map(figure));
    let beside_name = format!("{:.0} frames/s", timing::median(rates));
    for (name, rounds) in
        [("alone", &alone), (beside_name.as_str(), &beside), ("as many as can be", &flooded)]
    {
        let rate = median(rounds, Done::events_per_second);
        table.row(name, [rate, median(rounds, |done| done.p99_us)]);
    }
    let ratios = beside.iter().zip(&alone);
    let ratios = ratios.map(|(one, other)| one.events_per_second() / other.events_per_second());
    table.goal(
        "honest appends beside them over alone",
        timing::median(ratios),
        Bound::AtLeast(0.9),
    );
    table.note(format!(
        "alone with them the server took {each:.1} µs of processor a frame, at {flood:.0} frames/s"
    ));
    table.note(
        "as many as can be: vandals, honest clients and the server share the same processors",
    );
    Ok(table)
}
