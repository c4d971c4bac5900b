//! Timing: loops that run for a while, and what came of them.
//!
//! Why rounds: a machine is faster or slower from minute to minute. Sides take turns in short
//! rounds, ratios are taken within a round, and the median over the rounds is what counts.

use std::time::{Duration, Instant};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Turns of each side.
    pub(crate) round_count: usize,
    /// Length of one turn.
    pub(crate) round: Duration,
}

/// What one side did in one round.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Operations times events of each.
    pub(crate) events: u64,
    /// From the first to the last.
    pub(crate) took: Duration,
    /// Of that, with the processor at work for the thread that asked; zero where tasks asked.
    pub(crate) cpu: Duration,
    /// Of each operation, in nanoseconds, as they came: noting one costs one write.
    pub(crate) latencies: Vec<u64>,
}

impl Run {
    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        Self { events: 0, took: Duration::ZERO, cpu: Duration::ZERO, latencies: Vec::new() }
    }

    /// Notes one operation.
    pub(crate) fn note(&mut self, events: u64, took: Duration) {
        self.events += events;
        self.latencies.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Throughput.
    pub(crate) fn events_per_second(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// A percentile of the latency in microseconds.
    pub(crate) fn latency_us(&self, percentile: f64) -> f64 {
        let mut latencies = self.latencies.clone();
        let Some(last) = latencies.len().checked_sub(1) else { return 0.0 };
        let rank = (last as f64 * percentile / 100.0).round() as usize;
        let (_, latency, _) = latencies.select_nth_unstable(rank);
        *latency as f64 / 1_000.0
    }

    /// Processor time of the asking thread by operation, in microseconds; `NaN` where tasks asked.
    pub(crate) fn cpu_us(&self) -> f64 {
        let cpu = self.cpu.as_secs_f64() * 1e6 / self.latencies.len() as f64;
        if self.cpu.is_zero() { f64::NAN } else { cpu }
    }

    /// Adds what another task did at the same time.
    pub(crate) fn join(&mut self, other: &Self) {
        self.events += other.events;
        self.took = self.took.max(other.took);
        self.latencies.extend(&other.latencies);
    }
}

/// Repeats `operation`, which says how many events it was about, until the time is over.
pub(crate) fn repeat(
    time: Duration,
    mut operation: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<Run> {
    let mut run = Run::empty();
    let cpu_before = thread_cpu();
    let start = Instant::now();
    let mut before = start;
    while before - start < time {
        let events = operation()?;
        let after = Instant::now();
        run.note(events, after - before);
        before = after;
    }
    run.took = before - start;
    run.cpu = thread_cpu() - cpu_before;
    Ok(run)
}

/// Processor time of this thread: what work costs, whatever else the machine does meanwhile.
pub(crate) fn thread_cpu() -> Duration {
    cpu(rustix::time::ClockId::ThreadCPUTime)
}

/// Processor time of this process, all its threads.
pub(crate) fn process_cpu() -> Duration {
    cpu(rustix::time::ClockId::ProcessCPUTime)
}

fn cpu(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The same for an operation that is awaited.
pub(crate) async fn repeat_async<F: Future<Output = anyhow::Result<u64>>>(
    time: Duration,
    mut operation: impl FnMut() -> F,
) -> anyhow::Result<Run> {
    let mut run = Run::empty();
    let start = Instant::now();
    let mut before = start;
    while before - start < time {
        let events = operation().await?;
        let after = Instant::now();
        run.note(events, after - before);
        before = after;
    }
    run.took = before - start;
    Ok(run)
}

/// The middle one; zero when there is none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// The median over the rounds of one side's figure divided by another's.
pub(crate) fn ratio(own: &[Run], other: &[Run], figure: impl Fn(&Run) -> f64) -> f64 {
    median(own.iter().zip(other).map(|(own, other)| figure(own) / figure(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_latencies_that_were_measured() {
        let mut run = Run::empty();
        (1..=101).rev().for_each(|us| run.note(1, Duration::from_micros(us)));
        let percentile = |p| run.latency_us(p).round();
        assert!((percentile(0.0) - 1.0).abs() < f64::EPSILON);
        assert!((percentile(50.0) - 51.0).abs() < f64::EPSILON);
        assert!((percentile(99.0) - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
    }
}
