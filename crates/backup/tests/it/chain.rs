//! R1: ten backups, each of what was new, come to the same as one of everything.

use crate::world::{World, append, event, events, name, ready};
use headwater_backup::{Manifest, To, prune};
use headwater_env::MemDisk;
use headwater_model::{EventStore, Position};
use std::path::Path;
use std::sync::Arc;

#[test]
fn ten_backups_one_behind_the_other_restore_like_a_full_one() {
    let world = World::on(Arc::new(MemDisk::new()), 3);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    let mut stages = Vec::new();
    let mut copied_bytes = 0;
    for round in 0..10_u64 {
        for n in 0..7 {
            let n = round * 100 + n * 3;
            let fill = ((n * 37) % 700) as usize;
            context.append_blocking(append("order-1", n, 1 + n % 3, fill)).expect("appended");
        }
        let taken = world.back_up(&[Arc::clone(&context)]).expect("backed up");
        copied_bytes += taken.copied_bytes;
        stages.push((taken.manifest, events(&context)));
    }
    let full = world.try_archive("/full").expect("a place");
    let taken = world.back_up_to(&full, &[Arc::clone(&context)]).expect("backed up");
    assert_eq!(copied_bytes, taken.copied_bytes, "no byte was copied twice");
    let (last, _) = stages.last().expect("ten");
    assert_eq!(shape(last), shape(&taken.manifest));
    assert_eq!(world.check().damage, []);
    for (manifest, expected) in &stages {
        let data = format!("/restored-{}", manifest.id);
        world.restore(Some(manifest.id.as_str()), To::End, &data).expect("restored");
        let restored = world.store(&data).embedded(&name("orders")).expect("it opens");
        assert_eq!(events(&restored), *expected, "{}", manifest.id);
    }
}

/// All that a manifest says, but for how the bytes were cut into pieces.
fn shape(manifest: &Manifest) -> Vec<(u32, u32, bool, u32, u64, u64)> {
    let segments = manifest.contexts.iter().flat_map(|context| &context.segments);
    let shape =
        segments.map(|s| (s.segment, s.bytes, s.sealed, s.chain, s.next_slot.0, s.next_position.0));
    shape.collect()
}

#[test]
fn a_backup_of_nothing_new_copies_nothing() {
    let world = World::on(Arc::new(MemDisk::new()), 4);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    for n in 0..20 {
        context.append_blocking(append("order-1", n, 1, 500)).expect("appended");
    }
    let first = world.back_up(&[Arc::clone(&context)]).expect("backed up");
    let second = world.back_up(&[Arc::clone(&context)]).expect("backed up");
    assert!(first.copied_bytes > 10_000);
    assert_eq!(second.copied_bytes, 0);
    assert_eq!(second.manifest.previous, Some(first.manifest.id));
    assert_eq!(second.manifest.contexts, first.manifest.contexts);
}

#[test]
fn many_small_pieces_of_a_segment_become_one() {
    let mut world = World::on(Arc::new(MemDisk::new()), 5);
    world.options.journal.segment_bytes = 1 << 20;
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    let mut most = 0;
    for n in 0..100 {
        context.append_blocking(append("order-1", n, 1, 30)).expect("appended");
        let taken = world.back_up(&[Arc::clone(&context)]).expect("backed up");
        most = most.max(taken.manifest.contexts[0].segments[0].pieces.len());
    }
    assert!((20..40).contains(&most), "{most} pieces of one segment");
    assert_eq!(world.check().damage, []);
    world.restore(None, To::End, "/restored").expect("restored");
    let restored = world.store("/restored").embedded(&name("orders")).expect("it opens");
    assert_eq!(events(&restored), events(&context));
}

#[test]
fn pruning_forgets_the_old_and_keeps_what_the_new_need() {
    let world = World::on(Arc::new(MemDisk::new()), 6);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    let other = world.store("/source").embedded(&name("history")).expect("made");
    for n in 0..12 {
        context.append_blocking(append("order-1", n, 1, 700)).expect("appended");
        // A context that only the older backups have.
        let contexts = [Arc::clone(&context), Arc::clone(&other)];
        let count = if n < 8 { 2 } else { 1 };
        world.back_up(&contexts[..count]).expect("backed up");
    }
    let archive = world.archive();
    let pruned = prune(&archive, 3).expect("pruned");
    assert_eq!((pruned.forgotten.len(), pruned.kept.len()), (9, 3));
    assert!(pruned.piece_count >= 1, "the other context's pieces are of no backup");
    let checked = world.check();
    assert_eq!((checked.damage, checked.unused_count, checked.backups.len()), (vec![], 0, 3));
    for id in &pruned.kept {
        let data = format!("/restored-{id}");
        world.restore(Some(id.as_str()), To::End, &data).expect("restored");
    }
    let newest = world.store(&format!("/restored-{}", pruned.kept[2]));
    assert_eq!(events(&newest.embedded(&name("orders")).expect("opens")), events(&context));
    let nothing_more = prune(&archive, 3).expect("pruned");
    assert_eq!((nothing_more.forgotten.len(), nothing_more.piece_count), (0, 0));
    assert_eq!(prune(&archive, 0).expect("pruned").kept.len(), 1, "the last one stays");
}

#[test]
fn several_contexts_come_back_each_at_its_own_place() {
    let world = World::on(Arc::new(MemDisk::new()), 7);
    let store = world.store("/source");
    let names = ["orders", "a/b", "Orders"];
    let contexts = names.map(|text| store.embedded(&name(text)).expect("made"));
    for (n, context) in contexts.iter().enumerate() {
        for k in 0..=n as u64 * 5 {
            context.append_blocking(append("order-1", k, 1, 200)).expect("appended");
        }
    }
    let taken = world.back_up(&contexts).expect("backed up");
    let in_order: Vec<_> = taken.manifest.contexts.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(in_order, ["Orders", "a/b", "orders"]);
    world.restore(None, To::End, "/restored").expect("restored");
    let restored = world.store("/restored");
    assert_eq!(restored.context_names().expect("listed"), store.context_names().expect("listed"));
    for context in &contexts {
        let again = restored.embedded(context.context()).expect("it opens");
        assert_eq!(events(&again), events(context));
    }
}

#[test]
fn ids_are_known_in_a_restored_context() {
    let world = World::on(Arc::new(MemDisk::new()), 8);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    let first = context.append_blocking(append("order-1", 0, 3, 50)).expect("appended");
    context.append_blocking(append("order-1", 3, 3, 50)).expect("appended");
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    world.restore(None, To::Position(Position(2)), "/restored").expect("restored");
    let again = world.store("/restored").embedded(&name("orders")).expect("it opens");
    // A4: what was kept is answered as it was first, what was cut may come again.
    let repeated = again.append_blocking(append("order-1", 0, 3, 50)).expect("answered");
    assert_eq!((repeated.position, repeated.replayed), (first.position, true));
    let anew = again.append_blocking(append("order-1", 3, 1, 50)).expect("appended");
    assert_eq!((anew.position, anew.replayed), (Some(Position(3)), false));
    assert_eq!(event(3, 50).id, events(&again)[3].id);
    assert_eq!(ready(again.head()).expect("answered").1, Some(Position(3)));
}

#[test]
fn a_directory_with_something_else_in_it_takes_no_backups() {
    let world = World::on(Arc::new(MemDisk::new()), 9);
    world.store("/source").embedded(&name("orders")).expect("made");
    let refused = world.try_archive("/source").expect_err("that is a store");
    assert_eq!(refused.code(), "backup.not_a_backup");
    let refused = world.restore(None, To::End, "/x").expect_err("there is none");
    assert_eq!(refused.code(), "backup.not_a_backup");
    world.archive();
    let refused = world.restore(None, To::End, "/x").expect_err("there is none yet");
    assert_eq!(refused.code(), "backup.not_found");
    assert!(world.disk.list(Path::new("/x")).is_err(), "nothing was made");
}
