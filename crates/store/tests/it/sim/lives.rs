//! A1, A2, A3: what was decided about streams as a whole survives, wherever the power goes.
//!
//! Settings, deletions and tombstones are events of `$$` streams; what they come to is held in
//! memory, kept in files at each seal, and made from the log when the files are gone. The three
//! must say the same.

use super::world::{World, ready};
use headwater_conformance::sample::{event, stream};
use headwater_model::{
    Append, EventStore, ExpectedRevision, ReadStream, RecordedEvent, Revision, StreamChange,
    StreamSettings, StreamState,
};
use std::path::Path;

const NAMES: [&str; 4] = ["order-1", "order-2", "order-3", "order-4"];

const SETTINGS: StreamSettings =
    StreamSettings { count_max: Some(3), age_max_ms: Some(40), truncate_before: Some(Revision(2)) };

/// Appends and changes in turn; what was acknowledged of the changes, in order.
fn run(world: &mut World) -> Vec<(&'static str, StreamChange)> {
    let settings = StreamChange::Settings(SETTINGS);
    let changes = [settings, StreamChange::Delete, StreamChange::Tombstone, StreamChange::Delete];
    let mut acknowledged = Vec::new();
    for round in 0..12_u128 {
        for (n, name) in (0..).zip(NAMES) {
            let payload = vec![b' '; 700].into();
            let event = headwater_model::NewEvent { payload, ..event(round * 10 + n) };
            world.append(Append::to(stream(name), ExpectedRevision::Any, vec![event]));
        }
        world.move_clock(9_000);
        let which = usize::try_from(round).expect("it is small");
        let (name, change) = (NAMES[which % 4], changes[which % 4]);
        let any = ExpectedRevision::Any;
        let changed = ready(world.store().change_stream(stream(name), any, change));
        if changed.expect("nothing to wait for").is_ok() {
            acknowledged.push((name, change));
        }
        if !world.disk.is_powered() {
            break;
        }
    }
    acknowledged
}

type Shown = Vec<(StreamState, Vec<RecordedEvent>)>;

fn shown(world: &World) -> Shown {
    let show = |name: &&str| {
        let state = ready(world.store().stream(stream(name))).expect("nothing to wait for");
        let page = world.store().read_stream_blocking(&ReadStream::forwards(stream(name)));
        (state.expect("looked up"), page.expect("read").events)
    };
    NAMES.iter().map(show).collect()
}

/// The changes that the `$$` streams record, by stream.
fn recorded(world: &World, name: &str) -> Vec<StreamChange> {
    let read = ReadStream::forwards(stream(name).settings_stream());
    let page = world.store().read_stream_blocking(&read).expect("read");
    page.events.iter().map(|event| StreamChange::recorded_by(event).expect("a change")).collect()
}

fn check(world: &mut World, acknowledged: &[(&str, StreamChange)], what: &str) {
    let before = shown(world);
    for name in NAMES {
        let recorded = recorded(world, name);
        let told = acknowledged.iter().filter(|(own, _)| *own == name).map(|(_, change)| *change);
        let told: Vec<_> = told.collect();
        assert!(recorded.starts_with(&told), "{what}: {name} was told {told:?}, has {recorded:?}");
        assert!(recorded.len() <= told.len() + 1, "{what}: {name} has {recorded:?}");
    }
    world.close();
    for path in world.disk.paths() {
        if !path.starts_with(Path::new("/exam/journal")) {
            world.disk.take_away(&path);
        }
    }
    world.open().expect("from the journal alone");
    assert_eq!(shown(world), before, "{what}: made from the journal alone");
}

#[test]
fn lives_and_settings_survive_wherever_the_power_goes() {
    let mut whole = World::new(0);
    whole.open().expect("a good day");
    let acknowledged = run(&mut whole);
    assert!(acknowledged.len() > 8, "most of the changes hold");
    check(&mut whole, &acknowledged, "without a cut");
    for cut in (0..whole.disk.operation_count()).step_by(2) {
        let mut world = World::new(0);
        world.disk.power_off_at(cut);
        let acknowledged = match world.open() {
            Ok(()) => run(&mut world),
            Err(_) => Vec::new(),
        };
        world.lose_power(cut);
        check(&mut world, &acknowledged, &format!("cut at {cut}"));
    }
}
