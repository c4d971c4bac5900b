//! From append to subscriber: how long until a reader that waits has the event.

use super::Bench;
use crate::embedded::Headwater;
use crate::event::{Writer, stream_name};
use crate::report::Table;
use crate::timing::{self, Run};
use headwater_model::{Delivery, Query, Start, Subscribe, Subscription};
use std::time::Instant;
use tokio::sync::mpsc;

/// Latency of an append, and until the event is in the subscriber's hands.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let dir = bench.dir.join("deliver");
    crate::folder::empty(&dir)?;
    let headwater = Headwater::open(&dir.join("headwater"))?;
    let mut writer = Writer::new(stream_name(0), 0, 0);
    let (mut appended, mut delivered) = (Vec::new(), Vec::new());
    for _ in 0..bench.budget.round_count {
        let turn = turn(bench, &headwater, &mut writer);
        let (append, delivery) = bench.runtime.block_on(turn)?;
        appended.push(append);
        delivered.push(delivery);
    }
    let mut table = Table::new("deliver: 1 event to a waiting subscription", &["p50 µs", "p99 µs"]);
    for (name, runs) in [("append", &appended), ("delivery", &delivered)] {
        let percentile = |p| timing::median(runs.iter().map(|run: &Run| run.latency_us(p)));
        table.row(name, [percentile(50.0), percentile(99.0)]);
    }
    table.note("both from the moment the append is asked for; the subscriber is a task of its own");
    Ok(table)
}

async fn turn(
    bench: &Bench,
    headwater: &Headwater,
    writer: &mut Writer,
) -> anyhow::Result<(Run, Run)> {
    let subscribe = Subscribe { query: Query::all(), start: Start::Now };
    let subscription = headwater.store().subscribe(subscribe).await?;
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let reader = tokio::spawn(note_arrivals(subscription, arrived));
    let (mut append, mut delivery) = (Run::empty(), Run::empty());
    let start = Instant::now();
    while start.elapsed() < bench.budget.round {
        let before = Instant::now();
        headwater.append(writer.next_events(1)).await?;
        append.note(1, before.elapsed());
        let Some(arrival) = arrivals.recv().await else { anyhow::bail!("the subscription ended") };
        delivery.note(1, arrival - before);
    }
    reader.abort();
    Ok((append, delivery))
}

/// Tells when each event came, until nobody listens.
async fn note_arrivals(
    mut subscription: Box<dyn Subscription>,
    arrived: mpsc::UnboundedSender<Instant>,
) -> anyhow::Result<()> {
    loop {
        if let Delivery::Events { events, .. } = subscription.next().await? {
            let now = Instant::now();
            for _ in events {
                arrived.send(now)?;
            }
        }
    }
}
