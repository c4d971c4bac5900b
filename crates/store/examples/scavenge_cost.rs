//! What a scavenge does in a second, and what appends notice of it.
//!
//! ```text
//! cargo run --release -p headwater-store --example scavenge_cost -- DIR [MIB]
//! ```
//! Writes so many MiB (512 unless said), of which nine of ten bytes are then deleted, and appends
//! meanwhile, one at a time: without a scavenge, beside one at the usual speed, beside one without a bound.

use headwater_conformance::sample::{event, stream};
use headwater_env::{OsDisk, OsEntropy, SystemClock};
use headwater_model::{
    Append, ContextName, EventStore, ExpectedRevision, NewEvent, ScavengeAsked, ScavengePhase,
    StreamChange,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

const PAYLOAD_BYTES: usize = 1_000;
const BATCH_COUNT: u128 = 500;
const ALONE: Duration = Duration::from_secs(4);

fn open(dir: &Path) -> Result<EmbeddedContext, Failure> {
    let environment = Environment {
        disk: Arc::new(OsDisk::new()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let name = ContextName::new("cost")?;
    Ok(EmbeddedContext::open(&environment, name, dir, &Options::default())?)
}

fn new(n: u128) -> NewEvent {
    NewEvent { payload: vec![b'x'; PAYLOAD_BYTES].into(), ..event(n) }
}

fn write(store: &EmbeddedContext, name: &str, from: u128, count: u128) -> Result<(), Failure> {
    let events = (from..from + count).map(new).collect();
    store.append_blocking(Append::to(stream(name), ExpectedRevision::Any, events))?;
    Ok(())
}

/// Appends one at a time while `goes_on`; how long each took, sorted.
fn append_while(
    store: &EmbeddedContext,
    next: &mut u128,
    goes_on: impl Fn() -> bool,
) -> Result<Vec<Duration>, Failure> {
    let mut took = Vec::new();
    while goes_on() {
        let begun = Instant::now();
        write(store, "live", *next, 1)?;
        took.push(begun.elapsed());
        *next += 1;
    }
    took.sort_unstable();
    Ok(took)
}

#[expect(clippy::print_stdout, reason = "a measurement is read by a person")]
fn told(what: &str, took: &[Duration]) {
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    println!("{what:<28} {:>7} appends, p50 {:?}, p99 {:?}", took.len(), at(50), at(99));
}

#[expect(clippy::print_stdout, reason = "a measurement is read by a person")]
fn beside(
    store: &EmbeddedContext,
    next: &mut u128,
    runtime: &tokio::runtime::Runtime,
    (what, name, bytes_per_second_max): (&str, &str, u64),
) -> Result<(), Failure> {
    let deleted = store.change_stream(stream(name), ExpectedRevision::Any, StreamChange::Delete);
    runtime.block_on(deleted)?;
    let port = store.scavenge().ok_or("it can")?;
    let begun = Instant::now();
    let asked = ScavengeAsked { bytes_per_second_max, ..ScavengeAsked::default() };
    runtime.block_on(port.start_scavenge(asked))?;
    let progress = || runtime.block_on(port.scavenge_progress()).unwrap_or_default();
    let took = append_while(store, next, || progress().phase.is_under_way())?;
    let (span, done) = (begun.elapsed().as_secs_f64(), progress());
    told(what, &took);
    let moved = (done.bytes_read + done.bytes_written) as f64 / 1e6;
    let done_all = done.phase == ScavengePhase::Done;
    println!(
        "  {} segments in {span:.1} s (whole: {done_all}): {:.0} MB freed, {:.0} MB/s read and written",
        done.segments_rewritten,
        done.bytes_freed as f64 / 1e6,
        moved / span,
    );
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let mib: u128 = arguments.next().map_or(Ok(512), |text| text.parse())?;
    let store = open(&dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut next = 1;
    for batch in 0..mib * 1_024 * 1_024 / (BATCH_COUNT * PAYLOAD_BYTES as u128) {
        let name = match batch % 10 {
            9 => "kept",
            _ if batch < mib => "first",
            _ => "second",
        };
        write(&store, name, next, BATCH_COUNT)?;
        next += BATCH_COUNT;
    }
    let begun = Instant::now();
    told("alone", &append_while(&store, &mut next, || begun.elapsed() < ALONE)?);
    let usual = ScavengeAsked::default().bytes_per_second_max;
    beside(&store, &mut next, &runtime, ("at 32 MiB/s", "first", usual))?;
    beside(&store, &mut next, &runtime, ("without a bound", "second", u64::MAX))
}
