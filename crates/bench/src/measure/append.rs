//! Appends: one writer, many writers, and batches.
//!
//! Picture: in each round every side has its turn, Headwater first, because the floor then writes
//! what Headwater wrote: as many bytes a write, for as many events.
//! ```text
//!   headwater ─counted─▶ floor   sqlite   fjall   redb     × rounds
//! ```

use super::Bench;
use crate::counting::Counted;
use crate::embedded::Headwater;
use crate::event::{Writer, stream_name};
use crate::floor::Floor;
use crate::group::GroupCommit;
use crate::peer::{self, Bare, Peer};
use crate::report::{Bound, Table};
use crate::timing::{self, Run};
use std::sync::Arc;

/// Writers of batches that overlap.
const OVERLAPPING: u64 = 4;

/// Who appends how much at a time.
struct Shape {
    title: &'static str,
    folder: &'static str,
    writer_count: usize,
    batch_count: u64,
}

/// One writer, one event at a time: what a single append costs.
pub(crate) fn single(bench: &Bench) -> anyhow::Result<Table> {
    let title = "append: 1 writer, 1 event";
    let shape = Shape { title, folder: "append-1", writer_count: 1, batch_count: 1 };
    let (mut table, sides) = measure(bench, &shape)?;
    let p50 = |run: &Run| run.latency_us(50.0);
    let over_floor = timing::ratio(&sides.headwater_runs, &sides.floor_runs, p50);
    table.goal("p50 over the floor", over_floor, Bound::AtMost(1.25));
    table.goal("events/s over the best peer", sides.over_best_peer(), Bound::AtLeast(1.15));
    Ok(table)
}

/// Sixty-four writers, each to its own stream, one event at a time: what group commit is worth.
pub(crate) fn many(bench: &Bench) -> anyhow::Result<Table> {
    let title = "append: 64 writers to their own streams, 1 event";
    let shape = Shape { title, folder: "append-64", writer_count: 64, batch_count: 1 };
    let (mut table, sides) = measure(bench, &shape)?;
    let over_bare = timing::ratio(&sides.headwater_runs, &sides.bare_runs, Run::events_per_second);
    table.goal("events/s over the floor of many tasks", over_bare, Bound::AtLeast(0.8));
    table.goal("events/s over the best peer", sides.over_best_peer(), Bound::AtLeast(2.0));
    let over_device = sides.over_floor();
    table.note(format!("{over_device:.2} of the device alone, which waits for no task"));
    table.note("the floor of many tasks is a group commit as the peers have, that keeps nothing");
    table.note("the peers stand behind one group-committing writer thread each");
    Ok(table)
}

/// One writer, a hundred events at a time: what an event costs when the sync is shared.
pub(crate) fn batches(bench: &Bench) -> anyhow::Result<Table> {
    let title = "append: 1 writer, batches of 100";
    let shape = Shape { title, folder: "append-batches", writer_count: 1, batch_count: 100 };
    let (mut table, sides) = measure(bench, &shape)?;
    table.goal("events/s over the floor", sides.over_floor(), Bound::AtLeast(0.8));
    table.goal("events/s over the best peer", sides.over_best_peer(), Bound::AtLeast(2.0));
    Ok(table)
}

fn measure(bench: &Bench, shape: &Shape) -> anyhow::Result<(Table, Sides)> {
    let mut sides = Sides::open(bench, shape)?;
    for _ in 0..bench.budget.round_count {
        sides.headwater_turn(bench, shape)?;
        sides.floor_turn(bench)?;
        sides.bare_turn(bench, shape)?;
        sides.peers_turn(bench, shape)?;
    }
    let mut columns = vec!["p50 µs", "p99 µs", "events/s", "cpu µs/append"];
    columns.extend(["events/write", "bytes/write", "syncs/write"]);
    let mut table = Table::new(shape.title, &columns);
    sides.fill(&mut table);
    let bound = sides.best_peer_beside(&sides.floor_runs);
    table.note(format!("the floor itself is {bound:.2} times the best peer in events/s"));
    if !sides.floor.overlaps() {
        table.note("this system has no submission rings: the store waits in each write");
    }
    if !sides.floor.is_direct() {
        table.note("this file system has no direct writes: the floor is a write and a sync");
    }
    Ok((table, sides))
}

/// All sides, each in an empty folder on the same disk, and what they did, round by round.
struct Sides {
    headwater: Arc<Headwater>,
    headwater_writers: Vec<Writer>,
    headwater_runs: Vec<Run>,
    /// One writer that awaits its appends instead of blocking.
    awaited_runs: Vec<Run>,
    /// A few writers of batches, so that one is planned while another is on its way to the device.
    overlapping_writers: Vec<Writer>,
    overlapping_runs: Vec<Run>,
    counted: Vec<Counted>,
    floor: Floor,
    floor_runs: Vec<Run>,
    /// The same many tasks, and the device behind them; only where there are many.
    bare: Option<Bare>,
    bare_writers: Vec<Writer>,
    bare_runs: Vec<Run>,
    peers: Vec<PeerSide>,
}

struct PeerSide {
    /// Gone while the writer thread has it.
    peer: Option<Box<dyn Peer>>,
    name: &'static str,
    writers: Vec<Writer>,
    runs: Vec<Run>,
}

fn writers(shape: &Shape) -> Vec<Writer> {
    (0..shape.writer_count as u64).map(|n| Writer::new(stream_name(n), 0, n)).collect()
}

impl Sides {
    fn open(bench: &Bench, shape: &Shape) -> anyhow::Result<Self> {
        let dir = bench.dir.join(shape.folder);
        crate::folder::empty(&dir)?;
        let peers = peer::all(&dir)?.into_iter().map(|peer| PeerSide {
            name: peer.name(),
            peer: Some(peer),
            writers: writers(shape),
            runs: Vec::new(),
        });
        Ok(Self {
            headwater: Arc::new(Headwater::open(&dir.join("headwater"))?),
            headwater_writers: writers(shape),
            headwater_runs: Vec::new(),
            awaited_runs: Vec::new(),
            overlapping_writers: (1..=OVERLAPPING)
                .map(|n| Writer::new(stream_name(n), 0, n))
                .collect(),
            overlapping_runs: Vec::new(),
            counted: Vec::new(),
            floor: Floor::prepare(&dir)?,
            floor_runs: Vec::new(),
            bare: match shape.writer_count {
                1 => None,
                _ => {
                    let dir = dir.join("bare");
                    crate::folder::empty(&dir)?;
                    Some(Bare::new(Floor::prepare(&dir)?))
                }
            },
            bare_writers: writers(shape),
            bare_runs: Vec::new(),
            peers: peers.collect(),
        })
    }

    fn headwater_turn(&mut self, bench: &Bench, shape: &Shape) -> anyhow::Result<()> {
        let before = self.headwater.counted();
        let (round, batch) = (bench.budget.round, shape.batch_count);
        if let [writer] = self.headwater_writers.as_mut_slice() {
            let headwater = &self.headwater;
            let append = || headwater.append_blocking(writer.next_events(batch));
            self.headwater_runs.push(timing::repeat(round, append)?);
            self.counted.push(headwater.counted().since(before));
            let append = || headwater.append(writer.next_events(batch));
            let run = bench.runtime.block_on(timing::repeat_async(round, append))?;
            self.awaited_runs.push(run);
        } else {
            let writers = std::mem::take(&mut self.headwater_writers);
            let (writers, run) = self.tasks_turn(bench, writers, batch)?;
            self.headwater_writers = writers;
            self.headwater_runs.push(run);
            self.counted.push(self.headwater.counted().since(before));
        }
        if batch > 1 {
            let writers = std::mem::take(&mut self.overlapping_writers);
            let (writers, run) = self.tasks_turn(bench, writers, batch)?;
            self.overlapping_writers = writers;
            self.overlapping_runs.push(run);
        }
        Ok(())
    }

    /// Headwater's writers at work side by side.
    fn tasks_turn(
        &self,
        bench: &Bench,
        writers: Vec<Writer>,
        batch: u64,
    ) -> anyhow::Result<(Vec<Writer>, Run)> {
        let round = bench.budget.round;
        bench.runtime.block_on(turn_of_many(writers, |mut writer| {
            let headwater = Arc::clone(&self.headwater);
            async move {
                let append = || headwater.append(writer.next_events(batch));
                let run = timing::repeat_async(round, append).await?;
                Ok((writer, run))
            }
        }))
    }

    /// The floor writes what Headwater wrote in its turn of the same round.
    fn floor_turn(&mut self, bench: &Bench) -> anyhow::Result<()> {
        let (Some(run), Some(counted)) = (self.headwater_runs.last(), self.counted.last()) else {
            anyhow::bail!("the floor's turn comes after Headwater's");
        };
        let events_per_write = run.events as f64 / counted.durable_writes as f64;
        self.floor.set_write_bytes(counted.bytes_per_write())?;
        let floor = &mut self.floor;
        let mut run = timing::repeat(bench.budget.round, || floor.write().map(|()| 1))?;
        run.events = (run.events as f64 * events_per_write).round() as u64;
        self.floor_runs.push(run);
        Ok(())
    }

    /// The floor's turn behind as many tasks, with as many bytes an event as Headwater wrote.
    fn bare_turn(&mut self, bench: &Bench, shape: &Shape) -> anyhow::Result<()> {
        let Some(mut bare) = self.bare.take() else { return Ok(()) };
        let (Some(run), Some(counted)) = (self.headwater_runs.last(), self.counted.last()) else {
            anyhow::bail!("the floor's turn comes after Headwater's");
        };
        let event_bytes = counted.durable_bytes as f64 / run.events as f64;
        bare.set_event_bytes(event_bytes, shape.writer_count)?;
        let (group, thread) = GroupCommit::start(bare);
        let (round, batch) = (bench.budget.round, shape.batch_count);
        let turn = turn_of_many(std::mem::take(&mut self.bare_writers), |mut writer| {
            let group = group.clone();
            async move {
                let append = || group.append(writer.next_events(batch));
                let run = timing::repeat_async(round, append).await?;
                Ok((writer, run))
            }
        });
        let (writers, run) = bench.runtime.block_on(turn)?;
        self.bare_writers = writers;
        self.bare_runs.push(run);
        drop(group);
        self.bare = thread.join().ok();
        Ok(())
    }

    fn peers_turn(&mut self, bench: &Bench, shape: &Shape) -> anyhow::Result<()> {
        let (round, batch) = (bench.budget.round, shape.batch_count);
        for side in &mut self.peers {
            let Some(mut peer) = side.peer.take() else { continue };
            if let [writer] = side.writers.as_mut_slice() {
                side.runs.push(timing::repeat(round, || {
                    peer.append(&writer.next_events(batch))?;
                    Ok(batch)
                })?);
                side.peer = Some(peer);
                continue;
            }
            let (group, thread) = GroupCommit::start(peer);
            let turn = turn_of_many(std::mem::take(&mut side.writers), |mut writer| {
                let group = group.clone();
                async move {
                    let append = || group.append(writer.next_events(batch));
                    let run = timing::repeat_async(round, append).await?;
                    Ok((writer, run))
                }
            });
            let (writers, run) = bench.runtime.block_on(turn)?;
            side.writers = writers;
            side.runs.push(run);
            drop(group);
            side.peer = thread.join().ok();
        }
        Ok(())
    }

    fn fill(&self, table: &mut Table) {
        let figures = |runs: &[Run]| {
            let median = |figure: &dyn Fn(&Run) -> f64| timing::median(runs.iter().map(figure));
            vec![
                median(&|run| run.latency_us(50.0)),
                median(&|run| run.latency_us(99.0)),
                median(&Run::events_per_second),
                median(&Run::cpu_us),
            ]
        };
        let counted = self.counted.iter().copied().fold(Counted::default(), Counted::plus);
        let events: u64 = self.headwater_runs.iter().map(|run| run.events).sum();
        let writes = counted.durable_writes as f64;
        let mut headwater = figures(&self.headwater_runs);
        headwater.extend([
            events as f64 / writes,
            counted.bytes_per_write() as f64,
            (writes + counted.syncs as f64) / writes,
        ]);
        table.row("floor", figures(&self.floor_runs));
        if !self.bare_runs.is_empty() {
            table.row("floor, many tasks", figures(&self.bare_runs));
        }
        table.row("headwater", headwater);
        if !self.awaited_runs.is_empty() {
            table.row("- awaited", figures(&self.awaited_runs));
        }
        if !self.overlapping_runs.is_empty() {
            table.row(format!("- {OVERLAPPING} writers"), figures(&self.overlapping_runs));
        }
        self.peers.iter().for_each(|side| table.row(side.name, figures(&side.runs)));
    }

    fn over_floor(&self) -> f64 {
        timing::ratio(&self.headwater_runs, &self.floor_runs, Run::events_per_second)
    }

    fn over_best_peer(&self) -> f64 {
        self.best_peer_beside(&self.headwater_runs)
    }

    /// Events/s of `runs` over those of the peer that comes nearest.
    fn best_peer_beside(&self, runs: &[Run]) -> f64 {
        let over = |side: &PeerSide| timing::ratio(runs, &side.runs, Run::events_per_second);
        self.peers.iter().map(over).fold(f64::INFINITY, f64::min)
    }
}

/// Writers at work side by side, each a task of its own.
async fn turn_of_many<F>(
    writers: Vec<Writer>,
    work: impl Fn(Writer) -> F,
) -> anyhow::Result<(Vec<Writer>, Run)>
where
    F: Future<Output = anyhow::Result<(Writer, Run)>> + Send + 'static,
{
    let tasks: Vec<_> = writers.into_iter().map(|writer| tokio::spawn(work(writer))).collect();
    let (mut writers, mut all) = (Vec::with_capacity(tasks.len()), Run::empty());
    for task in tasks {
        let (writer, run) = task.await??;
        writers.push(writer);
        all.join(&run);
    }
    Ok((writers, all))
}
