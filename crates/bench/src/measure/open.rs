//! Opening a store: after a clean stop, and after its process was killed while it wrote.

use super::Bench;
use super::stored::{large_dir, open_large};
use crate::child::Running;
use crate::embedded::Headwater;
use crate::event::{Writer, stream_name};
use crate::report::{Bound, Table};
use crate::timing;
use std::path::Path;
use std::time::Instant;

/// Times that the store is opened in each way.
const ROUND_COUNT: usize = 3;

/// Events that the child appends before it says that it may be killed: more than a segment holds.
const CHILD_EVENT_COUNT: u64 = 250_000;

/// Events of one append of the child.
const CHILD_BATCH_COUNT: u64 = 500;

/// Milliseconds until the store is open and its head is known.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    open_large(bench)?.close()?;
    let dir = large_dir(bench);
    let (mut clean, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..ROUND_COUNT {
        clean.push(open_once(bench, &dir)?);
        let mut child = Running::start("append-until-killed", &dir)?;
        child.line()?;
        child.kill()?;
        killed.push(open_once(bench, &dir)?);
    }
    let title = format!("open: {} events", bench.large.event_count);
    let mut table = Table::new(title, &["ms"]);
    let (clean, killed) = (timing::median(clean), timing::median(killed));
    table.row("clean stop", [clean]);
    table.row("kill -9", [killed]);
    table.goal("ms after a clean stop", clean, Bound::AtMost(100.0));
    table.goal("ms after kill -9", killed, Bound::AtMost(1_000.0));
    table.note(format!("the killed process had appended {CHILD_EVENT_COUNT} events and more"));
    Ok(table)
}

/// Opens the store, asks for its head, and closes it again; the milliseconds until the answer.
fn open_once(bench: &Bench, dir: &Path) -> anyhow::Result<f64> {
    let start = Instant::now();
    let headwater = Headwater::open(dir)?;
    let head = headwater.head()?;
    let took = start.elapsed();
    anyhow::ensure!(head.is_some_and(|head| head.0 + 1 >= bench.large.event_count), "events lost");
    headwater.close()?;
    Ok(took.as_secs_f64() * 1_000.0)
}

/// The child: appends to a stream of its own, tells when it has done enough, and goes on.
pub(crate) fn append_until_killed(dir: &Path) -> anyhow::Result<()> {
    let headwater = Headwater::open(dir)?;
    let stream = stream_name(u64::from(std::process::id()) + (1 << 32));
    let mut writer = Writer::new(stream, 0, 0);
    let mut count = 0;
    loop {
        let before = count;
        count += headwater.append_blocking(writer.next_events(CHILD_BATCH_COUNT))?;
        if before < CHILD_EVENT_COUNT && count >= CHILD_EVENT_COUNT {
            println!("appending");
        }
    }
}
