//! Reads of whole streams, ten events each, at random among all streams.
//!
//! Warm: the streams that are read were read once before the clock ran. Their events lie as the
//! dataset spreads them, never side by side. Read again soon, they are found among the records that
//! the store keeps; spread over all streams they mostly are not, and come from the page cache.

use super::Bench;
use super::stored::AllSides;
use crate::dataset::{Dataset, STREAM_EVENT_COUNT};
use crate::embedded::Headwater;
use crate::event::{Source, stream_name};
use crate::report::{Bound, Table};
use crate::timing::{self, Run};
use headwater_model::StreamName;

/// Streams that are read, over and over: more than any processor's cache holds.
const SAMPLE_COUNT: usize = 10_000;

/// The 50th and 99th percentile of a read, and events a second.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let AllSides { headwater, mut peers } = AllSides::open(bench)?;
    let streams = sample(bench.small);
    let everywhere = sample_of(bench.small, 10 * SAMPLE_COUNT);
    let (mut own, mut own_everywhere) = (Vec::new(), Vec::new());
    let mut theirs: Vec<Vec<Run>> = peers.iter().map(|_| Vec::new()).collect();
    for peer in &mut peers {
        for stream in &streams {
            let events = peer.read_stream(stream.as_str())?;
            anyhow::ensure!(events >= STREAM_EVENT_COUNT, "stream {stream} has {events} events");
        }
    }
    for _ in 0..bench.budget.round_count {
        warm_up(&headwater, &everywhere)?;
        own_everywhere.push(turn(bench, &headwater, &everywhere)?);
        warm_up(&headwater, &streams)?;
        own.push(turn(bench, &headwater, &streams)?);
        for (peer, runs) in peers.iter_mut().zip(&mut theirs) {
            let mut next = streams.iter().cycle();
            runs.push(timing::repeat(bench.budget.round, || {
                next.next().map_or(Ok(0), |name| peer.read_stream(name.as_str()))
            })?);
        }
    }
    let title = format!("read: a stream of 10 events, of {}", bench.small.stream_count());
    let mut table = Table::new(title, &["p50 µs", "p99 µs", "events/s", "cpu µs"]);
    table.row("headwater", figures(&own));
    table.row("  spread over all streams", figures(&own_everywhere));
    for (peer, runs) in peers.iter().zip(&theirs) {
        table.row(peer.name(), figures(runs));
    }
    table.goal("p50 µs", figures(&own)[0], Bound::AtMost(10.0));
    Ok(table)
}

/// Streams at random.
pub(super) fn sample(dataset: Dataset) -> Vec<StreamName> {
    sample_of(dataset, SAMPLE_COUNT)
}

fn sample_of(dataset: Dataset, count: usize) -> Vec<StreamName> {
    let mut source = Source::new(1);
    (0..count).map(|_| stream_name(source.below(dataset.stream_count()))).collect()
}

/// Reads every stream once.
pub(super) fn warm_up(headwater: &Headwater, streams: &[StreamName]) -> anyhow::Result<()> {
    for stream in streams {
        let events = headwater.read_stream(stream)?;
        anyhow::ensure!(events >= STREAM_EVENT_COUNT, "stream {stream} has {events} events");
    }
    Ok(())
}

/// Reads streams in turn until the round is over.
pub(super) fn turn(
    bench: &Bench,
    headwater: &Headwater,
    streams: &[StreamName],
) -> anyhow::Result<Run> {
    let mut next = streams.iter().cycle();
    timing::repeat(bench.budget.round, || {
        next.next().map_or(Ok(0), |stream| headwater.read_stream(stream))
    })
}

/// Medians over the rounds.
pub(super) fn figures(runs: &[Run]) -> Vec<f64> {
    let median = |figure: &dyn Fn(&Run) -> f64| timing::median(runs.iter().map(figure));
    vec![
        median(&|run| run.latency_us(50.0)),
        median(&|run| run.latency_us(99.0)),
        median(&Run::events_per_second),
        median(&Run::cpu_us),
    ]
}
