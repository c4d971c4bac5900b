//! Readers that wait, and readers that do not read: what the server pays for them.
//!
//! Why: thousands of services subscribe and mostly nothing concerns them; and one that has hung must
//! cost nobody else anything.

use super::Bench;
use crate::child::Running;
use crate::drive::Task;
use crate::folder;
use crate::report::{Bound, Table};
use crate::timing;
use crate::wire::{Driver, open_native};
use anyhow::Context;
use headwater_model::{Delivery, Query, Start, Subscribe, Subscription};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Subscriptions of one connection: HTTP/2 allows a thousand requests on it.
const EACH: usize = 1_000;

/// Connections.
const CLIENT_COUNT: usize = 10;

/// Readers that take a byte a second.
const SLOW_COUNT: usize = 1_000;

/// Resident MiB of a server with ten thousand idle subscriptions.
pub(crate) fn idle(bench: &Bench) -> anyhow::Result<Table> {
    let (server, address) = start(bench, "idle")?;
    let before = resident_mebibytes(server.id())?;
    let waiting = bench.runtime.block_on(subscribe(&address))?;
    let after = resident_mebibytes(server.id())?;
    let count = waiting.len();
    drop(waiting);
    server.kill()?;
    let mut table = Table::new(format!("idle: {count} subscriptions"), &["resident MiB"]);
    table.row("none", [before]);
    table.row("all idle", [after]);
    table.goal("resident MiB", after, Bound::AtMost(256.0));
    Ok(table)
}

/// Subscriptions that have caught up and wait.
async fn subscribe(address: &str) -> anyhow::Result<Vec<Box<dyn Subscription>>> {
    let mut waiting = Vec::with_capacity(CLIENT_COUNT * EACH);
    for _ in 0..CLIENT_COUNT {
        let context = open_native(address).await?;
        for _ in 0..EACH {
            let all = Subscribe { query: Query::all(), start: Start::Beginning };
            let mut subscription = context.subscribe(all).await?;
            let first = subscription.next().await?;
            anyhow::ensure!(matches!(first, Delivery::CaughtUp { .. }), "the context is empty");
            waiting.push(subscription);
        }
    }
    Ok(waiting)
}

/// Appends a second beside a thousand readers that take a byte a second each, and without them.
pub(crate) fn slow(bench: &Bench) -> anyhow::Result<Table> {
    let (server, address) = start(bench, "slow")?;
    let mut driver = Driver::own("drive-headwater", &address)?;
    driver.run(Task::Fill { event_count: bench.small.event_count / 10 })?;
    let mut round = || -> anyhow::Result<Vec<f64>> {
        let ms = u64::try_from(bench.budget.round.as_millis()).unwrap_or(u64::MAX);
        let task = Task::Append { client_count: 64, batch_count: 1, ms };
        (0..bench.budget.round_count).map(|_| Ok(driver.run(task)?.events_per_second())).collect()
    };
    round()?;
    let alone = timing::median(round()?);
    let readers = SlowReaders::start(&address)?;
    let beside = timing::median(round()?);
    let resident = resident_mebibytes(server.id())?;
    readers.stop();
    driver.stop()?;
    server.kill()?;
    let title = format!("slow: 64 writers beside {SLOW_COUNT} readers of a byte a second");
    let mut table = Table::new(title, &["events/s", "resident MiB"]);
    table.row("alone", [alone, f64::NAN]);
    table.row("beside them", [beside, resident]);
    table.goal("events/s beside them over alone", beside / alone, Bound::AtLeast(0.9));
    Ok(table)
}

/// Sockets that ask for everything and take a byte a second.
struct SlowReaders {
    stopped: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl SlowReaders {
    fn start(address: &str) -> anyhow::Result<Self> {
        let ask = format!(
            "GET /v1/contexts/default/events?from=start HTTP/1.1\r\nHost: {address}\r\n\
             Accept: text/event-stream\r\n\r\n"
        );
        let mut sockets = Vec::with_capacity(SLOW_COUNT);
        for _ in 0..SLOW_COUNT {
            let mut socket = TcpStream::connect(address)?;
            socket.write_all(ask.as_bytes())?;
            let mut status = [0; 12];
            socket.read_exact(&mut status)?;
            anyhow::ensure!(status.ends_with(b"200"), "{}", String::from_utf8_lossy(&status));
            socket.set_nonblocking(true)?;
            sockets.push(socket);
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                for socket in &mut sockets {
                    // Nothing there is as slow as a byte.
                    let _ = socket.read(&mut [0]);
                }
                std::thread::park_timeout(Duration::from_secs(1));
            }
        });
        Ok(Self { stopped, thread })
    }

    fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        // It ends by itself, and cannot fail.
        let _ = self.thread.join();
    }
}

/// A server over an empty store, and where it listens.
fn start(bench: &Bench, name: &str) -> anyhow::Result<(Running, String)> {
    let dir = bench.dir.join(name);
    folder::empty(&dir)?;
    let mut server = Running::start("serve-headwater", &dir)?;
    let address = server.line()?;
    Ok((server, address))
}

fn resident_mebibytes(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.context("the system tells no VmRSS")?.parse::<f64>()? / 1_024.0)
}
