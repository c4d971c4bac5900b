//! Scale: the same read and the same append in a store of many more events.

use super::stored::{open_large, open_small};
use super::{Bench, read};
use crate::dataset::{Dataset, STREAM_EVENT_COUNT};
use crate::embedded::Headwater;
use crate::event::{Source, stream_name};
use crate::report::{Bound, Table};
use crate::timing::{self, Run};

/// One store, and what was done in it round by round.
struct Side {
    headwater: Headwater,
    dataset: Dataset,
    source: Source,
    /// Appends go to streams that nobody has appended to since the store was filled.
    next_stream: u64,
    reads: Vec<Run>,
    appends: Vec<Run>,
}

/// Latencies in the large store over those in the small one.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let mut small = Side::new(open_small(bench)?, bench.small)?;
    let mut large = Side::new(open_large(bench)?, bench.large)?;
    for side in [&small, &large] {
        read::warm_up(&side.headwater, &read::sample(side.dataset))?;
    }
    for _ in 0..bench.budget.round_count {
        small.turn(bench)?;
        large.turn(bench)?;
    }
    let title = "scale: a stream read and a single append to a random stream";
    let mut table = Table::new(title, &["read p50 µs", "append p50 µs"]);
    for side in [&small, &large] {
        let name = format!("{} M", side.dataset.event_count as f64 / 1e6);
        table.row(name, [read::figures(&side.reads)[0], read::figures(&side.appends)[0]]);
    }
    let p50 = |run: &Run| run.latency_us(50.0);
    let reads = timing::ratio(&large.reads, &small.reads, p50);
    let appends = timing::ratio(&large.appends, &small.appends, p50);
    table.goal("read p50, large over small", reads, Bound::AtMost(1.5));
    table.goal("append p50, large over small", appends, Bound::AtMost(1.5));
    Ok(table)
}

impl Side {
    fn new(headwater: Headwater, dataset: Dataset) -> anyhow::Result<Self> {
        let events = headwater.head()?.map_or(0, |last| last.0 + 1);
        // No more streams than that were appended to, should the dataset have been kept.
        let next_stream = events.saturating_sub(dataset.event_count);
        let source = Source::new(events);
        let (reads, appends) = (Vec::new(), Vec::new());
        Ok(Self { headwater, dataset, source, next_stream, reads, appends })
    }

    fn turn(&mut self, bench: &Bench) -> anyhow::Result<()> {
        let streams = read::sample(self.dataset);
        self.reads.push(read::turn(bench, &self.headwater, &streams)?);
        let (headwater, source) = (&self.headwater, &mut self.source);
        let (next, count) = (&mut self.next_stream, self.dataset.stream_count());
        self.appends.push(bench.runtime.block_on(timing::repeat_async(
            bench.budget.round,
            || {
                let stream = stream_name(scattered(*next, count));
                *next += 1;
                headwater.append(vec![source.event(&stream, STREAM_EVENT_COUNT)])
            },
        ))?);
        Ok(())
    }
}

/// The `n`th of `count` streams in an order that jumps about and meets each once: steps of a prime
/// that divides no count we use.
fn scattered(n: u64, count: u64) -> u64 {
    const STEP: u64 = 1_000_003;
    (n * STEP) % count
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn scattered_streams_do_not_repeat() {
        let met: BTreeSet<u64> = (0..100_000).map(|n| scattered(n, 100_000)).collect();
        assert_eq!(met.len(), 100_000);
    }
}
