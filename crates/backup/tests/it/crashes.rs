//! A2, D2: the power goes at each operation of a backup, of a prune and of a restore; the disk is
//! full at each of them. Nothing half is ever taken for whole, and the source never notices.

use crate::world::{World, append, events, name};
use headwater_backup::{Archive, BackupError, To, Unseen, check, prune};
use headwater_env::{DiskError, Fault, SimDisk};
use headwater_model::RecordedEvent;
use headwater_store::EmbeddedContext;
use std::path::Path;
use std::sync::Arc;

/// A store with one backup of a part of it.
fn begun() -> (SimDisk, World, Arc<EmbeddedContext>) {
    let disk = SimDisk::new(11);
    let world = World::on(Arc::new(disk.clone()), 11);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    for n in 0..6 {
        context.append_blocking(append("order-1", n, 1, 800)).expect("appended");
    }
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    for n in 6..12 {
        context.append_blocking(append("order-1", n, 1, 800)).expect("appended");
    }
    (disk, world, context)
}

/// The same world on a copy of its disk.
fn forked(disk: &SimDisk) -> (SimDisk, World) {
    let fork = disk.fork();
    let world = World::on(Arc::new(fork.clone()), 12);
    (fork, world)
}

/// What a person finds after the crash: every backup that is there is whole, the source too.
fn all_is_sound(world: &World, expected: &[RecordedEvent], why: &str) -> usize {
    let archive = Archive::open(&world.disk, Path::new("/backups")).expect(why);
    let checked = check(&archive, None, &Unseen).expect(why);
    assert_eq!(checked.damage, [], "{why}");
    let context = world.store("/source").embedded(&name("orders")).expect(why);
    assert_eq!(events(&context), expected, "{why}");
    checked.backups.len()
}

#[test]
fn a_backup_cut_short_anywhere_is_no_backup_and_harms_no_other() {
    let (disk, _world, context) = begun();
    let expected = events(&context);
    drop(context);
    let (mut n, mut made) = (0, 0);
    loop {
        let (disk, world) = forked(&disk);
        let context = world.store("/source").embedded(&name("orders")).expect("opens");
        disk.power_off_at(disk.operation_count() + n);
        let taken = world.back_up(&[context]);
        if taken.is_ok() {
            break;
        }
        disk.power_off();
        disk.power_on(n);
        let backups = all_is_sound(&world, &expected, &format!("power cut at {n}"));
        made += backups - 1;
        let context = world.store("/source").embedded(&name("orders")).expect("opens");
        world.back_up(&[context]).expect("the next one comes about");
        assert_eq!(all_is_sound(&world, &expected, "the next one"), backups + 1);
        world.restore(None, To::End, "/restored").expect("restored");
        n += 1;
    }
    assert!(n > 10, "{n} operations are too few");
    // At most the last steps: the manifest has its name, and nobody was told yet.
    assert!(made <= 2, "{made} backups were whole although nobody was told");
}

#[test]
fn a_killed_backup_is_gone_over_by_the_next() {
    let (disk, _world, context) = begun();
    let expected = events(&context);
    drop(context);
    for n in 0..40 {
        let (disk, world) = forked(&disk);
        let context = world.store("/source").embedded(&name("orders")).expect("opens");
        disk.power_off_at(disk.operation_count() + n);
        let taken = world.back_up(&[context]);
        disk.kill_process();
        let before = all_is_sound(&world, &expected, &format!("killed at {n}"));
        assert!(taken.is_err() || before == 2);
        let context = world.store("/source").embedded(&name("orders")).expect("opens");
        world.back_up(&[context]).expect("the next one");
        prune(&world.archive(), 1).expect("pruned");
        assert_eq!(world.check().unused_count, 0, "nothing is left over");
    }
}

#[test]
fn a_prune_cut_short_anywhere_leaves_whole_backups() {
    let (disk, world, context) = begun();
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    let other = world.store("/other").embedded(&name("history")).expect("made");
    world.back_up(&[other]).expect("backed up");
    let expected = events(&context);
    drop(context);
    for n in 0.. {
        let (disk, world) = forked(&disk);
        let archive = world.archive();
        disk.power_off_at(disk.operation_count() + n);
        let pruned = prune(&archive, 1);
        if pruned.is_ok() {
            assert!(n > 5, "{n} operations are too few");
            break;
        }
        disk.power_off();
        disk.power_on(n);
        assert!(all_is_sound(&world, &expected, &format!("power cut at {n}")) >= 1);
        prune(&world.archive(), 1).expect("pruned");
        assert_eq!(world.check().unused_count, 0);
    }
}

#[test]
fn a_restore_cut_short_anywhere_is_no_store() {
    let (disk, world, context) = begun();
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    let expected = events(&context);
    drop(context);
    let (mut n, mut whole) = (0, 0);
    loop {
        let (disk, world) = forked(&disk);
        disk.power_off_at(disk.operation_count() + n);
        if world.restore(None, To::End, "/new").is_ok() {
            break;
        }
        disk.power_off();
        disk.power_on(n);
        let why = format!("power cut at {n}");
        assert_eq!(all_is_sound(&world, &expected, &why), 2);
        let names = world.disk.list(Path::new("/new")).unwrap_or_default();
        if names.iter().any(|name| name == "store") {
            whole += 1;
            let context = world.store("/new").embedded(&name("orders")).expect(&why);
            assert_eq!(events(&context), expected, "{why}");
        } else if !names.is_empty() {
            let refused = world.restore(None, To::End, "/new").expect_err("it is not empty");
            assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused}");
        }
        world.restore(None, To::End, "/newer").expect("elsewhere it comes about");
        n += 1;
    }
    assert!(n > 20, "{n} operations are too few");
    assert!(whole <= 2, "{whole} of {n} restores were whole although nobody was told");
}

#[test]
fn a_full_disk_refuses_the_backup_and_gives_the_room_back() {
    let (disk, _world, context) = begun();
    let expected = events(&context);
    drop(context);
    for n in 0..30 {
        let (disk, world) = forked(&disk);
        let context = world.store("/source").embedded(&name("orders")).expect("opens");
        let from = disk.operation_count() + n;
        disk.fail(from..u64::MAX, Fault::Full);
        let refused = match world.back_up(&[Arc::clone(&context)]) {
            Ok(_) => break,
            Err(refused) => refused,
        };
        let full = matches!(&refused, BackupError::Disk(DiskError::Full { .. }));
        assert!(full && refused.code() == "store.full", "{n}: {refused}");
        disk.heal();
        context.append_blocking(append("order-2", 500, 1, 10)).expect("the source goes on");
        drop(context);
        let archive = world.archive();
        assert_eq!(check(&archive, None, &Unseen).expect("checked").damage, []);
        prune(&archive, 9).expect("pruned");
        let left = disk.paths().into_iter().filter(|path| path.ends_with("unfinished"));
        assert_eq!((left.count(), world.check().unused_count), (0, 0), "nothing is left over");
        let context = world.store("/source").embedded(&name("orders")).expect("opens");
        world.back_up(&[Arc::clone(&context)]).expect("with room it comes about");
        assert_eq!(events(&context).len(), expected.len() + 1);
    }
}
