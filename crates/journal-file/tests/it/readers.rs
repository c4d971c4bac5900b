//! Many threads read while one appends.

use crate::ground::{SMALL, append, body, open_with};
use headwater_env::{Disk, MemDisk};
use headwater_journal_file::{Options, Place, Segments};
use headwater_model::Slot;
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
