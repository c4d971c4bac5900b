//! A journal on a good day.

use crate::ground::{SMALL, all, append, assert_bodies, body, open, open_with};
use headwater_env::{Disk, MemDisk, OsDisk, OsEntropy};
use headwater_journal_file::{Durability, FileJournal, Options, Place};
use headwater_model::{Epoch, Head, Journal, JournalError, Slot, Unavailable};
use std::sync::Arc;

fn memory() -> Arc<dyn Disk> {
    Arc::new(MemDisk::new())
}

#[test]
fn what_is_appended_reads_back_before_and_after_reopening() {
    let disk = memory();
    let mut journal = open(&disk).unwrap();
    for n in 0..100 {
        append(&mut journal, n).unwrap();
    }
    let before = all(&journal).unwrap();
    assert_eq!(before.len(), 100);
    assert_bodies(&before);
    assert!(journal.segments().list().len() > 5, "the test should cross segments");
    let head = journal.head();
    drop(journal);

    let journal = open(&disk).unwrap();
    assert_eq!(all(&journal).unwrap(), before);
    assert_eq!((journal.head().next, journal.head().digest), (head.next, head.digest));
    assert_eq!(journal.head().epoch, Epoch(head.epoch.0 + 1), "each opening is a new term");
    assert!(!journal.recovered().closed);
}

#[test]
fn appends_go_on_after_each_reopening_closed_or_not() {
    let disk = memory();
    for n in 0..60 {
        let mut journal = open(&disk).unwrap();
        assert_eq!(journal.recovered().closed, n > 0 && n % 2 == 0);
        append(&mut journal, n).unwrap();
        if n % 2 == 1 {
            journal.close().unwrap();
        }
    }
    let journal = open(&disk).unwrap();
    let commits = all(&journal).unwrap();
    assert_eq!(commits.len(), 60);
    assert_bodies(&commits);
}

#[test]
fn a_body_reads_back_at_the_place_that_its_append_told() {
    for recent_bytes in [0, 1 << 20] {
        let disk = memory();
        let mut journal = open_with(&disk, Options { recent_bytes, ..SMALL }).unwrap();
        let mut places = Vec::new();
        for n in 0..50 {
            let head = journal.head();
            places.push(journal.append_placed(head, &body(n)).unwrap().place);
        }
        let segments = journal.segments();
        for (n, place) in (0..).zip(places) {
            let expected = body(n);
            let mut found = vec![0; expected.len()];
            segments.read_at(place, &mut found).unwrap();
            assert_eq!(found, expected);
            let frame = segments.frame(place).unwrap().unwrap();
            assert_eq!((frame.slot, frame.place, &frame.body[..]), (Slot(n), place, &found[..]));
        }
    }
}

#[test]
fn nothing_behind_the_end_can_be_read() {
    let disk = memory();
    let mut journal = open(&disk).unwrap();
    append(&mut journal, 1 - 1).unwrap();
    let segments = journal.segments();
    let end = segments.end();
    let read = segments.read_at(end, &mut [0]);
    assert!(matches!(read, Err(JournalError::Corrupt(_))), "{read:?}");
    let nowhere = segments.read_at(Place { segment: 9, at: 600 }, &mut [0]);
    assert!(matches!(nowhere, Err(JournalError::Corrupt(_))), "{nowhere:?}");
}

#[test]
fn frames_end_at_the_end_and_go_on_when_more_was_appended() {
    let disk = memory();
    let mut journal = open(&disk).unwrap();
    let segments = journal.segments();
    let mut frames = segments.frames(segments.start());
    for n in 0..50 {
        assert!(frames.next().is_none());
        append(&mut journal, n).unwrap();
        assert_eq!(frames.next().unwrap().unwrap().body, body(n));
    }
}

#[test]
fn a_commit_larger_than_a_segment_gets_a_segment_of_its_size() {
    let disk = memory();
    let mut journal = open(&disk).unwrap();
    let large = vec![7; 100_000];
    for n in 0..6 {
        let head = journal.head();
        journal.append(head, if n % 2 == 0 { &large } else { &[1, 2, 3] }).unwrap();
    }
    drop(journal);
    let journal = open(&disk).unwrap();
    let sizes: Vec<_> = all(&journal).unwrap().iter().map(|commit| commit.body.len()).collect();
    assert_eq!(sizes, [100_000, 3, 100_000, 3, 100_000, 3]);
}

#[test]
fn a_stale_head_is_refused_and_writes_nothing() {
    let disk = memory();
    let mut journal = open(&disk).unwrap();
    let stale = journal.head();
    append(&mut journal, 0).unwrap();
    let actual = journal.head();
    let refused = journal.append(stale, b"late").unwrap_err();
    assert_eq!(refused, JournalError::HeadMoved { expected: stale, actual });
    let fenced = Head { epoch: Epoch(0), ..actual };
    assert!(journal.append(fenced, b"overtaken").is_err());
    assert_eq!(journal.claim().unwrap().epoch, actual.epoch.next());
    assert!(journal.append(actual, b"of the epoch before").is_err());
    assert_eq!(all(&journal).unwrap().len(), 1);
}

#[test]
fn a_commit_over_the_limit_is_refused_with_both_numbers() {
    let disk = memory();
    let mut journal = open(&disk).unwrap();
    let bytes_max = journal.limits().commit_bytes_max;
    let refused = journal.append(journal.head(), &vec![0; bytes_max + 1]).unwrap_err();
    assert_eq!(refused, JournalError::TooLarge { bytes: bytes_max + 1, bytes_max });
}

#[test]
fn the_second_writer_is_told_who_holds_the_journal() {
    for disk in [memory(), Arc::new(OsDisk::new()) as Arc<dyn Disk>] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let open = || FileJournal::open(Arc::clone(&disk), &OsEntropy, &path, SMALL);
        let first = open().unwrap();
        let refused = open().unwrap_err();
        let owner = format!("process {}", std::process::id());
        assert_eq!(refused, JournalError::Unavailable(Unavailable::Locked { owner }));
        drop(first);
        open().unwrap();
    }
}

#[test]
fn the_operating_systems_disk_keeps_a_journal_either_way_of_writing() {
    for os in [OsDisk::new(), OsDisk::without_direct_writes()] {
        for durability in [Durability::EachCommit, Durability::AtSeal] {
            let dir = tempfile::tempdir().unwrap();
            let disk: Arc<dyn Disk> = Arc::new(os);
            let options = Options { segment_bytes: 1 << 16, durability, ..Options::default() };
            let open =
                || FileJournal::open(Arc::clone(&disk), &OsEntropy, dir.path(), options).unwrap();
            let mut journal = open();
            for n in 0..500 {
                append(&mut journal, n).unwrap();
            }
            drop(journal);
            let commits = all(&open()).unwrap();
            assert_eq!(commits.len(), 500);
            assert_bodies(&commits);
        }
    }
}
