//! Metrics: what is counted, as Prometheus reads it.
//!
//! Why not a recorder of the process: a process may hold several servers, and a histogram that
//! keeps its samples until somebody reads them grows when nobody does. Here a sample is an atomic
//! addition, and what is held depends on the names alone.
//!
//! Invariants: labels are of small sets: contexts, routes, methods, statuses; never a stream, an id
//! or a path that anybody can invent. Counters never go back.

mod histogram;
mod name;

pub use histogram::Histogram;
pub use name::Name;

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

/// What one server counts. Clones count together.
#[derive(Clone, Default)]
pub struct Metrics {
    series: Arc<Mutex<BTreeMap<Series, Value>>>,
}

/// A name, and its labels as they are written.
type Series = (Name, String);

enum Value {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Arc<Histogram>),
}

/// A number that only rises.
#[derive(Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

/// A number that rises and falls.
#[derive(Clone, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// One more, until what is returned is dropped.
    pub fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self.clone())
    }

    /// Exactly so many.
    pub fn set(&self, value: u64) {
        self.0.store(i64::try_from(value).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

/// One of those that a gauge counts.
pub struct Entered(Gauge);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// The counter of this name and these labels.
    pub fn counter(&self, name: Name, labels: &[(&str, &str)]) -> Counter {
        let mut series = self.series.lock();
        let made = || Value::Counter(Counter::default());
        match series.entry((name, written(labels))).or_insert_with(made) {
            Value::Counter(counter) => counter.clone(),
            Value::Gauge(_) | Value::Histogram(_) => Counter::default(),
        }
    }

    /// The gauge of this name and these labels.
    pub fn gauge(&self, name: Name, labels: &[(&str, &str)]) -> Gauge {
        let mut series = self.series.lock();
        match series
            .entry((name, written(labels)))
            .or_insert_with(|| Value::Gauge(Gauge::default()))
        {
            Value::Gauge(gauge) => gauge.clone(),
            Value::Counter(_) | Value::Histogram(_) => Gauge::default(),
        }
    }

    /// The histogram of this name and these labels.
    pub fn histogram(&self, name: Name, labels: &[(&str, &str)]) -> Arc<Histogram> {
        let mut series = self.series.lock();
        match series
            .entry((name, written(labels)))
            .or_insert_with(|| Value::Histogram(Arc::default()))
        {
            Value::Histogram(histogram) => Arc::clone(histogram),
            Value::Counter(_) | Value::Gauge(_) => Arc::default(),
        }
    }

    /// An HTTP request that begins now.
    pub fn request(&self) -> Request {
        Request { metrics: self.clone(), begun: Instant::now() }
    }

    /// All of it, in Prometheus's text format 0.0.4.
    pub fn text(&self) -> String {
        let series = self.series.lock();
        let mut text = String::new();
        let mut last = None;
        for ((name, labels), value) in &*series {
            if last.replace(name) != Some(name) {
                let (name, kind, help) = (name.as_str(), name.kind(), name.help());
                writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
                    .expect("a string takes all");
            }
            value.write(name.as_str(), labels, &mut text);
        }
        text
    }

    /// All of it, one figure after another: name with labels, and value.
    pub fn figures(&self) -> Vec<(String, String)> {
        let text = self.text();
        let figures = text.lines().filter(|line| !line.starts_with('#'));
        let split = figures.filter_map(|line| line.rsplit_once(' '));
        split.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

impl Value {
    fn write(&self, name: &str, labels: &str, text: &mut String) {
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        match self {
            Self::Counter(Counter(value)) => {
                writeln!(text, "{name}{braced} {}", value.load(Ordering::Relaxed))
            }
            Self::Gauge(Gauge(value)) => {
                writeln!(text, "{name}{braced} {}", value.load(Ordering::Relaxed))
            }
            Self::Histogram(histogram) => histogram.write(name, labels, text),
        }
        .expect("a string takes all");
    }
}

/// Labels between the braces, with what would end them escaped.
fn written(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (n, (name, value)) in labels.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(text, "{comma}{name}=\"{value}\"").expect("a string takes all");
    }
    text
}

/// An HTTP request that was begun.
pub struct Request {
    metrics: Metrics,
    begun: Instant,
}

impl Request {
    /// It was answered.
    pub fn ended(self, method: &http::Method, route: &str, status: http::StatusCode) {
        // A method that nobody knows may be anything.
        let method = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH") => known,
            _ => "other",
        };
        let labels = [("method", method), ("route", route), ("status", status.as_str())];
        self.metrics.counter(Name::HttpRequests, &labels).add(1);
        let histogram = self.metrics.histogram(Name::HttpRequestSeconds, &[("route", route)]);
        histogram.record(self.begun.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_as_prometheus_reads_it() {
        let metrics = Metrics::default();
        metrics.counter(Name::AppendedEvents, &[("context", "or\"ders\n")]).add(3);
        metrics.counter(Name::AppendedEvents, &[("context", "or\"ders\n")]).add(4);
        let entered = metrics.gauge(Name::Subscriptions, &[]).enter();
        assert!(metrics.text().contains("headwater_subscriptions 1\n"));
        drop(entered);
        let text = metrics.text();
        assert!(text.contains("headwater_appended_events_total{context=\"or\\\"ders\\n\"} 7\n"));
        assert!(text.contains("# TYPE headwater_subscriptions gauge\nheadwater_subscriptions 0\n"));
    }
}
