//! How the index fares with a million, ten million, a hundred million events.
//!
//! ```text
//! cargo run --release -p headwater-store --example index_scale -- 1000000 10000000
//! ```
//! Each count is built in one process and asked in another, so that the memory that is reported
//! is what an opened index takes, not what building it left behind.
//!
//! Streams have ten events. `near`: 100,000 streams are written to at a time, so that a stream's
//! events lie within a million; `far`: all streams are, from the first event to the last, which is
//! the worst there is.
#![expect(clippy::print_stdout, reason = "an example that reports figures")]

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use headwater_env::OsDisk;
use headwater_model::{Direction, EventId, From, Position, Revision, Timestamp};
use headwater_store::index::{Entry, Index, IndexOptions, Place, Term};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const STREAM_EVENTS: u64 = 10;
const NEAR_STREAMS: u64 = 100_000;
const RECORD_BYTES: u64 = 330;
const SEGMENT_EVENTS: u64 = 256 * 1_024 * 1_024 / RECORD_BYTES;
const CACHE_BYTES: usize = 32 * 1_024 * 1_024;
const ROUNDS: u64 = 50_000;
const TYPES: [&str; 4] = ["OrderPlaced", "OrderPaid", "OrderPacked", "OrderSent"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["build", dir, events, spread] => build(Path::new(dir), &History::new(events, spread)?),
        ["ask", dir, events, spread] => ask(Path::new(dir), &History::new(events, spread)?),
        [] => compare(&["1000000"]),
        counts => compare(counts),
    }
}

/// Builds and asks each count, in processes of their own.
fn compare(counts: &[&str]) -> Result<()> {
    let own = std::env::current_exe().context("this program")?;
    for count in counts {
        for spread in ["near", "far"] {
            let dir = tempfile::tempdir().context("a directory")?;
            println!("\n{count} events, streams {spread}");
            for step in ["build", "ask"] {
                let mut command = Command::new(&own);
                let command = command.arg(step).arg(dir.path()).arg(count).arg(spread);
                ensure!(command.status().context(step)?.success(), "{step} failed");
            }
        }
    }
    Ok(())
}

/// Which event is whose.
struct History {
    events: u64,
    /// Streams that are written to at a time.
    open: u64,
}

impl History {
    fn new(events: &str, spread: &str) -> Result<Self> {
        let events: u64 = events.parse().context("a count of events")?;
        let streams = events / STREAM_EVENTS;
        let open = if spread == "far" { streams } else { streams.min(NEAR_STREAMS) };
        Ok(Self { events: streams / open * open * STREAM_EVENTS, open })
    }

    fn streams(&self) -> u64 {
        self.events / STREAM_EVENTS
    }

    fn stream_of(&self, position: u64) -> (u64, u64) {
        let group = position / (self.open * STREAM_EVENTS);
        let within = position % (self.open * STREAM_EVENTS);
        (group * self.open + within % self.open, within / self.open)
    }
}

/// Names in no order, as ids are.
fn stream_name(stream: u64) -> String {
    format!("order-{:016x}", stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn event_id(n: u64) -> EventId {
    let high = n.wrapping_mul(0xd6e8_feb8_6659_fd93);
    EventId(Uuid::from_u128(u128::from(high) << 64 | u128::from(n)))
}

fn open(dir: &Path) -> Result<Index> {
    let (disk, dir) = (Arc::new(OsDisk::new()), dir.join("index"));
    Ok(Index::open(IndexOptions { disk, dir, identity: 1, cache_bytes_max: CACHE_BYTES })?)
}

fn build(dir: &Path, history: &History) -> Result<()> {
    let index = open(dir)?;
    let mut added = Histogram::<u64>::new(3)?;
    let (mut sealed, mut merged) = (Duration::ZERO, Duration::ZERO);
    for position in 0..history.events {
        let (stream, revision) = history.stream_of(position);
        let (segment, n) = (position / SEGMENT_EVENTS, position % SEGMENT_EVENTS);
        let name = stream_name(stream);
        let entry = Entry {
            position: Position(position),
            place: Place { segment: segment as u32, at: (n * RECORD_BYTES) as u32 },
            stream: &name,
            revision: Revision(revision),
            id: event_id(position),
            event_type: TYPES[(revision % 4) as usize],
            tags: &[],
            recorded_at: Timestamp::from_micros(position / 16 * 100),
        };
        let began = Instant::now();
        index.add(&[entry])?;
        added.record(began.elapsed().as_nanos() as u64)?;
        if n == 0 {
            let began = cpu_time()?;
            while index.seal_step()? {}
            sealed += cpu_time()? - began;
            let began = cpu_time()?;
            while index.merge_step(&|| true)? {}
            merged += cpu_time()? - began;
        }
    }
    let each = |span: Duration| span.as_nanos() as f64 / history.events as f64;
    let (p50, p99) = (added.value_at_quantile(0.5), added.value_at_quantile(0.99));
    println!("  add {p50} ns p50, {p99} ns p99");
    println!("  seal {:.0} ns of CPU an event, merge {:.0}", each(sealed), each(merged));
    Ok(())
}

fn ask(dir: &Path, history: &History) -> Result<()> {
    let mut bytes = 0;
    let mut runs = 0;
    for entry in std::fs::read_dir(dir.join("index"))? {
        bytes += entry?.metadata()?.len();
        runs += 1;
    }
    let before = resident_bytes()?;
    let began = Instant::now();
    let index = open(dir)?;
    let opened = began.elapsed();
    let known = index.end().0;
    println!("  {runs} runs of {known} events, {:.1} bytes an event", bytes as f64 / known as f64);
    let taken = resident_bytes()?.saturating_sub(before) / 1_024;
    println!("  opened in {} µs, {taken} KiB resident for it", opened.as_micros());
    // Streams that are wholly in runs: the rest would be told from the last segment.
    let streams = history.streams().min(known / STREAM_EVENTS / history.open * history.open);
    let streams = if streams == 0 { history.streams() } else { streams };
    for round in ["first", "again"] {
        println!("  asked {round} (µs p50 / p99, {ROUNDS} each)");
        ask_streams(&index, streams, round == "first")?;
    }
    let taken = resident_bytes()?.saturating_sub(before) / (1_024 * 1_024);
    println!("  {taken} MiB resident after all that, {} MiB of it may be cache", CACHE_BYTES >> 20);
    Ok(())
}

fn ask_streams(index: &Index, streams: u64, first: bool) -> Result<()> {
    let snapshot = index.snapshot(index.end());
    let salt = if first { 0x1111 } else { 0x2222 };
    let any = |n: u64| (n ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    report("read 10 events of a stream", |n| {
        let name = stream_name(any(n) % streams);
        let read = snapshot.read_stream(&name, From::Edge, Direction::Forwards, 1_000)?;
        for (_, position) in &read.events {
            snapshot.locate(*position)?;
        }
        Ok(())
    })?;
    report("append to a stream: head, id is new", |n| {
        let check = {
            let ids = [event_id(u64::MAX - n)];
            snapshot.check(&stream_name(any(n) % streams), &ids, Position::ZERO)?
        };
        ensure!(check.head.is_some(), "the stream is there");
        Ok(())
    })?;
    report("append to a new stream", |n| {
        let check = {
            let ids = [event_id(u64::MAX - n)];
            snapshot.check(&stream_name(u64::MAX / 2 + any(n)), &ids, Position::ZERO)?
        };
        ensure!(check.head.is_none(), "the stream is new");
        Ok(())
    })?;
    report("a type's next event behind any position", |n| {
        let mut cursor = snapshot.postings(Term::Type(TYPES[0]))?.cursor(Direction::Forwards);
        cursor.seek(Position(any(n) % snapshot.until().0))?;
        cursor.next()?;
        Ok(())
    })
}

fn report(what: &str, mut ask: impl FnMut(u64) -> Result<()>) -> Result<()> {
    let mut spans = Histogram::<u64>::new(3)?;
    for n in 0..ROUNDS {
        let began = Instant::now();
        ask(n)?;
        spans.record(began.elapsed().as_nanos() as u64)?;
    }
    let micros = |quantile| spans.value_at_quantile(quantile) as f64 / 1_000.0;
    println!("    {:>7.2} / {:>7.2}  {what}", micros(0.5), micros(0.99));
    Ok(())
}

/// How long this thread has run: what sealing and merging cost, whoever else is busy.
fn cpu_time() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("a Linux system")?;
    let nanos = text.split(' ').next().context("a number")?.parse().context("a number")?;
    Ok(Duration::from_nanos(nanos))
}

/// What the system says this process holds in memory.
fn resident_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("a Linux system")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().context("a number")?;
    Ok(kib * 1_024)
}
