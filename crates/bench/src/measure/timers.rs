//! Timers: what it costs to have many pending, and how fast they fire when all become due.
//!
//! Picture:
//! ```text
//!   child   fills a store with n alarms                       ─▶ seconds         plain · spread · once
//!   child   opens it and looks for timers, none of them due   ─▶ resident KiB
//!   here    opens it when all are due ─▶ first append, then all of them
//! ```
//! The clock is moved by hand; the disk is real. An alarm is a stream of one event, and fires by another:
//! what a saga does, without its state. `spread`: dues at random over ten minutes, so that neighbours in time
//! are anywhere on disk. `once`: all at one instant. `plain`: the same events without timers.

mod alarms;

use super::Bench;
use crate::child::{Running, resident_kib};
use crate::folder;
use crate::report::{Bound, Table};
use alarms::{Alarms, Dues};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What a child told.
struct Filled {
    seconds: f64,
    resident_mib: f64,
}

/// Timers set and fired in a second, MiB that they take, milliseconds until the first fires.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let most = bench.small.event_count;
    let columns = ["set/s", "plain/s", "added MiB", "first ms", "fired/s", "at once/s"];
    let mut table = Table::new(format!("timers: {most} pending, and a tenth"), &columns);
    let mut last = [0.0; 6];
    for count in [most / 10, most] {
        last = one(bench, count)?;
        table.row(format!("{count}"), last);
    }
    table.goal("MiB of all that are pending", last[2], Bound::AtMost(200.0));
    table.goal("fired/s, anywhere on disk", last[4], Bound::AtLeast(20_000.0));
    table.goal("fired/s, all at one instant", last[5], Bound::AtLeast(20_000.0));
    table.note("first ms: from opening the store until the first that were due are durably fired");
    Ok(table)
}

fn one(bench: &Bench, count: u64) -> anyhow::Result<[f64; 6]> {
    let plain = fill(bench, Dues::None, count)?;
    let spread = fill(bench, Dues::Spread, count)?;
    fill(bench, Dues::Once, count)?;
    let (first_ms, spread_rate) = fire(bench, Dues::Spread, count)?;
    let (_, once_rate) = fire(bench, Dues::Once, count)?;
    let rate = |filled: &Filled| count as f64 / filled.seconds;
    let added = spread.resident_mib - plain.resident_mib;
    Ok([rate(&spread), rate(&plain), added, first_ms, spread_rate, once_rate])
}

fn dir(bench: &Bench, dues: Dues, count: u64) -> PathBuf {
    bench.dir.join(format!("timers-{}-{count}", dues.text()))
}

fn fill(bench: &Bench, dues: Dues, count: u64) -> anyhow::Result<Filled> {
    let dir = dir(bench, dues, count);
    folder::empty(&dir)?;
    let (seconds, _) = child(&dir)?;
    // Another process: what filling left behind in memory is not what pending timers take.
    let (_, resident_mib) = child(&dir)?;
    Ok(Filled { seconds, resident_mib })
}

/// Seconds that a child took to fill the store, and the MiB resident when it had looked for timers.
fn child(dir: &Path) -> anyhow::Result<(f64, f64)> {
    let mut child = Running::start("fill-timers", dir)?;
    let seconds = child.line()?.parse()?;
    let resident_mib = child.line()?.parse::<f64>()? / 1_024.0;
    child.finish()?;
    Ok((seconds, resident_mib))
}

/// The child: fills the store that its directory is named after, unless it is filled, and tells how long
/// that took and what is resident when it has looked for timers.
pub(crate) fn fill_here(dir: &Path) -> anyhow::Result<()> {
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut parts = name.split('-').skip(1);
    let dues = Dues::of(parts.next().unwrap_or_default())?;
    let count: u64 = parts.next().unwrap_or_default().parse()?;
    let alarms = Alarms::open(dir)?;
    let begun = Instant::now();
    if alarms.is_empty()? {
        alarms.set(dues, count)?;
    }
    println!("{}", begun.elapsed().as_secs_f64());
    let mut wakes = Alarms::wakes()?;
    anyhow::ensure!(alarms.due(&mut wakes)?.is_empty(), "nothing is due yet");
    println!("{}", resident_kib("self")?);
    drop(wakes);
    alarms.close()
}

/// Milliseconds until the first timers have fired, and how many fire in a second from then on.
fn fire(bench: &Bench, dues: Dues, count: u64) -> anyhow::Result<(f64, f64)> {
    let dir = dir(bench, dues, count);
    let begun = Instant::now();
    let alarms = Alarms::open(&dir)?;
    alarms.pass_all();
    let mut wakes = Alarms::wakes()?;
    let first = alarms.fire(&mut wakes)?;
    let first_took = begun.elapsed();
    let begun = Instant::now();
    let mut fired = 0;
    loop {
        match alarms.fire(&mut wakes)? {
            0 => break,
            some => fired += some,
        }
    }
    let took = begun.elapsed();
    anyhow::ensure!(first + fired == count, "{} fired of {count}", first + fired);
    drop(wakes);
    alarms.close()?;
    folder::empty(&dir)?;
    Ok((first_took.as_secs_f64() * 1_000.0, fired as f64 / took.as_secs_f64()))
}
