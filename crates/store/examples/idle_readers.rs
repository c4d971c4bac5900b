//! What an append costs while thousands of subscriptions wait for something else.
//!
//! Why: a service of ten thousand sessions has ten thousand filtered readers, nearly all of them
//! idle. One thread, a disk in memory: what is shown is processor time.
//!
//! ```text
//! cargo run --release -p headwater-store --example idle_readers
//! ```

#![expect(clippy::print_stdout, reason = "it shows figures")]

use headwater_env::{MemDisk, OsEntropy, SystemClock};
use headwater_model::{
    Append, ContextName, Delivery, EventId, EventStore, EventType, ExpectedRevision, NewEvent,
    Query, Start, StreamName, Subscribe,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const READER_COUNT: u128 = 10_000;

/// How long each case is measured.
const SPAN: Duration = Duration::from_secs(2);

fn stream(name: String) -> anyhow::Result<StreamName> {
    Ok(StreamName::new(name)?)
}

fn append(n: u128) -> anyhow::Result<Append> {
    let event = NewEvent::json(EventId(Uuid::from_u128(n)), EventType::new("SeatTaken")?, "{}");
    Ok(Append::to(stream(format!("seat-{}", n % 1_000))?, ExpectedRevision::Any, vec![event]))
}

/// Readers of one stream each that nobody writes to, or of everything.
async fn measure(readers: u128, of_everything: bool) -> anyhow::Result<()> {
    let environment = Environment {
        disk: Arc::new(MemDisk::new()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let options = Options::inline(64 * 1_024 * 1_024);
    let name = ContextName::new("idle")?;
    let context = EmbeddedContext::open(&environment, name, Path::new("/idle"), &options)?;
    let context = Arc::new(context);
    let steps = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..readers {
        let query = match of_everything {
            true => Query::all(),
            false => Query::stream(stream(format!("order-{n}"))?),
        };
        let mut reader = context.subscribe(Subscribe { query, start: Start::Beginning }).await?;
        let steps = Arc::clone(&steps);
        tasks.spawn(async move {
            while let Ok(Delivery::Events { .. } | Delivery::CaughtUp { .. }) = reader.next().await
            {
                steps.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::task::yield_now().await;
    let (began, first) = (Instant::now(), steps.load(Ordering::Relaxed));
    let mut count = 0;
    while began.elapsed() < SPAN {
        count += 1;
        context.append(append(count)?).await?;
        tokio::task::yield_now().await;
    }
    let micros = began.elapsed().as_secs_f64() * 1e6 / count as f64;
    let steps = (steps.load(Ordering::Relaxed) - first) as f64 / count as f64;
    let what = if of_everything { "of everything" } else { "of other streams" };
    println!(
        "{readers:>6} readers {what:16} {micros:>9.1} µs an append, {steps:>8.1} steps of readers"
    );
    tasks.shutdown().await;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    measure(0, false).await?;
    measure(READER_COUNT, false).await?;
    measure(100, true).await?;
    measure(READER_COUNT, true).await
}
