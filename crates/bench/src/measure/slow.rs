//! Readers that do not read: what they cost those who write.
//!
//! Why: a service that has hung keeps its connection. It must cost the server a bounded piece of memory,
//! and nobody else anything.
//!
//! Picture: all of them ask for everything from the beginning, and
//! ```text
//!   400 by our own protocol take nothing   300 by KurrentDB's an event a second   300 tails a byte a second
//! ```
//! 64 writers append without them, then beside them once they are stuck, then without them again. While
//! they come, the server fills what the system holds for each connection: that is reading, and not slow.

use super::Bench;
use crate::child::Running;
use crate::drive::{Done, Task};
use crate::report::{Bound, Table};
use crate::timing;
use crate::wire::{Answers, Crowd, Driver, readers, started};
use futures_util::FutureExt;
use headwater_wire::kurrent::event_store::client::streams::ReadResp;
use headwater_wire::v1;
use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SILENT: Crowd = Crowd { connection_count: 4, each: 100 };
const SLOW: Crowd = Crowd { connection_count: 3, each: 100 };
const TAIL_COUNT: u64 = 300;

/// What is stored before they come: more than their connections take from the server.
const STORED_EVENT_COUNT: u64 = 50_000;

/// The server is looked at so often …
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// … and is at rest within this.
const SETTLED_WITHIN: Duration = Duration::from_secs(25);

/// Memory that a thousand of them may cost, in MiB: what the server lets readers hold all together, the
/// least share of each twice, and their connections.
const GOAL_MEBIBYTES: f64 = 192.0;

/// Appends a second beside a thousand readers that do not read, over those without them.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let (server, address) = started(&bench.dir.join("slow"))?;
    let mut writers = Driver::own("drive-headwater", &address)?;
    writers.run(Task::Fill { event_count: STORED_EVENT_COUNT })?;
    let ms = u64::try_from(bench.budget.round.as_millis()).unwrap_or(u64::MAX);
    let append = Task::Append { client_count: 64, batch_count: 1, ms };
    writers.run(append)?;
    let mut rounds = || -> anyhow::Result<Vec<Done>> {
        (0..bench.budget.round_count).map(|_| writers.run(append)).collect()
    };
    let mut alone = rounds()?;
    let before = server.resident_kib()?;
    let readers = SlowReaders::start(bench, &address)?;
    settle(&server)?;
    let beside = rounds()?;
    let grown = server.resident_kib()?.saturating_sub(before) as f64 / 1_024.0;
    readers.stop()?;
    settle(&server)?;
    alone.extend(rounds()?);
    writers.stop()?;
    server.kill()?;
    let count = SILENT.count() + SLOW.count() + TAIL_COUNT;
    let title = format!("slow: 64 writers beside {count} readers that hardly read");
    let mut table = Table::new(title, &["events/s", "p99 µs"]);
    let median =
        |rounds: &[Done], figure: fn(&Done) -> f64| timing::median(rounds.iter().map(figure));
    for (name, rounds) in [("alone", &alone), ("beside them", &beside)] {
        let rate = median(rounds, Done::events_per_second);
        table.row(name, [rate, median(rounds, |done| done.p99_us)]);
    }
    let rate = |rounds: &[Done]| median(rounds, Done::events_per_second);
    let ratio = rate(&beside) / rate(&alone);
    table.goal("appends beside them over alone", ratio, Bound::AtLeast(0.9));
    table.goal("MiB that they cost the server", grown, Bound::AtMost(GOAL_MEBIBYTES));
    Ok(table)
}

/// Waits until the server has next to nothing to do: its readers have what they take, or are gone.
fn settle(server: &Running) -> anyhow::Result<()> {
    let (begun, mut before) = (Instant::now(), server.cpu_seconds()?);
    while begun.elapsed() < SETTLED_WITHIN {
        std::thread::park_timeout(LOOK_EVERY);
        let now = server.cpu_seconds()?;
        if now - before < LOOK_EVERY.as_secs_f64() / 20.0 {
            return Ok(());
        }
        before = now;
    }
    anyhow::bail!("the server is still at work after {SETTLED_WITHIN:?}")
}

/// Readers that hardly read.
struct SlowReaders {
    is_over: Arc<AtomicBool>,
    dawdling: JoinHandle<()>,
    _silent: Vec<Answers<v1::Delivery>>,
}

impl SlowReaders {
    fn start(bench: &Bench, address: &str) -> anyhow::Result<Self> {
        let silent = bench.runtime.block_on(readers::native_all(address, SILENT))?;
        let slow = bench.runtime.block_on(readers::kurrent_all(address, SLOW))?;
        let tails = readers::tails(address, "events?from=start", TAIL_COUNT)?;
        tails.iter().try_for_each(|tail| tail.set_nonblocking(true))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let dawdling = std::thread::spawn(move || dawdle(slow, tails, &told));
        Ok(Self { is_over, dawdling, _silent: silent })
    }

    fn stop(self) -> anyhow::Result<()> {
        self.is_over.store(true, Ordering::Relaxed);
        self.dawdling.thread().unpark();
        self.dawdling.join().map_err(|_| anyhow::anyhow!("the slow readers panicked"))
    }
}

/// An event a second of each, and a byte.
fn dawdle(mut slow: Vec<Answers<ReadResp>>, mut tails: Vec<TcpStream>, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        for answers in &mut slow {
            // What is not there yet is not waited for.
            let _ = answers.message().now_or_never();
        }
        for tail in &mut tails {
            let _ = tail.read(&mut [0]);
        }
        std::thread::park_timeout(Duration::from_secs(1));
    }
}
