//! Subscriptions that wait: what they cost a server.
//!
//! Why: thousands of services subscribe, and mostly nothing concerns them.
//!
//! Each waits for a stream of its own, while others are written to.

use super::Bench;
use crate::child::Running;
use crate::drive::Task;
use crate::report::{Bound, Table};
use crate::wire::{Crowd, Driver, readers, started};

/// As many subscriptions as the goal is about; a connection carries a thousand.
const MANY: Crowd = Crowd { connection_count: 10, each: 1_000 };

/// As many connections as a server takes beside others, with one subscription each.
const ALONE: Crowd = Crowd { connection_count: 2_000, each: 1 };

/// Tails over HTTP/1.1: each is a connection.
const TAIL_COUNT: u64 = 500;

/// What a server may hold with ten thousand idle subscriptions, in MiB.
const GOAL_MEBIBYTES: f64 = 256.0;

/// What the server holds before and after.
struct Held {
    before: f64,
    after: f64,
    count: u64,
}

/// Resident MiB of servers with idle subscriptions of every kind.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let columns = ["before MiB", "with them MiB", "KiB each"];
    let mut table = Table::new("idle: resident memory of a server with subscriptions", &columns);
    let native =
        held(bench, MANY.count(), |at| bench.runtime.block_on(readers::native_idle(at, MANY)))?;
    let lone =
        held(bench, ALONE.count(), |at| bench.runtime.block_on(readers::native_idle(at, ALONE)))?;
    let kurrent =
        held(bench, MANY.count(), |at| bench.runtime.block_on(readers::kurrent_idle(at, MANY)))?;
    let tails = held(bench, TAIL_COUNT, |at| readers::tails(at, "events?from=end", TAIL_COUNT))?;
    let kinds = [
        ("native, 10 connections", &native),
        ("native, a connection each", &lone),
        ("kurrentdb, 10 connections", &kurrent),
        ("sse, a connection each", &tails),
    ];
    for (name, Held { before, after, count }) in kinds {
        let each = (after - before) * 1_024.0 / *count as f64;
        table.row(format!("{count} {name}"), [*before, *after, each]);
    }
    table.goal("MiB with 10,000 native", native.after, Bound::AtMost(GOAL_MEBIBYTES));
    table.goal("MiB with 10,000 of KurrentDB's", kurrent.after, Bound::AtMost(GOAL_MEBIBYTES));
    Ok(table)
}

/// What a server holds with these readers, while others write.
fn held<T>(
    bench: &Bench,
    count: u64,
    open: impl FnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<Held> {
    let (server, address) = started(&bench.dir.join("idle"))?;
    let mut writers = Driver::own("drive-headwater", &address)?;
    let write = Task::Append { client_count: 4, batch_count: 1, ms: 200 };
    writers.run(write)?;
    let before = mebibytes(&server)?;
    let readers = open(&address)?;
    writers.run(write)?;
    let after = mebibytes(&server)?;
    drop(readers);
    writers.stop()?;
    server.kill()?;
    Ok(Held { before, after, count })
}

fn mebibytes(server: &Running) -> anyhow::Result<f64> {
    Ok(server.resident_kib()? as f64 / 1_024.0)
}
