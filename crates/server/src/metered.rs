//! Contexts that count what is asked of them.
//!
//! Why here, around the port: whatever protocol an append comes by, it is counted once, the same way.
//!
//! Invariant: every call is handed on as it came, and its answer as it was.

use crate::metrics::{Counter, Entered, Gauge, Histogram, Metrics, Name};
use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ContextName, Contexts, Delivery, EventStore,
    ExpectedRevision, Page, ReadAll, ReadError, ReadStream, Retry, StreamChange, StreamName,
    StreamPage, Subscribe, Subscription,
};
use std::sync::Arc;
use std::time::Instant;

/// All contexts, counted.
pub(crate) struct Metered {
    contexts: Arc<dyn Contexts>,
    metrics: Metrics,
}

impl Metered {
    pub(crate) fn new(contexts: Arc<dyn Contexts>, metrics: Metrics) -> Self {
        Self { contexts, metrics }
    }
}

impl Contexts for Metered {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let context = self.contexts.context(name).await?;
            let counts = Counts::of(&self.metrics, context.context());
            Ok(Arc::new(Context { context, counts }) as Arc<dyn EventStore>)
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        self.contexts.names()
    }
}

/// What is counted of one context.
struct Counts {
    made: Counter,
    replayed: Counter,
    refused: Counter,
    failed: Counter,
    events: Counter,
    bytes: Counter,
    append_seconds: Arc<Histogram>,
    stream_seconds: Arc<Histogram>,
    all_seconds: Arc<Histogram>,
    read: Counter,
    delivered: Counter,
    subscriptions: Gauge,
}

impl Counts {
    fn of(metrics: &Metrics, name: &ContextName) -> Self {
        let labels = [("context", name.as_str())];
        let appends = |outcome| {
            metrics.counter(Name::Appends, &[("context", name.as_str()), ("outcome", outcome)])
        };
        Self {
            made: appends("made"),
            replayed: appends("replayed"),
            refused: appends("refused"),
            failed: appends("failed"),
            events: metrics.counter(Name::AppendedEvents, &labels),
            bytes: metrics.counter(Name::AppendedBytes, &labels),
            append_seconds: metrics.histogram(Name::AppendSeconds, &labels),
            stream_seconds: metrics.histogram(Name::ReadSeconds, &[("kind", "stream")]),
            all_seconds: metrics.histogram(Name::ReadSeconds, &[("kind", "all")]),
            read: metrics.counter(Name::ReadEvents, &labels),
            delivered: metrics.counter(Name::DeliveredEvents, &labels),
            subscriptions: metrics.gauge(Name::Subscriptions, &labels),
        }
    }

    fn append(&self, begun: Instant, answer: &Result<Appended, AppendError>) -> bool {
        self.append_seconds.record(begun.elapsed());
        let outcome = match answer {
            Ok(appended) if appended.replayed => &self.replayed,
            Ok(_) => &self.made,
            Err(error) => match error {
                AppendError::Corrupt(_) => &self.failed,
                _ if error.retry() == Retry::Later => &self.failed,
                _ => &self.refused,
            },
        };
        outcome.add(1);
        matches!(answer, Ok(appended) if !appended.replayed)
    }
}

/// One context, counted.
struct Context {
    context: Arc<dyn EventStore>,
    counts: Counts,
}

impl Around for Context {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.context
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        let begun = Instant::now();
        let (events, bytes) = (append.event_count(), append.bytes());
        Box::pin(async move {
            let answer = self.context.append(append).await;
            if self.counts.append(begun, &answer) {
                self.counts.events.add(events as u64);
                self.counts.bytes.add(bytes as u64);
            }
            answer
        })
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        let begun = Instant::now();
        Box::pin(async move {
            let answer = self.context.change_stream(stream, expected, change).await;
            self.counts.append(begun, &answer);
            answer
        })
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        let begun = Instant::now();
        Box::pin(async move {
            let page = self.context.read_stream(read).await?;
            self.counts.stream_seconds.record(begun.elapsed());
            self.counts.read.add(page.events.len() as u64);
            Ok(page)
        })
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        let begun = Instant::now();
        Box::pin(async move {
            let page = self.context.read_all(read).await?;
            self.counts.all_seconds.record(begun.elapsed());
            self.counts.read.add(page.events.len() as u64);
            Ok(page)
        })
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            let reader = self.context.subscribe(subscribe).await?;
            let delivered = self.counts.delivered.clone();
            let open = self.counts.subscriptions.enter();
            Ok(Box::new(Reader { reader, delivered, _open: open }) as Box<dyn Subscription>)
        })
    }
}

/// One subscription, counted.
struct Reader {
    reader: Box<dyn Subscription>,
    delivered: Counter,
    _open: Entered,
}

impl Subscription for Reader {
    fn bound(&mut self, bytes_max: usize) {
        self.reader.bound(bytes_max);
    }

    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(async move {
            let delivery = self.reader.next().await?;
            if let Delivery::Events { events, .. } = &delivery {
                self.delivered.add(events.len() as u64);
            }
            Ok(delivery)
        })
    }
}
