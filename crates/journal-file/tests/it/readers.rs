//! Many threads read while one appends.

use crate::ground::{SMALL, append, body, open_with};
use headwater_env::{Disk, MemDisk, OsDisk, SeededEntropy};
use headwater_journal_file::{FileJournal, Options, Overlap, Place, Segments};
use headwater_model::{Journal, Slot};
use std::path::Path;
use std::sync::Arc;

const COMMITS: u64 = 3_000;

/// Follows the end, and reads each body a second time by its place.
fn follow(segments: &Segments) -> Vec<Place> {
    let mut frames = segments.frames(segments.start());
    let mut places = Vec::new();
    while (places.len() as u64) < COMMITS {
        let Some(frame) = frames.next() else {
            std::thread::yield_now();
            continue;
        };
        let frame = frame.unwrap();
        let n = places.len() as u64;
        assert_eq!((frame.slot, &frame.body[..]), (Slot(n), &body(n)[..]), "R1: in order, whole");
        let mut again = vec![0; frame.body.len()];
        segments.read_at(frame.place, &mut again).unwrap();
        assert_eq!(again, body(n));
        places.push(frame.place);
    }
    places
}

#[test]
fn readers_see_every_commit_whole_and_in_order_while_it_is_written() {
    for recent_bytes in [8_192, 1 << 20] {
        let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
        let options = Options { segment_bytes: 1 << 16, recent_bytes, ..SMALL };
        let mut journal = open_with(&disk, options).unwrap();
        let segments = journal.segments();
        std::thread::scope(|scope| {
            let readers = [(); 3].map(|()| scope.spawn(|| follow(&segments)));
            (0..COMMITS).for_each(|n| append(&mut journal, n).unwrap());
            let places = readers.map(|reader| reader.join().unwrap());
            assert!(places.iter().all(|of_one| *of_one == places[0]));
        });
        assert_eq!(segments.next_slot(), Slot(COMMITS));
    }
}

#[test]
fn more_segments_than_files_may_be_open_are_read() {
    let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
    let mut journal = open_with(&disk, SMALL).unwrap();
    (0..COMMITS).for_each(|n| append(&mut journal, n).unwrap());
    let segments = journal.segments();
    let first_slots: Vec<_> = segments.list().iter().map(|segment| segment.first_slot).collect();
    assert!(first_slots.len() > 280, "{}", first_slots.len());
    for slot in first_slots.iter().rev().chain(&first_slots) {
        let frame = segments.frames_from_slot(*slot).unwrap().next().unwrap().unwrap();
        assert_eq!((frame.slot, &frame.body[..]), (*slot, &body(slot.0)[..]));
    }
}

/// R1: what is done while a commit is on its way to the device knows its place, and finds nothing
/// there; behind the append it is there. On a disk that overlaps the two and on one that cannot.
#[test]
fn a_commit_on_its_way_has_a_place_and_is_not_read() {
    let real = tempfile::tempdir().unwrap();
    let overlapping: Arc<dyn Disk> = Arc::new(OsDisk::new());
    let in_turn: Arc<dyn Disk> = Arc::new(MemDisk::new());
    for (disk, dir) in [(overlapping, real.path()), (in_turn, Path::new("/journal"))] {
        let options = Options { segment_bytes: 1 << 16, ..SMALL };
        let entropy = SeededEntropy::new(1);
        let mut journal = FileJournal::open(disk, &entropy, dir, options).unwrap();
        let segments = journal.segments();
        for (n, bytes) in (0..).zip([300, 50_000, 9_000, 20_000, 300]) {
            let body = vec![n; bytes];
            let read = |place: Place| {
                let mut bytes = vec![0; body.len()];
                segments.read_at(place, &mut bytes).map(|()| bytes)
            };
            let mut places = Vec::new();
            let mut meanwhile = |place| {
                read(place).expect_err("R1: it is not durable yet");
                places.push(place);
            };
            let overlap = if n % 2 == 0 { Overlap::InTurn } else { Overlap::IfPossible };
            let head = journal.head();
            let committed = journal.append_while(head, &body, overlap, &mut meanwhile).unwrap();
            assert_eq!(places, [committed.place], "told once, and rightly");
            assert_eq!(read(committed.place).unwrap(), body);
        }
    }
}
