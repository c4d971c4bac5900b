//! R1: backups at random moments while threads append, on this machine's disk.
//!
//! Why: nothing is stopped for a backup, so what it holds must be a prefix of the order by itself,
//! whole commits only, whichever moment it was.

use crate::world::{World, event, events, name, stream};
use headwater_backup::To;
use headwater_env::OsDisk;
use headwater_model::{Append, ExpectedRevision, Position};
use headwater_store::{Background, EmbeddedContext};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const THREAD_COUNT: u64 = 3;
const BACKUP_COUNT: usize = 12;

/// Both streams of one append are written together, or not at all (A1).
fn pair(thread: u64, n: u64) -> Append {
    let ids = thread * 1_000_000 + 2 * n;
    let fill = (n * 131 % 2_000) as usize;
    Append::to(stream(&format!("order-{thread}")), ExpectedRevision::Any, vec![event(ids, fill)])
        .and(stream(&format!("bill-{thread}")), ExpectedRevision::Any, vec![event(ids + 1, 5)])
}

fn append_until(stop: &AtomicBool, context: &EmbeddedContext, thread: u64) {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        context.append_blocking(pair(thread, n)).expect("appended");
        n += 1;
    }
}

#[test]
fn a_backup_of_a_store_at_work_is_a_prefix_of_its_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let mut world = World::on(Arc::new(OsDisk::new()), 1);
    world.options.background = Background::Threads;
    world.options.journal.segment_bytes = 256 * 1_024;
    let context = world.store(&at("source")).embedded(&name("orders")).expect("made");
    let archive = world.try_archive(&at("backups")).expect("a place");
    let stop = AtomicBool::new(false);
    let taken: Vec<_> = std::thread::scope(|scope| {
        for thread in 0..THREAD_COUNT {
            let (context, stop) = (&context, &stop);
            scope.spawn(move || append_until(stop, context, thread));
        }
        let taken = (0..BACKUP_COUNT).map(|_| world.back_up_to(&archive, &[Arc::clone(&context)]));
        let taken = taken.collect();
        stop.store(true, Ordering::Relaxed);
        taken
    });
    let all = events(&context);
    let checked = headwater_backup::check(&archive, None, &headwater_backup::Unseen);
    assert_eq!(checked.expect("checked").damage, []);
    for (n, taken) in taken.into_iter().enumerate() {
        let manifest = taken.expect("backed up").manifest;
        let last = manifest.contexts[0].last_position;
        let data = at(&format!("restored-{n}"));
        let asked = headwater_backup::Restore {
            archive: &archive,
            manifest: &manifest,
            contexts: &[],
            to: To::End,
            environment: world.environment(),
            options: world.options,
            progress: &headwater_backup::Unseen,
        };
        headwater_backup::restore(&asked, data.as_ref()).expect("restored");
        let again = world.store(&data).embedded(&name("orders")).expect("it opens");
        let there = events(&again);
        assert_eq!(there.last().map(|event| event.position), last, "the stated position");
        assert!(there == all[..there.len()], "backup {n} is not a prefix");
        let bills = there.iter().filter(|event| event.stream.as_str().starts_with("bill"));
        assert_eq!(bills.count() * 2, there.len(), "A1: half an append was restored");
    }
    assert!(
        all.len() as u64 > THREAD_COUNT,
        "{:?}",
        all.last().map_or(Position(0), |e| e.position)
    );
}
