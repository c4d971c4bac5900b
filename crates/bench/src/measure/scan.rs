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

/// Events a second in one turn: the floor, Headwater in place and by pages, then the peers.
type Turn = Vec<f64>;

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
    let mut table = Table::new(title, &["warm events/s", "cold events/s"]);
    let side = |turns: &[Turn], n: usize| timing::median(turns.iter().map(|turn| turn[n]));
    let peers = sides.peers.iter().map(|peer| peer.name());
    for (n, name) in ["floor", "headwater", "- by pages"].into_iter().chain(peers).enumerate() {
        table.row(name, [side(&warm, n), side(&cold, n)]);
    }
    let over_floor = |turns: &[Turn]| timing::median(turns.iter().map(|turn| turn[1] / turn[0]));
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
    if page == Page::Warm {
        floor::read_and_check(journal)?;
    }
    turn.push(rate(bench, || floor::read_and_check(journal).map(|()| bench.small.event_count))?);
    if page == Page::Cold {
        folder::forget_cached(sides.headwater.dir())?;
    }
    let headwater = &sides.headwater;
    turn.push(rate(bench, || headwater.scan())?);
    if page == Page::Cold {
        folder::forget_cached(headwater.dir())?;
    }
    turn.push(rate(bench, || headwater.read_pages())?);
    for peer in &mut sides.peers {
        turn.push(rate(bench, || peer.scan())?);
    }
    Ok(turn)
}

/// Events a second of one scan, which must see all of them.
fn rate(bench: &Bench, scan: impl FnOnce() -> anyhow::Result<u64>) -> anyhow::Result<f64> {
    let start = Instant::now();
    let events = scan()?;
    anyhow::ensure!(events == bench.small.event_count, "a scan saw {events} events");
    Ok(events as f64 / start.elapsed().as_secs_f64())
}
