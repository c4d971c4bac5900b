//! The verifier, which shares no code with writer and reader, finds what they find.

use crate::ground::{all, append, open};
use headwater_env::{Disk, SimDisk};
use headwater_journal_file::{Report, verify};
use headwater_model::{Journal, Slot};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const COMMITS: u64 = 28;

fn journal() -> SimDisk {
    let disk = SimDisk::new(1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = open(&shared).unwrap();
    (0..COMMITS).for_each(|n| append(&mut journal, n).unwrap());
    journal.note_idle().unwrap();
    drop(journal);
    disk
}

fn verified(disk: &SimDisk) -> Report {
    verify(disk, Path::new("/journal")).unwrap()
}

fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    disk.paths().into_iter().filter(|path| path.extension().is_some_and(|e| e == "seg")).collect()
}

#[test]
fn a_sound_journal_has_no_damage_and_all_its_commits() {
    let disk = journal();
    let report = verified(&disk);
    assert_eq!(report.damage, []);
    assert_eq!(report.next_slot, Slot(COMMITS));
    assert_eq!(report.segments.iter().map(|segment| segment.commit_count).sum::<u64>(), COMMITS);
    let shared: Arc<dyn Disk> = Arc::new(disk);
    let listed = open(&shared).unwrap().segments().list();
    for (found, listed) in report.segments.iter().zip(&listed) {
        assert_eq!((found.first_slot, found.sealed), (listed.first_slot, listed.sealed));
        assert_eq!(found.bytes, u64::from(listed.bytes));
    }
}

#[test]
fn a_torn_tail_is_told_from_damage() {
    for n in 0..120 {
        let disk = SimDisk::new(n);
        disk.power_off_at(n);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        if let Ok(mut journal) = open(&shared) {
            let mut next = 0;
            while append(&mut journal, next).is_ok() {
                next += 1;
            }
        }
        disk.power_on(n);
        if disk.paths().is_empty() {
            continue;
        }
        let report = verified(&disk);
        assert_eq!(report.damage, [], "power cut at {n}");
        let torn: u64 = report.segments.iter().map(|segment| segment.torn_bytes).sum();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let journal = open(&shared).unwrap();
        assert_eq!(journal.head().next, report.next_slot, "power cut at {n}");
        assert!(u64::from(journal.recovered().torn_bytes) <= torn);
        assert_eq!(all(&journal).unwrap().len() as u64, report.next_slot.0);
    }
}

/// Unlike an opening journal the verifier reads all: it also tells the damage that would be met
/// only by whoever reads there, and zeros that are none.
#[test]
fn each_damaged_byte_of_a_used_segment_is_told_with_its_file() {
    let sound = journal();
    let files = segments(&sound);
    for path in &files[..files.len() - 2] {
        for at in 0..sound.bytes(path).unwrap().len() as u64 {
            let disk = sound.fork();
            disk.flip(path, at, 1 << (at % 8));
            let report = verified(&disk);
            assert!(!report.damage.is_empty(), "byte {at} of {}", path.display());
            assert!(report.damage.iter().any(|damage| damage.file == path.display().to_string()));
        }
    }
    let last = &files[files.len() - 2];
    let used = sound.bytes(last).unwrap().iter().rposition(|byte| *byte != 0).unwrap() as u64;
    for at in 0..=used {
        let disk = sound.fork();
        disk.flip(last, at, 0x40);
        assert!(!verified(&disk).damage.is_empty(), "byte {at} of the last segment");
    }
}

#[test]
fn behind_damage_the_verifier_goes_on_and_counts_what_is_left() {
    let disk = journal();
    disk.flip(&segments(&disk)[0], 600, 0xFF);
    let report = verified(&disk);
    assert_eq!(report.damage.len(), 2, "the frame, and the count in the seal: {report:?}");
    let counted: u64 = report.segments.iter().map(|segment| segment.commit_count).sum();
    assert!((COMMITS - 2..COMMITS).contains(&counted), "{counted}");
    assert_eq!(report.next_slot, Slot(COMMITS));
}

#[test]
fn a_missing_segment_or_mark_is_told() {
    let sound = journal();
    for path in segments(&sound).iter().take(3).chain([&PathBuf::from("/journal/mark")]) {
        let disk = sound.fork();
        disk.take_away(path);
        assert!(!verified(&disk).damage.is_empty(), "{}", path.display());
    }
}
