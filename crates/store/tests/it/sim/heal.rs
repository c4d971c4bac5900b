//! D1: damage in the index is met by a read, reported to it, and mended while the store is open.
//!
//! A page of the index had rotted. The reads that needed it were refused, rightly, and went on being
//! refused until somebody opened the store again; now it is built again from the segments.

use super::damage::closed;
use super::world::World;
use headwater_conformance::history::Seen;
use headwater_env::{Disk, SimDisk};
use headwater_model::ReadError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PAGE_BYTES: u64 = 4_096;

/// The disk of a store that was closed in peace, what is in it, and the pages of its index.
fn indexed(seed: u64) -> (SimDisk, Seen, Vec<(PathBuf, u64)>) {
    let (disk, seen) = closed(seed);
    let runs = disk.paths().into_iter().filter(|path| path.extension() == Some("run".as_ref()));
    let pages = runs.flat_map(|run| {
        let bytes = disk.bytes(&run).map_or(0, |bytes| bytes.len() as u64);
        (0..bytes / PAGE_BYTES).map(move |page| (run.clone(), page))
    });
    let pages: Vec<_> = pages.collect();
    assert!(pages.len() > 10, "seed {seed}: {} pages are no index", pages.len());
    (disk, seen, pages)
}

fn assert_same(seen: &Seen, expected: &Seen, what: &str) {
    assert!(seen.forwards == expected.forwards, "{what}: other events");
    assert!(seen.backwards == expected.backwards, "{what}: other events backwards");
    assert!(seen.streams == expected.streams, "{what}: other streams");
}

fn is_clean(disk: &SimDisk) -> bool {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let report = headwater_store::verify(&disk, Path::new("/exam"));
    report.expect("the disk answers").damage().next().is_none()
}

#[test]
fn a_damaged_page_of_the_index_is_reported_and_mended_while_the_store_is_open() {
    let (mut refused, mut healed) = (0, 0);
    for seed in 0..3 {
        let (disk, expected, pages) = indexed(seed);
        for (run, page) in pages {
            let what = format!("seed {seed}: {} page {page}", run.display());
            let damaged = disk.fork();
            damaged.flip(&run, page * PAGE_BYTES + 7, 1);
            let mut world = World::on(damaged, seed);
            world.open().unwrap_or_else(|why| panic!("{what}: {why}"));
            match world.seen() {
                Ok(seen) => assert_same(&seen, &expected, &what),
                Err(ReadError::Corrupt(_)) => refused += 1,
                Err(other) => panic!("{what}: {other}"),
            }
            while world.store().maintain().unwrap_or_else(|why| panic!("{what}: {why}")) {}
            let seen = world.seen().unwrap_or_else(|why| panic!("{what}: still {why}"));
            assert_same(&seen, &expected, &what);
            let own = world.store().index_healed_count();
            healed += own;
            world.close();
            assert!(own == 0 || is_clean(&world.disk), "{what}: damage is left");
        }
    }
    assert!(refused > 0 && healed >= refused, "{refused} were refused, {healed} mended");
}

/// What the segments do not say rightly either is not made up, and is not tried for ever.
#[test]
fn a_run_whose_segments_are_damaged_too_is_left_and_said_once() {
    let (disk, _, pages) = indexed(1);
    let (run, _) = &pages[0];
    for page in 0..disk.bytes(run).map_or(0, |bytes| bytes.len() as u64) / PAGE_BYTES - 1 {
        disk.flip(run, page * PAGE_BYTES + 7, 1);
    }
    let is_segment = |path: &PathBuf| path.extension() == Some("seg".as_ref());
    let segment = disk.paths().into_iter().find(is_segment).expect("there is one");
    let mut world = World::on(disk, 1);
    world.open().expect("the end is well");
    world.disk.flip(&segment, 5_000, 1);
    assert!(matches!(world.seen(), Err(ReadError::Corrupt(_))));
    let said = world.store().maintain();
    assert!(matches!(said, Err(ReadError::Corrupt(_))), "{said:?}");
    assert!(matches!(world.seen(), Err(ReadError::Corrupt(_))));
    assert_eq!((world.store().maintain(), world.store().index_healed_count()), (Ok(false), 0));
}
