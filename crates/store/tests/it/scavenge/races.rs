//! Appends, reads and a subscription beside scavenge after scavenge, on threads.

use super::twins::ALL;
use crate::sim::world::everything;
use headwater_conformance::sample::{event, stream};
use headwater_env::{MemDisk, OsEntropy, SystemClock};
use headwater_model::{
    Append, ContextName, Delivery, EventStore, ExpectedRevision, From, NewEvent, ReadAll,
    ReadStream, ScavengeAsked, ScavengeError, ScavengePhase, Start, StreamChange, StreamSettings,
    Subscribe,
};
use headwater_store::{Background, EmbeddedContext, Environment, Options};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const EVENT_COUNT: u128 = 6_000;
const STREAM_COUNT: u128 = 8;

fn open() -> Arc<EmbeddedContext> {
    open_on(&MemDisk::new())
}

fn open_on(disk: &MemDisk) -> Arc<EmbeddedContext> {
    let environment = Environment {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let options = Options { background: Background::Threads, ..Options::inline(32_768) };
    let name = ContextName::new("race").expect("a name");
    let dir = Path::new("/race");
    Arc::new(EmbeddedContext::open(&environment, name, dir, &options).expect("it opens"))
}

fn name_of(n: u128) -> headwater_model::StreamName {
    stream(&format!("order-{}", n % STREAM_COUNT))
}

/// What was written as event `n`, so that a reader knows what it must find.
fn payload(n: u128) -> Vec<u8> {
    vec![(n % 251) as u8; usize::try_from(n % 700).expect("it is small")]
}

fn append_all(store: &EmbeddedContext) {
    for n in 1..=EVENT_COUNT {
        let event = NewEvent { payload: payload(n).into(), ..event(n) };
        store
            .append_blocking(Append::to(name_of(n), ExpectedRevision::Any, vec![event]))
            .expect("an append is not in the way of a scavenge");
    }
}

fn is_as_written(event: &headwater_model::RecordedEvent) {
    let n = event.id.0.as_u128();
    assert_eq!(&event.payload[..], payload(n), "event {n}");
    assert_eq!(event.stream, name_of(n), "event {n}");
}

/// R1, D1: pages of a stream and of all are in order, each event as it was written.
fn read_on(store: &EmbeddedContext, stop: &AtomicBool) {
    let mut turn = 0;
    while !stop.load(Ordering::SeqCst) {
        let read = ReadStream { count_max: 50, ..ReadStream::forwards(name_of(turn)) };
        let page = store.read_stream_blocking(&read).expect("a page");
        let revisions: Vec<_> = page.events.iter().map(|event| event.revision).collect();
        assert!(revisions.windows(2).all(|two| two[0] < two[1]), "{revisions:?}");
        page.events.iter().for_each(is_as_written);
        let mut all =
            ReadAll { count_max: 300, ..ReadAll::forwards(headwater_model::Query::all()) };
        while let Some(next) = {
            let page = store.read_all_blocking(&all).expect("a page");
            page.events.iter().for_each(is_as_written);
            page.next
        } {
            all.from = From::At(next);
        }
        turn += 1;
    }
}

/// R3: whoever is at the end sees every event that shows when it comes, once, in order.
async fn follow(store: &EmbeddedContext) {
    let subscribe = Subscribe { query: everything(), start: Start::Beginning };
    let mut follower = store.subscribe(subscribe).await.expect("it follows");
    let mut last = None;
    while last < Some(EVENT_COUNT) {
        let Delivery::Events { events, .. } = follower.next().await.expect("it goes on") else {
            continue;
        };
        for event in events.iter().filter(|event| !event.stream.is_system()) {
            is_as_written(event);
            let n = Some(event.id.0.as_u128());
            assert!(last < n, "{n:?} behind {last:?}");
            last = n;
        }
    }
}

#[test]
fn readers_and_writers_do_not_notice() {
    let store = open();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for n in 0..STREAM_COUNT - 1 {
        let settings = StreamSettings { count_max: Some(20), ..StreamSettings::default() };
        let change = StreamChange::Settings(settings);
        let changed = store.change_stream(name_of(n), ExpectedRevision::Any, change);
        runtime.block_on(changed).expect("it is changed");
    }
    let stop = AtomicBool::new(false);
    let freed = thread::scope(|scope| {
        scope.spawn(|| read_on(&store, &stop));
        let follower = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("a runtime").block_on(follow(&store));
        });
        let writer = scope.spawn(|| append_all(&store));
        let port = store.scavenge().expect("it can");
        let mut freed = 0;
        while !(writer.is_finished() && follower.is_finished()) {
            match runtime.block_on(port.start_scavenge(ALL)) {
                Ok(_) | Err(ScavengeError::UnderWay) => thread::yield_now(),
                Err(cause) => panic!("{cause}"),
            }
            let progress = runtime.block_on(port.scavenge_progress()).expect("it is known");
            freed += progress.bytes_freed;
        }
        stop.store(true, Ordering::SeqCst);
        freed
    });
    assert!(freed > 0, "nothing was scavenged meanwhile");
}

/// Closed in the middle of a scavenge, a context goes on with it when it is opened again; stopped by
/// whoever asked, it does not.
#[test]
fn a_scavenge_that_closing_cut_short_goes_on_by_itself() {
    let disk = MemDisk::new();
    let store = open_on(&disk);
    append_all(&store);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let change = StreamChange::Delete;
    let deleted = store.change_stream(name_of(1), ExpectedRevision::Any, change);
    runtime.block_on(deleted).expect("it is deleted");
    // It comes to the end of its first segment in some hours.
    let slow = ScavengeAsked { bytes_per_second_max: 1, ..ALL };
    let port = store.scavenge().expect("it can");
    runtime.block_on(port.start_scavenge(slow)).expect("it begins");
    drop(store);
    for is_stopped in [false, true] {
        let store = open_on(&disk);
        let port = store.scavenge().expect("it can");
        let progress = || runtime.block_on(port.scavenge_progress()).expect("it is known");
        if is_stopped {
            assert_eq!(progress().phase, ScavengePhase::Idle, "nobody wants it");
            continue;
        }
        assert!(progress().phase.is_under_way(), "{:?}", progress());
        runtime.block_on(port.stop_scavenge()).expect("it stops");
        while progress().phase.is_under_way() {
            thread::yield_now();
        }
        assert_eq!(progress().phase, ScavengePhase::Stopped);
    }
}
