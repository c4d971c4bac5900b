//! A scan: every event in order, from memory and from the device.
//!
//! Cold means: closed, its files taken out of the page cache (`posix_fadvise`), opened again.
//! The floor reads the bytes of the journal's files in pieces of a MiB and checks a checksum over
//! each: what any reader must do that trusts no disk.

use super::Bench;
use super::stored::AllSides;
use crate::report::{Bound, Table};
use crate::timing;
use crate::{floor, folder};
use std::path::PathBuf;
use std::time::Instant;

/// Turns of each side; in each it reads everything, cold and then warm.
const ROUND_COUNT: usize = 3;

/// One turn of all: the floor, Headwater in place and by pages, then the peers.
type Turn = Vec<Pass>;

/// One pass over everything.
#[derive(Clone, Copy)]
struct Pass {
    events_per_second: f64,
    cpu_ns_per_event: f64,
}

/// Whether the bytes are in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    Cold,
    Warm,
}

/// Events a second, warm and cold.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let mut sides = AllSides::open(bench)?;
    let journal = sides.headwater.journal_files()?;
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..ROUND_COUNT {
        sides = sides.cooled(bench)?;
        cold.push(turn(bench, &mut sides, &journal, Page::Cold)?);
        warm.push(turn(bench, &mut sides, &journal, Page::Warm)?);
    }
    let title = format!("scan: {} events", bench.small.event_count);
    let mut table = Table::new(title, &["warm events/s", "cold events/s", "warm cpu ns/event"]);
    let side = |turns: &[Turn], n: usize| {
        timing::median(turns.iter().map(|turn| turn[n].events_per_second))
    };
    let cpu = |n: usize| timing::median(warm.iter().map(|turn| turn[n].cpu_ns_per_event));
    let peers = sides.peers.iter().map(|peer| peer.name());
    for (n, name) in ["floor", "headwater", "- by pages"].into_iter().chain(peers).enumerate() {
        table.row(name, [side(&warm, n), side(&cold, n), cpu(n)]);
    }
    let over_floor = |turns: &[Turn]| {
        let ratio = |turn: &Turn| turn[1].events_per_second / turn[0].events_per_second;
        timing::median(turns.iter().map(ratio))
    };
    table.goal("warm events/s", side(&warm, 1), Bound::AtLeast(8e6));
    table.goal("cold events/s", side(&cold, 1), Bound::AtLeast(4e6));
    table.goal("warm over the floor", over_floor(&warm), Bound::AtLeast(0.5));
    table.goal("cold over the floor", over_floor(&cold), Bound::AtLeast(0.5));
    table.note("cold: closed, out of the page cache (posix_fadvise), opened again");
    Ok(table)
}

/// Everybody reads everything. The floor and Headwater read the same files.
fn turn(
    bench: &Bench,
    sides: &mut AllSides,
    journal: &[(PathBuf, u64)],
    page: Page,
) -> anyhow::Result<Turn> {
    let mut turn = Vec::new();
    match page {
        // Opening read the newest of them.
        Page::Cold => folder::forget_cached(sides.headwater.dir())?,
        Page::Warm => floor::read_and_check(journal)?,
    }
    turn.push(pass(bench, || floor::read_and_check(journal).map(|()| bench.small.event_count))?);
    if page == Page::Cold {
        folder::forget_cached(sides.headwater.dir())?;
    }
    let headwater = &sides.headwater;
    turn.push(pass(bench, || headwater.scan())?);
    if page == Page::Cold {
        folder::forget_cached(headwater.dir())?;
    }
    turn.push(pass(bench, || headwater.read_pages())?);
    for peer in &mut sides.peers {
        turn.push(pass(bench, || peer.scan())?);
    }
    Ok(turn)
}

/// One scan, which must see all events of the dataset.
fn pass(bench: &Bench, scan: impl FnOnce() -> anyhow::Result<u64>) -> anyhow::Result<Pass> {
    let (start, cpu_start) = (Instant::now(), timing::thread_cpu());
    let events = scan()?;
    let (took, cpu) = (start.elapsed(), timing::thread_cpu() - cpu_start);
    // Other benches may have appended to a dataset that was kept.
    anyhow::ensure!(events >= bench.small.event_count, "a scan saw {events} events");
    Ok(Pass {
        events_per_second: events as f64 / took.as_secs_f64(),
        cpu_ns_per_event: cpu.as_secs_f64() * 1e9 / events as f64,
    })
}
