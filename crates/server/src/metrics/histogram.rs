//! Latencies, sorted into buckets as they come.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The buckets' upper bounds in nanoseconds, and in seconds as they are written: from an answer out
/// of memory over a sync of a good disk (1 ms) and of a bad one (50 ms) to a request's limit.
const BOUNDS: [(u64, &str); 14] = [
    (50_000, "0.00005"),
    (100_000, "0.0001"),
    (250_000, "0.00025"),
    (500_000, "0.0005"),
    (1_000_000, "0.001"),
    (2_500_000, "0.0025"),
    (5_000_000, "0.005"),
    (10_000_000, "0.01"),
    (25_000_000, "0.025"),
    (50_000_000, "0.05"),
    (100_000_000, "0.1"),
    (500_000_000, "0.5"),
    (2_500_000_000, "2.5"),
    (10_000_000_000, "10"),
];

/// How often something took how long.
#[derive(Default)]
pub struct Histogram {
    /// One for each bound, not summed up; the last is for what is above all bounds.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Histogram {
    /// It took so long once more.
    pub fn record(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|(bound, _)| *bound < nanos);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Its lines.
    pub(super) fn write(&self, name: &str, labels: &str, text: &mut String) -> fmt::Result {
        let comma = if labels.is_empty() { "" } else { "," };
        let bounds = BOUNDS.iter().map(|(_, bound)| *bound).chain(["+Inf"]);
        let mut sum = 0;
        for (bound, count) in bounds.zip(&self.counts) {
            sum += count.load(Ordering::Relaxed);
            writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {sum}")?;
        }
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let seconds = Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64();
        writeln!(text, "{name}_sum{braced} {seconds}")?;
        writeln!(text, "{name}_count{braced} {sum}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_counts_all_that_is_not_above_it() {
        let histogram = Histogram::default();
        for micros in [50, 51, 3_000, 60_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let mut text = String::new();
        histogram.write("x", "a=\"b\"", &mut text).unwrap();
        let at = |bound: &str| {
            let line = format!("x_bucket{{a=\"b\",le=\"{bound}\"}} ");
            text.lines().find_map(|found| found.strip_prefix(&*line)).unwrap().to_owned()
        };
        assert_eq!([at("0.00005"), at("0.0001"), at("0.005"), at("10")], ["1", "2", "3", "3"]);
        assert_eq!(at("+Inf"), "4");
        assert!(text.ends_with("x_count{a=\"b\"} 4\n"), "{text}");
    }
}
