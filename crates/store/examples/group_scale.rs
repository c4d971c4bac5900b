//! How fast a consumer group is: events by members, on this machine's disk, every ack durable.
//!
//! ```text
//! cargo run --release -p headwater-store --example group_scale -- 1000000 64 100000
//! ```
//! Events, members, keys. The events are appended first; what is timed is taking and acking all.
#![expect(clippy::print_stdout, reason = "an example that reports figures")]

use anyhow::{Context, Result, ensure};
use headwater_model::{
    Append, ConsumerGroups, ContextName, DeliveryId, EventId, EventType, ExpectedRevision,
    GroupName, GroupSettings, NewEvent, Query, Start, StreamName,
};
use headwater_store::{EmbeddedContext, EmbeddedStore};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use uuid::Uuid;

/// Deliveries asked for at a time.
const TAKE: usize = 64;

fn main() -> Result<()> {
    let arguments: Vec<u64> =
        std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let (events, members, keys) = match arguments.as_slice() {
        [events, members, keys] => (*events, *members, *keys),
        _ => (100_000, 64, 10_000),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(events, members, keys))
}

async fn run(events: u64, members: u64, keys: u64) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let store = EmbeddedStore::open(dir.path())?;
    let context = store.embedded(&ContextName::new("scale")?)?;
    let begun = Instant::now();
    fill(&context, events, keys)?;
    println!("{events} events of {keys} keys appended in {:.1?}", begun.elapsed());

    let name = GroupName::new("scale")?;
    let settings = GroupSettings { member_count_max: 1_024, ..GroupSettings::over(Query::all()) };
    context.create_group(name.clone(), settings, Start::Beginning).await?;
    let (begun, acked) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut working = tokio::task::JoinSet::new();
    for _ in 0..members {
        let (context, name, acked) = (Arc::clone(&context), name.clone(), Arc::clone(&acked));
        working.spawn(async move { work(&context, name, &acked, events).await });
    }
    while acked.load(Ordering::SeqCst) < events {
        // Whoever acks the last ends; the others wait for events that do not come.
        working.join_next().await.context("somebody works")???;
    }
    let took = begun.elapsed();
    working.shutdown().await;
    let info = context.group(name).await?;
    ensure!(info.lag_count == 0 && info.redelivered_count == 0, "all of it, once: {info:?}");
    let rate = events as f64 / took.as_secs_f64();
    println!("{members} members took and acked them in {took:.2?}: {rate:.0} events/s");
    Ok(())
}

/// Appends the events, many at a time, in an order that is not that of the keys.
fn fill(context: &EmbeddedContext, events: u64, keys: u64) -> Result<()> {
    let done = EventType::new("Done")?;
    for first in (0..events).step_by(1_000) {
        let append = |n: u64| -> Result<Append> {
            let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys;
            let id = EventId(Uuid::from_u128(u128::from(n) + 1));
            let event = NewEvent::json(id, done.clone(), vec![b' '; 256]);
            let stream = StreamName::of("key", &key.to_string())?;
            Ok(Append::to(stream, ExpectedRevision::Any, vec![event]))
        };
        let batch: Vec<_> =
            (first..(first + 1_000).min(events)).map(append).collect::<Result<_>>()?;
        for answer in context.append_all_blocking(batch) {
            answer?;
        }
    }
    Ok(())
}

async fn work(
    context: &EmbeddedContext,
    name: GroupName,
    acked: &AtomicU64,
    events: u64,
) -> Result<()> {
    let member = context.join_group(name, "scale".into()).await?;
    loop {
        let taken = member.next(TAKE).await?;
        let ids: Vec<DeliveryId> = taken.iter().map(|delivery| delivery.id).collect();
        let count = ids.len() as u64;
        member.ack(ids).await?;
        if acked.fetch_add(count, Ordering::SeqCst) + count >= events {
            return Ok(());
        }
    }
}
