//! A3, C2: backups of a store whose segments are written anew, before and meanwhile.

use crate::world::{SEGMENT_BYTES, World, append, events, name, ready, stream};
use headwater_backup::{BackupError, To};
use headwater_env::MemDisk;
use headwater_model::{
    CopyAsked, CopyStep, EventStore, ExpectedRevision, JournalCopies, Position, Scavenge,
    ScavengeAsked, StreamChange,
};
use headwater_store::EmbeddedContext;
use std::sync::Arc;
use std::time::Duration;

const EVENT_COUNT: u64 = 240;

/// A context of which the stream `order-1`, in its first half, was deleted.
fn deleted() -> (World, Arc<EmbeddedContext>) {
    let mut world = World::on(Arc::new(MemDisk::new()), 1);
    // A file becomes smaller by whole blocks.
    world.options.journal.segment_bytes = 8 * SEGMENT_BYTES;
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    for n in 0..EVENT_COUNT {
        let to = if n % 3 == 0 || n > EVENT_COUNT / 2 { "order-2" } else { "order-1" };
        context.append_blocking(append(to, n, 1, 600)).expect("appended");
        world.clock.advance(Duration::from_millis(5));
    }
    let gone =
        context.change_stream(stream("order-1"), ExpectedRevision::Any, StreamChange::Delete);
    ready(gone).expect("deleted");
    (world, context)
}

fn scavenge(world: &World, context: &EmbeddedContext) {
    let asked = ScavengeAsked { bytes_per_second_max: u64::MAX, freed_percent_min: 1 };
    ready(context.start_scavenge(asked)).expect("begun");
    let mut steps = 0;
    while context.scavenge_step().expect("a step") {
        world.clock.advance(Duration::from_secs(1));
        steps += 1;
        assert!(steps < 10_000, "it does not end");
    }
    let done = ready(context.scavenge_progress()).expect("answered");
    assert!(!done.phase.is_under_way(), "{done:?}");
}

#[test]
fn a_scavenged_store_is_backed_up_verified_and_restored() {
    let (world, context) = deleted();
    let before = world.back_up(&[Arc::clone(&context)]).expect("backed up");
    scavenge(&world, &context);
    let after = world.back_up(&[Arc::clone(&context)]).expect("backed up");
    let bytes = |taken: &headwater_backup::Taken| taken.manifest.bytes();
    assert!(bytes(&after) < bytes(&before), "the segments are smaller");
    assert!(after.copied_bytes > 0, "and were copied");
    let again = world.back_up(&[Arc::clone(&context)]).expect("backed up");
    assert_eq!(again.copied_bytes, 0, "once");
    assert_eq!(world.check().damage, []);
    for (manifest, data) in [(&before.manifest, "/old"), (&after.manifest, "/new")] {
        world.restore(Some(manifest.id.as_str()), To::End, data).expect("restored");
        let restored = world.store(data).embedded(&name("orders")).expect("it opens");
        assert_eq!(events(&restored), events(&context));
        restored.append_blocking(append("order-3", 900, 1, 9)).expect("it goes on");
    }
}

#[test]
fn a_cut_within_what_was_scavenged_is_refused_and_elsewhere_it_is_made() {
    let (world, context) = deleted();
    let before = world.back_up(&[Arc::clone(&context)]).expect("backed up");
    scavenge(&world, &context);
    for n in EVENT_COUNT..2 * EVENT_COUNT {
        context.append_blocking(append("order-2", n, 1, 60)).expect("appended");
    }
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    let (mut refused, mut made) = (0, 0);
    for position in (0..2 * EVENT_COUNT).step_by(19) {
        let to = To::Position(Position(position));
        match world.restore(None, to, &format!("/new-{position}")) {
            Err(BackupError::Scavenged { first, last, .. }) => {
                assert!((first..=last).contains(&Position(position)), "{first} to {last}");
                refused += 1;
            }
            Err(other) => panic!("{other}"),
            Ok(restored) => {
                assert_eq!(restored[0].last_position, Some(Position(position)));
                made += 1;
            }
        }
        let id = Some(before.manifest.id.as_str());
        let old = world.restore(id, to, &format!("/old-{position}"));
        assert_eq!(old.is_ok(), position <= EVENT_COUNT, "from before it can be");
    }
    assert!(refused > 0 && made > 0, "{refused} refused, {made} made");
}

#[test]
fn a_copy_that_is_overtaken_by_a_scavenge_ends_as_it_began() {
    let (world, context) = deleted();
    let expected = world.back_up(&[Arc::clone(&context)]).expect("backed up");
    let until = ready(context.point()).expect("a point");
    let asked = CopyAsked { until, known: Vec::new() };
    let mut reader = ready(context.copy(asked)).expect("begun");
    let mut bytes = 0;
    let mut count = |step: &Option<CopyStep>| {
        if let Some(CopyStep::Bytes(more)) = step {
            bytes += more.len() as u64;
        }
    };
    let first = ready(reader.next()).expect("a step");
    assert!(matches!(first, Some(CopyStep::Begins { segment: 0, .. })), "{first:?}");
    // From here on the first segment is held as it was; the others come as they are.
    scavenge(&world, &context);
    loop {
        let step = ready(reader.next()).expect("a step");
        count(&step);
        if step.is_none() {
            break;
        }
    }
    assert!(bytes < expected.manifest.bytes());
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    assert_eq!(world.check().damage, []);
}
