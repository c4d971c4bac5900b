//! D1, D3: bytes that are not what was written are reported, or do not matter; never believed.

use super::seeds::begin;
use super::world::{World, everything};
use headwater_conformance::history::Seen;
use headwater_conformance::sample::{event_of, event_type, stream};
use headwater_env::SimDisk;
use headwater_model::{Append, ExpectedRevision, NewEvent, Query, ReadAll, ReadError};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::path::{Path, PathBuf};

/// A store that was closed in peace, and what is in it.
pub(super) fn closed(seed: u64) -> (SimDisk, Seen) {
    let mut world = World::new(seed);
    begin(&mut world, seed);
    world.judge();
    let seen = world.seen().expect("a good day");
    world.close();
    (world.disk, seen)
}

/// What a reader of the damaged store sees: the same as before, or a report.
fn look(disk: SimDisk, expected: &Seen, what: &str) -> bool {
    let mut world = World::on(disk, 0);
    let seen = world.open().and_then(|()| world.seen());
    let seen = match seen {
        Err(ReadError::Corrupt(_)) => return true,
        Err(ReadError::Unavailable(why)) => panic!("{what}: damage is not absence: {why}"),
        Err(other) => panic!("{what}: {other}"),
        Ok(seen) => seen,
    };
    assert!(seen.forwards == expected.forwards, "{what}: other events were believed");
    assert!(seen.backwards == expected.backwards, "{what}: other events backwards");
    assert!(seen.streams == expected.streams, "{what}: other streams");
    false
}

fn non_empty_files(disk: &SimDisk) -> Vec<(PathBuf, usize)> {
    let with_bytes = |path: PathBuf| {
        let bytes = disk.bytes(&path)?.len();
        (bytes > 0).then_some((path, bytes))
    };
    disk.paths().into_iter().filter_map(with_bytes).collect()
}

#[test]
fn a_flipped_bit_is_reported_or_does_not_matter() {
    let mut reported = 0;
    for seed in 0..4 {
        let (disk, expected) = closed(seed);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let files = non_empty_files(&disk);
        for _ in 0..150 {
            let (path, bytes) = &files[random.random_range(0..files.len())];
            let at = random.random_range(0..*bytes) as u64;
            let mask = 1 << random.random_range(0..8_u32);
            let damaged = disk.fork();
            damaged.flip(path, at, mask);
            let what = format!("seed {seed}: {} byte {at} mask {mask:#x}", path.display());
            reported += u32::from(look(damaged, &expected, &what));
        }
    }
    assert!(reported > 0, "some of the bits matter");
}

#[test]
fn a_file_that_is_cut_or_taken_away_is_reported_or_made_again() {
    for seed in 0..4 {
        let (disk, expected) = closed(seed);
        for (path, bytes) in non_empty_files(&disk) {
            for keep in [None, Some(0), Some(bytes / 2), Some(bytes - 1)] {
                let damaged = disk.fork();
                match keep {
                    None => damaged.take_away(&path),
                    Some(keep) => {
                        let mut kept = damaged.bytes(&path).expect("it is there");
                        kept.truncate(keep);
                        damaged.put(&path, kept);
                    }
                }
                let what = format!("seed {seed}: {} cut to {keep:?} of {bytes}", path.display());
                look(damaged, &expected, &what);
            }
        }
    }
}

/// Where the record of the event with this payload begins and ends, in a commit of its own: behind
/// the two counts that end the commit's header, one event and no control items.
fn record(bytes: &[u8], payload: &[u8]) -> Option<std::ops::Range<usize>> {
    let find = |wanted: &[u8], bytes: &[u8]| bytes.windows(wanted.len()).rposition(|w| w == wanted);
    let at = find(payload, bytes)?;
    let counts = [1, 0, 0, 0, 0, 0, 0, 0];
    let begins = find(&counts, &bytes[..at])? + counts.len();
    Some(begins..at + payload.len())
}

/// D1: a record is whole and true, and not the one that belongs there.
#[test]
fn a_record_at_the_place_of_another_is_not_believed() {
    let mut world = World::new(0);
    world.open().expect("a good day");
    let payload = |n: u32| format!("{{\"payload\":\"number {n:05}\"}}").into_bytes();
    for n in 0..200 {
        let (name, named) = match n {
            10 | 12 => (format!("rare-{n}"), "SeatFreed"),
            _ => ("usual-1".to_owned(), "SeatTaken"),
        };
        let event = event_of(u128::from(n) + 1, named, &[]);
        let event = NewEvent { payload: payload(n).into(), ..event };
        world.append(Append::to(stream(&name), ExpectedRevision::Any, vec![event]));
    }
    let expected = world.seen().expect("a good day");
    world.close();
    let path = Path::new("/exam/journal/00000000000000000000.seg");
    let mut bytes = world.disk.bytes(path).expect("the first segment");
    let (one, other) = (record(&bytes, &payload(10)), record(&bytes, &payload(12)));
    let (one, other) = (one.expect("it is there"), other.expect("it is there"));
    assert_eq!(one.len(), other.len(), "both have the same shape");
    for (a, b) in one.zip(other) {
        bytes.swap(a, b);
    }
    world.disk.put(path, bytes);
    assert!(look(world.disk.fork(), &expected, "two records swapped"), "it is reported");
    // The frame around a record is not read when the record is asked for alone.
    world.open().expect("a sealed segment is not read at the opening");
    let rare = ReadAll::forwards(Query::types([event_type("SeatFreed")]));
    let found = world.store().read_all_blocking(&rare);
    assert!(matches!(found, Err(ReadError::Corrupt(_))), "{found:?}");
}

/// What can be rebuilt is rebuilt: only the journal is the truth.
#[test]
fn everything_but_the_journal_can_be_lost() {
    for seed in 0..6 {
        let (disk, expected) = closed(seed);
        for path in disk.paths() {
            if !path.starts_with(Path::new("/exam/journal")) {
                disk.take_away(&path);
            }
        }
        assert!(!look(disk, &expected, "without index"), "seed {seed}: nothing is corrupt");
    }
}

#[test]
fn a_disk_that_cannot_be_read_says_so() {
    let (disk, _) = closed(3);
    let mut world = World::on(disk, 3);
    world.open().expect("a good day");
    world.disk.fail_reads(Some(headwater_env::Fault::Io));
    let page = world.store().read_all_blocking(&ReadAll::forwards(everything()));
    assert!(page.is_ok() || matches!(page, Err(ReadError::Unavailable(_))), "{page:?}");
    world.close();
    assert!(matches!(world.open(), Err(ReadError::Unavailable(_))));
}
