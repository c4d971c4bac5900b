//! How fast a backup, its check, a restore, an export and an import are on this machine, beside a plain
//! copy of the same bytes, which knows nothing of what they are.
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
use std::process::Command;
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
    // What a copy of the journal's files costs: read, written, and synced, as a backup is.
    let (copied_bytes, plain) =
        timed("cp and sync", events, || copied(&at("source"), &at("copy")))?;
    let (taken, own) = timed("backup", events, || Ok(wait(take().contexts(&contexts))?))?;
    let bytes = taken.manifest.bytes();
    let per_second = |seconds: f64| bytes as f64 / 1e6 / seconds;
    // The last segment has room in front of its end: a copy takes that along.
    let plain = copied_bytes as f64 / 1e6 / plain;
    println!("  {} MB", bytes / 1_000_000);
    println!(
        "  backup {:.0} MB/s, cp and sync {:.0} MB/s: {:.2} of it",
        per_second(own),
        plain,
        per_second(own) / plain
    );
    timed("backup of nothing new", 0, || Ok(wait(take().contexts(&contexts))?))?;
    let (checked, seconds) = timed("check", events, || Ok(check(&archive, None, &Unseen)?))?;
    println!("  damage: {}, {:.0} MB/s", checked.damage.len(), per_second(seconds));
    let asked = Restore {
        archive: &archive,
        manifest: &taken.manifest,
        contexts: &[],
        to: To::End,
        environment: environment.clone(),
        options: Options::default(),
        progress: &Unseen,
    };
    let (_, seconds) = timed("restore", events, || Ok(restore(&asked, &at("restored"))?))?;
    println!("  {:.0} MB/s", per_second(seconds));
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
        let (done, _) = timed(what, events, work)?;
        println!("  {} written, {} known", done.written, done.known);
    }
    Ok(())
}

/// The segments of a store, copied by `cp` and made durable: the bytes that a backup copies, and no index.
/// Answers with how many bytes they have.
fn copied(from: &Path, to: &Path) -> Done<u64> {
    const SCRIPT: &str = r#"mkdir "$1" && find "$0" -name '*.seg' -exec cp -t "$1" -- {} + &&
        sync -f "$1" && du -sb "$1""#;
    let ended = Command::new("sh").args(["-c", SCRIPT]).arg(from).arg(to).output()?;
    let text = String::from_utf8(ended.stdout)?;
    let bytes = text.split_whitespace().next().ok_or("cp failed")?;
    Ok(bytes.parse()?)
}

/// What came of it, and in how many seconds.
fn timed<T>(what: &str, events: u64, work: impl FnOnce() -> Done<T>) -> Done<(T, f64)> {
    let begun = Instant::now();
    let done = work()?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what}: {seconds:.2} s, {:.0} events/s", events as f64 / seconds);
    Ok((done, seconds))
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
