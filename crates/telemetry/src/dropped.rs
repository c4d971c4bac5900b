//! What a collector did not get: counted at once, said now and then.
//!
//! Why not said where it happens: a span may end within whatever writes logs, and a log that is about
//! every span that nobody took would drown all others.

use crate::Figures;
use crate::limits::SAY_EVERY;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// What kind of thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Spans.
    Spans,
    /// Points of metrics. Those are sums: the next message holds what this one would have.
    Metrics,
}

impl Signal {
    /// Its name, as a label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Metrics => "metrics",
        }
    }
}

/// What was dropped and not said yet.
pub(crate) struct Dropped {
    figures: Arc<dyn Figures>,
    spans: AtomicU64,
    points: AtomicU64,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    last: Option<Instant>,
    /// Why the last message was not taken.
    why: String,
}

impl Dropped {
    pub(crate) fn new(figures: Arc<dyn Figures>) -> Self {
        let (spans, points) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { figures, spans, points, said: Mutex::default() }
    }

    /// So many more. Short, and never writes a log.
    pub(crate) fn add(&self, signal: Signal, count: u64) {
        let to = match signal {
            Signal::Spans => &self.spans,
            Signal::Metrics => &self.points,
        };
        to.fetch_add(count, Ordering::Relaxed);
        self.figures.dropped(signal, count);
    }

    /// Why nothing gets through at the moment.
    pub(crate) fn because(&self, why: &str) {
        why.clone_into(&mut self.said.lock().why);
    }

    /// Says what was dropped since the last time, if there is any and that is long enough ago.
    pub(crate) fn say_if_due(&self) {
        if let Some((spans, points, why)) = self.due(Instant::now()) {
            tracing::warn!(spans, metrics = points, why, "telemetry was dropped");
        }
    }

    /// Says what is left to say: nothing is behind it.
    pub(crate) fn say_the_rest(&self) {
        self.said.lock().last = None;
        self.say_if_due();
    }

    fn due(&self, now: Instant) -> Option<(u64, u64, String)> {
        let mut said = self.said.lock();
        if said.last.is_some_and(|last| now - last < SAY_EVERY) {
            return None;
        }
        let spans = self.spans.swap(0, Ordering::Relaxed);
        let points = self.points.swap(0, Ordering::Relaxed);
        if spans + points == 0 {
            return None;
        }
        said.last = Some(now);
        let why = if said.why.is_empty() { "more than is sent in time" } else { &said.why };
        Some((spans, points, why.to_owned()))
    }
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dropped({:?} spans, {:?} points)", self.spans, self.points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::BoxFuture;
    use std::time::Duration;

    struct Counted(AtomicU64);

    impl Figures for Counted {
        fn text(&self) -> BoxFuture<'_, Option<String>> {
            Box::pin(async { None })
        }

        fn dropped(&self, _: Signal, count: u64) {
            self.0.fetch_add(count, Ordering::Relaxed);
        }
    }

    #[test]
    fn every_one_is_counted_and_they_are_said_together_at_most_every_few_minutes() {
        let counted = Arc::new(Counted(AtomicU64::new(0)));
        let dropped = Dropped::new(Arc::clone(&counted) as Arc<dyn Figures>);
        let begin = Instant::now();
        assert_eq!(dropped.due(begin), None, "there is nothing to say");
        dropped.because("refused");
        dropped.add(Signal::Spans, 1);
        assert_eq!(dropped.due(begin), Some((1, 0, "refused".to_owned())));
        for _ in 0..3 {
            dropped.add(Signal::Spans, 2);
            dropped.add(Signal::Metrics, 1);
        }
        assert_eq!(dropped.due(begin + SAY_EVERY - Duration::from_secs(1)), None);
        assert_eq!(dropped.due(begin + SAY_EVERY), Some((6, 3, "refused".to_owned())));
        assert_eq!(counted.0.load(Ordering::Relaxed), 10);
    }
}
