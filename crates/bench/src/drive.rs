//! A client process: told what to do line by line, it says what came of it.
//!
//! Why a process of its own: on every side the server and its clients share nothing but sockets.
//! Why one loop for all: a side that is driven by another loop is measured by another rule.
//!
//! Picture:
//! ```text
//!   bench ──{"Append":{…}}──▶ stdin   tasks ⇄ the side's own client ⇄ its server
//!         ◀──{"Ok":{…}}────── stdout
//! ```

use crate::dataset::Dataset;
use crate::event::{Event, Source, Writer, stream_name};
use crate::timing::{self, Run};
use anyhow::Context;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt};
use headwater_model::StreamName;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Appends under way at once while filling.
const FILLING: usize = 4;

/// What is to be done.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
pub(crate) enum Task {
    /// Store this many events, ten to a stream, spread as [`Dataset`] says.
    Fill { event_count: u64 },
    /// Append for so long: each client to a stream of its own, one append after the other.
    Append { client_count: u64, batch_count: u64, ms: u64 },
    /// Read every event in order of position.
    Scan,
    /// Read whole streams at random for so long.
    Read { client_count: u64, stream_count: u64, ms: u64 },
}

impl Task {
    /// Whether it is the work of one client.
    const fn is_lone(self) -> bool {
        matches!(self, Self::Append { client_count: 1, .. } | Self::Read { client_count: 1, .. })
    }
}

/// What came of it.
#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
pub(crate) struct Done {
    /// Events appended or read.
    pub(crate) events: u64,
    /// From the first operation to the end of the last.
    pub(crate) seconds: f64,
    /// Processor time of the client process meanwhile.
    pub(crate) cpu_seconds: f64,
    /// Half of the operations took no longer.
    pub(crate) p50_us: f64,
    /// All but one in a hundred took no longer.
    pub(crate) p99_us: f64,
}

impl Done {
    /// Throughput.
    pub(crate) fn events_per_second(&self) -> f64 {
        self.events as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }
}

/// An operation under way; how many events it was about.
pub(crate) type Doing<'a> = BoxFuture<'a, anyhow::Result<u64>>;

/// One side's own client, connected to its server.
pub(crate) trait Side: Send + Sync + 'static {
    /// Appends events of one stream atomically; durable when it is done. `client` is the number of
    /// who asks, for sides that need a connection for each.
    fn append(&self, client: usize, events: Vec<Event>) -> Doing<'_>;

    /// Appends events of many streams, so that scans and reads find them.
    fn fill(&self, events: Vec<Event>) -> Doing<'_> {
        self.append(0, events)
    }

    /// Reads every event in order of position, all its fields.
    fn scan(&self) -> Doing<'_>;

    /// Reads a stream in order.
    fn read_stream<'a>(&'a self, client: usize, stream: &'a StreamName) -> Doing<'a>;
}

/// Drives a side until its input ends. Streams that are appended to are numbered from
/// `first_stream`, so that sides of one server do not meet.
///
/// One client is a process with one thread, many are one with a thread for each processor: on every
/// side, so that nobody pays for threads that wake each other with nothing to share.
pub(crate) fn serve<F>(first_stream: u64, open: impl Fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Arc<dyn Side>>>,
{
    let lone =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let many = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sides = [lone.block_on(open())?, many.block_on(open())?];
    let mut driver = Driver { side: Arc::clone(&sides[0]), next_stream: first_stream };
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let task: Task = serde_json::from_str(&line?).context("a task is not understood")?;
        let (runtime, side) = if task.is_lone() { (&lone, &sides[0]) } else { (&many, &sides[1]) };
        driver.side = Arc::clone(side);
        let done = runtime.block_on(driver.run(task)).map_err(|error| format!("{error:#}"));
        writeln!(out, "{}", serde_json::to_string(&done)?)?;
    }
    Ok(())
}

struct Driver {
    side: Arc<dyn Side>,
    next_stream: u64,
}

impl Driver {
    async fn run(&mut self, task: Task) -> anyhow::Result<Done> {
        let cpu = timing::process_cpu();
        let run = match task {
            Task::Fill { event_count } => self.fill(Dataset { event_count }).await?,
            Task::Append { client_count, batch_count, ms } => {
                self.append(client_count, batch_count, Duration::from_millis(ms)).await?
            }
            Task::Scan => self.scan().await?,
            Task::Read { client_count, stream_count, ms } => {
                self.read(client_count, stream_count, Duration::from_millis(ms)).await?
            }
        };
        Ok(Done {
            events: run.events,
            seconds: run.took.as_secs_f64(),
            cpu_seconds: (timing::process_cpu() - cpu).as_secs_f64(),
            p50_us: run.latency_us(50.0),
            p99_us: run.latency_us(99.0),
        })
    }

    async fn fill(&self, dataset: Dataset) -> anyhow::Result<Run> {
        let begun = Instant::now();
        futures_util::stream::iter(dataset.appends().map(|events| self.side.fill(events)))
            .buffered(FILLING)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await?;
        Ok(whole(dataset.event_count, begun))
    }

    async fn append(&mut self, clients: u64, batch: u64, time: Duration) -> anyhow::Result<Run> {
        let first = self.next_stream;
        self.next_stream += clients;
        let tasks = (0..clients).map(|client| {
            let side = Arc::clone(&self.side);
            let number = first + client;
            let mut writer = Writer::new(stream_name(number), 0, number);
            tokio::spawn(async move {
                let ask = || side.append(client as usize, writer.next_events(batch));
                timing::repeat_async(time, ask).await
            })
        });
        joined(tasks.collect()).await
    }

    async fn scan(&self) -> anyhow::Result<Run> {
        let side = Arc::clone(&self.side);
        let scanning = tokio::spawn(async move {
            let begun = Instant::now();
            anyhow::Ok(whole(side.scan().await?, begun))
        });
        scanning.await?
    }

    async fn read(&self, clients: u64, streams: u64, time: Duration) -> anyhow::Result<Run> {
        let tasks = (0..clients).map(|client| {
            let side = Arc::clone(&self.side);
            let mut source = Source::new(client);
            tokio::spawn(async move {
                let ask = || {
                    let (side, stream) = (&side, stream_name(source.below(streams)));
                    async move { side.read_stream(client as usize, &stream).await }
                };
                timing::repeat_async(time, ask).await
            })
        });
        joined(tasks.collect()).await
    }
}

/// One operation that was about all of them.
fn whole(events: u64, begun: Instant) -> Run {
    let mut run = Run::empty();
    run.took = begun.elapsed();
    run.note(events, run.took);
    run
}

async fn joined(tasks: Vec<tokio::task::JoinHandle<anyhow::Result<Run>>>) -> anyhow::Result<Run> {
    let mut all = Run::empty();
    for task in tasks {
        all.join(&task.await??);
    }
    Ok(all)
}
