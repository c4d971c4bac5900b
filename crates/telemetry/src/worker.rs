//! The one task that speaks with the collector.
//!
//! Picture:
//! ```text
//!   queue ─▶ batch ─ full, or old enough ─▶ sealed ─ sent ─────────────▶ the next
//!                                             ├─ away: again, later and later; then dropped
//!                                             └─ refused: dropped
//!   every so often: /metrics ─▶ sent, or dropped: the next holds the same sums
//! ```
//! Invariant: while a batch is not taken, no other is begun; the queue fills up, and what does not
//! fit is dropped where it ends.

use crate::dropped::Dropped;
use crate::limits::{
    AGAIN_AFTER_MAX, AGAIN_AFTER_MIN, BATCH_COUNT_MAX, BATCH_WITHIN, CLOSE_WITHIN, GIVE_UP_AFTER,
};
use crate::queue::Waiting;
use crate::transport::{Message, NotTaken, Taken, Transport};
use crate::{Figures, Signal, exposition};
use headwater_env::{Clock, SystemClock};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};

pub(crate) struct Worker {
    transport: Transport,
    resource: Resource,
    waiting: Waiting,
    figures: Arc<dyn Figures>,
    dropped: Arc<Dropped>,
    /// When the sums began, in nanoseconds since 1970.
    began: u64,
    metrics: Interval,
    batch: Vec<SpanData>,
    /// When the first of the batch came.
    since: Instant,
    sealed: Option<Sealed>,
}

/// A batch that is being sent.
struct Sealed {
    message: Message,
    count: u64,
    first: Instant,
    next: Instant,
    wait: Duration,
}

impl Worker {
    pub(crate) fn new(
        transport: Transport,
        resource: Resource,
        waiting: Waiting,
        (figures, dropped): (Arc<dyn Figures>, Arc<Dropped>),
        metrics_every: Duration,
    ) -> Self {
        let mut metrics = interval_at(Instant::now() + metrics_every, metrics_every);
        metrics.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            transport,
            resource,
            waiting,
            figures,
            dropped,
            began: now(),
            metrics,
            batch: Vec::with_capacity(BATCH_COUNT_MAX),
            since: Instant::now(),
            sealed: None,
        }
    }

    /// Sends until it is told to close, or forgotten; then what is left, once, and no longer than
    /// [`CLOSE_WITHIN`].
    pub(crate) async fn run(mut self, closing: oneshot::Receiver<()>) {
        self.work(closing).await;
        let _ = timeout(CLOSE_WITHIN, self.finish()).await;
    }

    /// Until it is told to close. A message that is being sent then is sent first: broken off, it would
    /// be sent twice.
    async fn work(&mut self, mut closing: oneshot::Receiver<()>) {
        loop {
            self.dropped.say_if_due();
            let due = self.due();
            let room = BATCH_COUNT_MAX - self.batch.len();
            let takes = self.sealed.is_none() && room > 0;
            tokio::select! {
                _ = &mut closing => return,
                count = self.waiting.spans.recv_many(&mut self.batch, room), if takes => {
                    if count == 0 {
                        return; // nobody can make spans any more
                    }
                    if self.batch.len() == count {
                        self.since = Instant::now();
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.send_spans().await;
                }
                _ = self.metrics.tick() => self.send_metrics().await,
            }
        }
    }

    /// When there is something to send.
    fn due(&self) -> Option<Instant> {
        match (&self.sealed, self.batch.len()) {
            (Some(sealed), _) => Some(sealed.next),
            (None, 0) => None,
            (None, BATCH_COUNT_MAX) => Some(Instant::now()),
            (None, _) => Some(self.since + BATCH_WITHIN),
        }
    }

    fn seal(&mut self) {
        let (count, now) = (self.batch.len() as u64, Instant::now());
        let spans = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_COUNT_MAX));
        let resource = ResourceAttributesWithSchema::from(&self.resource);
        let resource_spans = group_spans_by_resource_and_scope(spans, &resource);
        let message = Message::Spans(ExportTraceServiceRequest { resource_spans });
        self.sealed = Some(Sealed { message, count, first: now, next: now, wait: AGAIN_AFTER_MIN });
    }

    async fn send_spans(&mut self) {
        if self.sealed.is_none() {
            self.seal();
        }
        let Some(sealed) = &mut self.sealed else { return };
        let sent = self.transport.send(&sealed.message).await;
        if let Err(NotTaken { why, again }) = &sent {
            self.dropped.because(why);
            if *again && sealed.first.elapsed() < GIVE_UP_AFTER {
                sealed.next = Instant::now() + sealed.wait;
                sealed.wait = (sealed.wait * 2).min(AGAIN_AFTER_MAX);
                return;
            }
        }
        let count = sealed.count;
        self.sealed = None;
        self.waiting.count.fetch_sub(count, Ordering::Relaxed);
        self.settle(Signal::Spans, count, sent);
    }

    fn settle(&self, signal: Signal, count: u64, sent: Result<Taken, NotTaken>) {
        let (lost, why) = match sent {
            Ok(Taken { refused_count, why }) => (refused_count.min(count), why),
            Err(NotTaken { why, .. }) => (count, why),
        };
        if lost > 0 {
            self.dropped.because(&why);
            self.dropped.add(signal, lost);
        }
    }

    async fn send_metrics(&self) {
        let Some(text) = self.figures.text().await else { return };
        let metrics = exposition::metrics(&text, (self.began, now()));
        let count = metrics.iter().map(exposition::point_count).sum();
        let scope = InstrumentationScope {
            name: "headwater".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let scoped = ScopeMetrics { scope: Some(scope), metrics, schema_url: String::new() };
        let whole = ResourceMetrics {
            resource: Some((&self.resource).into()),
            scope_metrics: vec![scoped],
            schema_url: String::new(),
        };
        let request = ExportMetricsServiceRequest { resource_metrics: vec![whole] };
        let sent = self.transport.send(&Message::Metrics(request)).await;
        self.settle(Signal::Metrics, count, sent);
    }

    /// All that is left, each message once.
    async fn finish(&mut self) {
        loop {
            if self.sealed.is_none() && self.batch.is_empty() {
                while self.batch.len() < BATCH_COUNT_MAX
                    && let Ok(span) = self.waiting.spans.try_recv()
                {
                    self.batch.push(span);
                }
                if self.batch.is_empty() {
                    break;
                }
            }
            self.send_spans().await;
            if self.sealed.is_some() {
                break; // whoever waits for this process does not wait for a collector
            }
        }
        self.send_metrics().await;
    }
}

fn now() -> u64 {
    SystemClock.now().as_micros().saturating_mul(1_000)
}
