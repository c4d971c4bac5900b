//! The room itself: how much comes back, and what it costs.

use super::twins::ALL;
use headwater_conformance::sample::{event, stream};
use headwater_env::{Entropy, OsDisk, OsEntropy, SystemClock};
use headwater_model::{
    Append, ContextName, EventStore, ExpectedRevision, NewEvent, ScavengeAsked, ScavengeProgress,
    StreamChange, StreamSettings,
};
use headwater_store::{Background, EmbeddedContext, Environment, Options};
use std::path::Path;
use std::sync::Arc;

use crate::sim::world::ready;

fn open(dir: &Path) -> EmbeddedContext {
    let environment = Environment {
        disk: Arc::new(OsDisk::new()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy) as Arc<dyn Entropy>,
    };
    let options = Options { background: Background::Inline, ..Options::inline(256 * 1_024) };
    let name = ContextName::new("room").expect("a name");
    EmbeddedContext::open(&environment, name, dir, &options).expect("it opens")
}

fn segment_bytes(dir: &Path) -> u64 {
    let names = std::fs::read_dir(dir.join("journal")).expect("it is there");
    let files = names.map(|name| name.expect("a name").path());
    let segments = files.filter(|path| path.extension().is_some_and(|own| own == "seg"));
    segments.map(|path| path.metadata().expect("it is there").len()).sum()
}

/// Nine of ten events are hidden.
fn written(dir: &Path, count: u128) -> EmbeddedContext {
    let store = open(dir);
    for n in 0..count {
        let name = if n % 10 == 0 { "order-kept" } else { "order-deleted" };
        let event = NewEvent { payload: vec![b'x'; 900].into(), ..event(n + 1) };
        store
            .append_blocking(Append::to(stream(name), ExpectedRevision::Any, vec![event]))
            .expect("a good day");
    }
    let deleted =
        store.change_stream(stream("order-deleted"), ExpectedRevision::Any, StreamChange::Delete);
    ready(deleted).expect("now").expect("it is deleted");
    store
}

fn scavenge(store: &EmbeddedContext, asked: ScavengeAsked) -> ScavengeProgress {
    let port = store.scavenge().expect("it can");
    ready(port.start_scavenge(asked)).expect("now").expect("it begins");
    while store.scavenge_step().expect("a good day") {}
    ready(port.scavenge_progress()).expect("now").expect("it is known")
}

/// Files that were removed and are still held by this process.
fn removed_but_held(dir: &Path) -> usize {
    let dir = dir.display().to_string();
    let handles = std::fs::read_dir("/proc/self/fd").expect("this is Linux");
    let targets = handles.filter_map(|handle| std::fs::read_link(handle.ok()?.path()).ok());
    let texts = targets.map(|target| target.display().to_string());
    texts.filter(|text| text.starts_with(&dir) && text.ends_with("(deleted)")).count()
}

#[test]
fn the_room_of_what_is_hidden_comes_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = written(dir.path(), 4_000);
    let before = segment_bytes(dir.path());
    let done = scavenge(&store, ALL);
    let after = segment_bytes(dir.path());
    assert_eq!(before - after, done.bytes_freed, "what it says is what the disk says");
    assert!(after * 100 < before * 40, "of {before} bytes {after} are left");
    assert_eq!(removed_but_held(dir.path()), 0, "nobody reads the old files any more");
    let again = scavenge(&store, ALL);
    assert_eq!((again.bytes_read, again.segments_done), (0, 0), "nothing is read in vain");
}

/// Ten times as much costs ten times as much, in bytes: a segment costs the same among many.
#[test]
fn ten_times_the_segments_cost_ten_times_the_bytes() {
    let cost = |count| {
        let dir = tempfile::tempdir().expect("a directory");
        let done = scavenge(&written(dir.path(), count), ALL);
        (done.segments_done, (done.bytes_read + done.bytes_written) as f64)
    };
    let ((few, cost_of_few), (many, cost_of_many)) = (cost(1_200), cost(12_000));
    assert!(many >= 10 * few, "{many} segments beside {few}");
    let ratio = cost_of_many / many as f64 / (cost_of_few / few as f64);
    assert!((0.95..1.05).contains(&ratio), "a segment among many costs {ratio} of one among few");
}

/// A segment of which little would become free is not written for it, and is not forgotten.
#[test]
fn little_is_not_worth_a_segment() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path());
    for n in 0..3_000_u128 {
        let name = if n % 10 == 0 { "order-cut" } else { "order-kept" };
        let event = NewEvent { payload: vec![b'x'; 900].into(), ..event(n + 1) };
        store
            .append_blocking(Append::to(stream(name), ExpectedRevision::Any, vec![event]))
            .expect("a good day");
    }
    let settings = StreamSettings { count_max: Some(1), ..StreamSettings::default() };
    let changed = store.change_stream(
        stream("order-cut"),
        ExpectedRevision::Any,
        StreamChange::Settings(settings),
    );
    ready(changed).expect("now").expect("it is cut");
    let done = scavenge(&store, ScavengeAsked { freed_percent_min: 30, ..ALL });
    assert_eq!((done.segments_rewritten, done.bytes_freed), (0, 0), "{done:?}");
    assert!(done.segments_done > 0);
    let done = scavenge(&store, ScavengeAsked { freed_percent_min: 1, ..ALL });
    assert!(done.segments_rewritten > 0 && done.events_removed > 30, "{done:?}");
}
