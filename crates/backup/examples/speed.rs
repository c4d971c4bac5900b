//! How fast a backup, its check, a restore, an export and an import are on this machine.
//!
//! `cargo run --release -p headwater-backup --example speed [EVENTS] [STREAMS] [BYTES]`

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use headwater_backup::ndjson::{Export, Import, export, import};
use headwater_backup::{Archive, Restore, Take, To, Unseen, check, restore};
use headwater_env::{Disk, OsDisk, OsEntropy, SystemClock};
use headwater_model::{
    Append, ContextName, EventId, EventStore, EventType, ExpectedRevision, NewEvent, Query,
    StreamName,
};
use headwater_store::{EmbeddedContext, EmbeddedStore, Environment, Options};
use std::error::Error;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::Instant;
use uuid::Uuid;

type Done<T> = Result<T, Box<dyn Error>>;

fn main() -> Done<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut number = |usual| numbers.next().unwrap_or(Ok(usual));
    let (events, streams, bytes) = (number(300_000)?, number(1_000)?, number(300)?);
    let dir = tempfile::tempdir_in(".")?;
    let at = |name: &str| dir.path().join(name);
    let disk: Arc<dyn Disk> = Arc::new(OsDisk::new());
    let environment =
        Environment { disk, clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
    let source = EmbeddedStore::open(&at("source"))?.embedded(&ContextName::new("orders")?)?;
    fill(&source, events, streams, bytes)?;
    let archive = Archive::open_or_make(&environment.disk, &at("backups"))?;
    let contexts = [Arc::clone(&source) as Arc<dyn EventStore>];
    let take = || Take {
        archive: &archive,
        by: String::new(),
        source: String::new(),
        clock: &SystemClock,
        progress: &Unseen,
    };
    let taken = timed("backup", events, || Ok(wait(take().contexts(&contexts))?))?;
    println!("  {} MB", taken.manifest.bytes() / 1_000_000);
    timed("backup of nothing new", 0, || Ok(wait(take().contexts(&contexts))?))?;
    let checked = timed("check", events, || Ok(check(&archive, None, &Unseen)?))?;
    println!("  damage: {}", checked.damage.len());
    let asked = Restore {
        archive: &archive,
        manifest: &taken.manifest,
        contexts: &[],
        to: To::End,
        environment: environment.clone(),
        options: Options::default(),
        progress: &Unseen,
    };
    timed("restore", events, || Ok(restore(&asked, &at("restored"))?))?;
    lines(&source, events, &at("target"))
}

fn fill(store: &EmbeddedContext, events: u64, streams: u64, bytes: u64) -> Done<()> {
    let kind = EventType::new("SeatTaken")?;
    let text = "x".repeat(usize::try_from(bytes)?);
    // Neighbours are of different streams, as in a store at work.
    let one = |n: u64| {
        let stream =
            StreamName::of("order", &(n.wrapping_mul(2_654_435_761) % streams).to_string())?;
        let id = EventId(Uuid::from_u128(u128::from(n) + 1));
        let payload = format!("{{\"n\":{n},\"text\":\"{text}\"}}");
        let event = NewEvent::json(id, kind.clone(), payload);
        Ok(Append::to(stream, ExpectedRevision::Any, vec![event]))
    };
    for first in (0..events).step_by(200) {
        let appends = (first..events.min(first + 200)).map(one).collect::<Done<Vec<_>>>()?;
        store.append_all_blocking(appends).into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    Ok(())
}

fn lines(source: &EmbeddedContext, events: u64, target: &Path) -> Done<()> {
    let mut lines = Vec::new();
    let asked = Export { query: Query::all(), from: None, until: None };
    timed("export", events, || Ok(wait(export(source, &asked, &mut lines, &|_| {}))?))?;
    println!("  {} MB", lines.len() / 1_000_000);
    let target = EmbeddedStore::open(target)?.embedded(&ContextName::new("orders")?)?;
    for what in ["import", "import again"] {
        let mut from = &*lines;
        let work = || Ok(wait(import(&*target, Import::default(), &mut from, &|_| {}))?);
        let done = timed(what, events, work)?;
        println!("  {} written, {} known", done.written, done.known);
    }
    Ok(())
}

fn timed<T>(what: &str, events: u64, work: impl FnOnce() -> Done<T>) -> Done<T> {
    let begun = Instant::now();
    let done = work()?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what}: {seconds:.2} s, {:.0} events/s", events as f64 / seconds);
    Ok(done)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The store answers from its own threads; this one waits.
fn wait<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let waker = Arc::new(Unpark(std::thread::current())).into();
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}
