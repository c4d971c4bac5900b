//! Bytes that are not what was written.
//!
//! D1: each byte of a small journal is damaged in turn, each file cut at every length, taken away
//! or swapped. Every time the journal either says which file and which byte, or serves exactly
//! what was acknowledged. It never serves anything else, and it never serves less.

use crate::ground::{SMALL, all, append, assert_bodies, body, open, open_with};
use headwater_env::{Disk, Fault, SimDisk};
use headwater_journal_file::{Durability, FileJournal, Options};
use headwater_model::{Corrupt, Journal, JournalError, Slot, StoredCommit};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A journal of three segments, left as a killed process leaves it.
fn journal(commits: u64, idle: bool) -> SimDisk {
    let disk = SimDisk::new(1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = open(&shared).unwrap();
    for n in 0..commits {
        append(&mut journal, n).unwrap();
    }
    if idle {
        journal.note_idle().unwrap();
    }
    assert!(journal.segments().list().len() >= 3);
    drop(journal);
    disk
}

const COMMITS: u64 = 28;

fn path(name: &str) -> PathBuf {
    Path::new("/journal").join(name)
}

fn segment(n: u64) -> PathBuf {
    path(&format!("{n:020}.seg"))
}

fn read(disk: &SimDisk) -> Result<Vec<StoredCommit>, JournalError> {
    let shared: Arc<dyn Disk> = Arc::new(disk.fork());
    all(&open(&shared)?)
}

/// What a damaged journal may answer: the damage, or everything.
fn assert_reported_or_harmless(disk: &SimDisk, story: &str) -> bool {
    match read(disk) {
        Ok(commits) => {
            assert_bodies(&commits);
            assert_eq!(commits.len() as u64, COMMITS, "{story}: acknowledged commits are gone");
            false
        }
        Err(JournalError::Corrupt(Corrupt { file, why, .. })) => {
            assert!(file.starts_with("/journal"), "{story}: {file} {why}");
            true
        }
        Err(other) => panic!("{story}: {other}"),
    }
}

fn files(disk: &SimDisk) -> Vec<PathBuf> {
    disk.paths().into_iter().filter(|path| path.extension().is_some_and(|e| e == "seg")).collect()
}

#[test]
fn each_damaged_byte_is_reported_or_harmless() {
    let sound = journal(COMMITS, true);
    let mut reported = 0;
    for path in files(&sound).into_iter().chain([path("mark")]) {
        for at in 0..sound.bytes(&path).unwrap().len() as u64 {
            let disk = sound.fork();
            disk.flip(&path, at, 1 << (at % 8));
            let story = format!("byte {at} of {}", path.display());
            reported += u64::from(assert_reported_or_harmless(&disk, &story));
        }
    }
    let used: u64 = (0..3).map(|n| used_bytes(&sound, n)).sum();
    assert!(reported >= used, "all {used} bytes that are used count: {reported}");
}

/// Bytes of a segment before its trailing zeros.
fn used_bytes(disk: &SimDisk, n: u64) -> u64 {
    let bytes = disk.bytes(&segment(n)).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64)
}

#[test]
fn each_lost_sector_is_reported_or_harmless() {
    let sound = journal(COMMITS, true);
    for path in files(&sound).into_iter().chain([path("mark")]) {
        let bytes = sound.bytes(&path).unwrap();
        for from in (0..bytes.len()).step_by(512) {
            for fill in [0, 0xFF] {
                let disk = sound.fork();
                let mut bytes = bytes.clone();
                bytes[from..from + 512].fill(fill);
                disk.put(&path, bytes);
                let story = format!("sector at {from} of {} is {fill:02x}", path.display());
                assert_reported_or_harmless(&disk, &story);
            }
        }
    }
}

#[test]
fn each_truncated_file_is_reported_or_harmless() {
    let sound = journal(COMMITS, true);
    for path in files(&sound) {
        let bytes = sound.bytes(&path).unwrap();
        for len in (0..bytes.len()).step_by(7) {
            let disk = sound.fork();
            disk.put(&path, bytes[..len].to_vec());
            let story = format!("{} cut to {len}", path.display());
            assert_reported_or_harmless(&disk, &story);
        }
    }
}

#[test]
fn a_missing_swapped_or_repeated_segment_is_reported() {
    let sound = journal(COMMITS, true);
    let count = files(&sound).len() as u64 - 1;
    assert!(count >= 3, "without the prepared one");
    for n in 0..count {
        let disk = sound.fork();
        disk.take_away(&segment(n));
        assert!(assert_reported_or_harmless(&disk, &format!("segment {n} is missing")));
        for other in (0..count).filter(|other| *other != n) {
            let disk = sound.fork();
            disk.put(&segment(n), sound.bytes(&segment(other)).unwrap());
            let story = format!("segment {other} stands in the place of {n}");
            assert!(assert_reported_or_harmless(&disk, &story));
        }
    }
    let disk = sound.fork();
    disk.take_away(&path("mark"));
    assert!(assert_reported_or_harmless(&disk, "the mark is missing"));
    let disk = sound.fork();
    (0..=count).for_each(|n| disk.take_away(&segment(n)));
    assert!(assert_reported_or_harmless(&disk, "all segments are missing"));
}

#[test]
fn a_segment_of_another_journal_or_another_time_is_reported() {
    let sound = journal(COMMITS, true);
    let other = SimDisk::new(1);
    let shared: Arc<dyn Disk> = Arc::new(other.clone());
    let seed = headwater_env::SeededEntropy::new(2);
    let mut foreign = FileJournal::open(shared, &seed, Path::new("/journal"), SMALL).unwrap();
    (0..COMMITS).for_each(|n| append(&mut foreign, n).unwrap());
    let early = journal(COMMITS - 2, false);
    for n in 0..3 {
        let disk = sound.fork();
        disk.put(&segment(n), other.bytes(&segment(n)).unwrap());
        assert!(assert_reported_or_harmless(&disk, &format!("segment {n} is foreign")));
    }
    let last = files(&sound).len() as u64 - 2;
    let disk = sound.fork();
    disk.put(&segment(last), early.bytes(&segment(last)).unwrap());
    assert!(assert_reported_or_harmless(&disk, "the last segment is an old copy"));
}

#[test]
fn a_commit_in_the_middle_that_rots_is_reported_also_without_a_mark() {
    let sound = journal(COMMITS, false);
    let last = files(&sound).len() as u64 - 2;
    let shared: Arc<dyn Disk> = Arc::new(sound.fork());
    let journal = open(&shared).unwrap();
    let frames =
        journal.segments().frames(headwater_journal_file::Place { segment: last as u32, at: 512 });
    let frames: Vec<_> = frames.map(Result::unwrap).collect();
    assert!(frames.len() >= 2);
    for frame in &frames[..frames.len() - 1] {
        for at in frame.place.at - 32..frame.next().at {
            let disk = sound.fork();
            disk.flip(&segment(last), u64::from(at), 0x10);
            assert!(assert_reported_or_harmless(&disk, &format!("byte {at} of the last segment")));
        }
    }
}

/// The last frame is followed by nothing that would know of it. Once the journal was opened over it,
/// or had an idle moment, the mark does: whatever happens to it then is no tear.
#[test]
fn the_last_commit_that_rots_is_reported_once_a_mark_knows_of_it() {
    let never = journal(COMMITS, false);
    let opened = never.fork();
    drop(open(&(Arc::new(opened.clone()) as Arc<dyn Disk>)).unwrap());
    let idle = journal(COMMITS, true);
    let last = files(&idle).len() as u64 - 2;
    let body = body(COMMITS - 1);
    let bytes = idle.bytes(&segment(last)).unwrap();
    let at = bytes.windows(body.len()).rposition(|window| window == body).unwrap() as u64;
    for at in at - 32..at + body.len() as u64 {
        for (disk, story) in [(&opened, "opened over it"), (&idle, "had an idle moment")] {
            let disk = disk.fork();
            disk.flip(&segment(last), at, 0x10);
            assert!(assert_reported_or_harmless(&disk, &format!("byte {at}, {story}")));
        }
        // Before that it cannot be told from a write that was never finished: the others are there.
        let disk = never.fork();
        disk.flip(&segment(last), at, 0x10);
        assert_eq!(read(&disk).unwrap().len() as u64, COMMITS - 1, "byte {at}, before any mark");
    }
}

#[test]
fn a_read_that_fails_is_not_taken_for_a_tear() {
    let disk = journal(COMMITS, false);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    disk.fail_reads(Some(Fault::Io));
    let refused = open(&shared).unwrap_err();
    assert!(matches!(refused, JournalError::Unavailable(_)), "{refused}");
    disk.heal();
    assert_eq!(all(&open(&shared).unwrap()).unwrap().len() as u64, COMMITS);
}

/// One write held A and B; a power cut tore A and left B; recovery cut at A. Then A′, as long as
/// A, is written in its place. A scan that knows only places, lengths and checksums would accept
/// A′ and after it the old B.
#[test]
fn a_frame_of_a_past_that_was_cut_off_is_never_revived() {
    let options = Options { durability: Durability::AtSeal, ..SMALL };
    let disk = SimDisk::new(1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = open_with(&shared, options).unwrap();
    append(&mut journal, 0).unwrap();
    let a = journal.append_placed(journal.head(), &[b'A'; 100]).unwrap().place;
    let b = journal.append_placed(journal.head(), &[b'B'; 100]).unwrap().place;
    drop(journal);
    let whole = disk.bytes(&segment(0)).unwrap();
    let b_frame = b.at as usize - 32..b.at as usize + 100;
    disk.flip(&segment(0), u64::from(a.at), 0xFF);

    let mut journal = open_with(&shared, options).unwrap();
    assert_eq!(journal.head().next, Slot(1), "cut at A");
    assert_eq!(journal.recovered().torn_bytes, 2 * 132);
    let again = journal.append_placed(journal.head(), &[b'a'; 100]).unwrap().place;
    assert_eq!(again, a);
    drop(journal);
    let mut bytes = disk.bytes(&segment(0)).unwrap();
    bytes[b_frame.clone()].copy_from_slice(&whole[b_frame]);
    disk.put(&segment(0), bytes);

    let journal = open_with(&shared, options).unwrap();
    let commits = all(&journal).unwrap();
    assert_eq!(commits.len(), 2, "A′ is there, B is not");
    assert_eq!((&commits[0].body[..], &commits[1].body[..]), (&body(0)[..], &[b'a'; 100][..]));
}
