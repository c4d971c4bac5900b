//! The power goes at every moment there is.
//!
//! A workload of appends, idle marks, reopenings and closings runs on a simulated disk. It is
//! repeated with a power cut at each of its disk operations, each with several outcomes for what
//! was not synced (each 512-byte sector and each name by itself: also of the block that holds
//! acknowledged bytes and is written again). Every time: what was acknowledged is there (A2), at
//! most the one append that was asked last is there besides, and opening again finds the same.

use crate::ground::{SMALL, all, append, assert_bodies, body, open_with};
use headwater_env::{Disk, Fault, SimDisk};
use headwater_journal_file::{Durability, Options};
use headwater_model::{Journal, JournalError, Slot, Unavailable};
use std::sync::Arc;

/// What the workload knew when the disk went dark.
#[derive(Clone, Copy, Default, Debug)]
struct Known {
    acknowledged: u64,
    asked: u64,
}

const COMMITS: u64 = 24;

/// Appends until the disk refuses. Reopens and marks now and then.
fn work(disk: &SimDisk, options: Options, known: &mut Known) -> Result<(), JournalError> {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = open_with(&shared, options)?;
    known.acknowledged = known.acknowledged.max(journal.head().next.0);
    while journal.head().next.0 < COMMITS {
        let n = journal.head().next.0;
        known.asked = n + 1;
        append(&mut journal, n)?;
        known.acknowledged = n + 1;
        match n % 7 {
            2 => journal.note_idle()?,
            4 => {
                drop(journal);
                journal = open_with(&shared, options)?;
            }
            6 => {
                journal.close()?;
                journal = open_with(&shared, options)?;
            }
            _ => {}
        }
    }
    journal.close()
}

/// The journal that survived holds what it must, and opens the same again.
fn check(disk: &SimDisk, options: Options, known: Known, story: &str) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let open = || open_with(&shared, options).unwrap_or_else(|e| panic!("{story}: {e}"));
    let journal = open();
    let commits = all(&journal).unwrap_or_else(|e| panic!("{story}: {e}"));
    assert_bodies(&commits);
    let count = commits.len() as u64;
    assert!(count >= known.acknowledged, "A2: {story}: {count} of {known:?}");
    assert!(count <= known.asked.max(known.acknowledged), "{story}: {count} of {known:?}");
    drop(journal);
    let mut journal = open();
    assert_eq!(all(&journal).unwrap(), commits, "{story}: the second opening found another");
    assert_eq!(journal.recovered().torn_bytes, 0, "{story}: what was torn is gone for good");
    append(&mut journal, count).unwrap_or_else(|e| panic!("{story}: {e}"));
    drop(journal);
    assert_eq!(all(&open()).unwrap().len() as u64, count + 1, "{story}");
}

#[test]
fn acknowledged_commits_survive_a_power_cut_at_every_operation() {
    let dry = SimDisk::new(0);
    work(&dry, SMALL, &mut Known::default()).unwrap();
    let operations = dry.operation_count();
    assert!(operations > 60, "the workload should have many moments: {operations}");
    for n in 0..operations {
        let disk = SimDisk::new(n);
        disk.power_off_at(n);
        let mut known = Known::default();
        let ended = work(&disk, SMALL, &mut known);
        assert!(!disk.is_powered() && (ended.is_err() || known.acknowledged == COMMITS));
        for seed in 0..30 {
            let disk = disk.fork();
            disk.power_on(seed);
            check(&disk, SMALL, known, &format!("power cut at {n}, outcome {seed}"));
        }
    }
}

#[test]
fn acknowledged_commits_survive_a_power_cut_while_recovering_from_another() {
    for seed in 0..300 {
        let disk = SimDisk::new(seed);
        let mut known = Known::default();
        for round in 0..6 {
            disk.power_off_at(disk.operation_count() + (seed * 7 + round * 13) % 29);
            // It ends in the dark, or it was done before: both are fine here.
            let ended = work(&disk, SMALL, &mut known);
            assert!(ended.is_ok() || !disk.is_powered(), "seed {seed}: {ended:?}");
            disk.power_off();
            disk.power_on(seed * 31 + round);
        }
        check(&disk, SMALL, known, &format!("seed {seed}"));
    }
}

/// A killed process leaves bytes that the next one sees and that are not on the disk. What the next
/// one shows must not be taken back by a power cut.
#[test]
fn what_was_shown_after_a_kill_survives_a_power_cut() {
    let dry = SimDisk::new(0);
    work(&dry, SMALL, &mut Known::default()).unwrap();
    for n in 0..dry.operation_count() {
        let disk = SimDisk::new(n);
        disk.power_off_at(n);
        let mut known = Known::default();
        let _ = work(&disk, SMALL, &mut known);
        disk.kill_process();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let shown = open_with(&shared, SMALL).unwrap().head().next.0;
        assert!(shown >= known.acknowledged, "A2: killed at {n}: {shown} of {known:?}");
        let known = Known { acknowledged: shown, asked: known.asked };
        for seed in 0..10 {
            let disk = disk.fork();
            disk.power_off();
            disk.power_on(seed);
            check(&disk, SMALL, known, &format!("killed at {n}, outcome {seed}"));
        }
    }
}

#[test]
fn a_large_commit_is_there_whole_or_not_at_all() {
    let large: Vec<u8> = (0..30_000u32).map(|n| (n % 251) as u8).collect();
    let write = |disk: &SimDisk| -> Result<(), JournalError> {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut journal = open_with(&shared, SMALL)?;
        journal.append(journal.head(), &body(0))?;
        journal.append(journal.head(), &large).map(drop)
    };
    let dry = SimDisk::new(0);
    write(&dry).unwrap();
    for n in 0..dry.operation_count() {
        let disk = SimDisk::new(n);
        disk.power_off_at(n);
        let acknowledged = write(&disk).is_ok();
        for seed in 0..40 {
            let disk = disk.fork();
            disk.power_on(seed);
            let shared: Arc<dyn Disk> = Arc::new(disk);
            let commits = all(&open_with(&shared, SMALL).unwrap()).unwrap();
            if let Some(commit) = commits.get(1) {
                assert_eq!(commit.body, large);
            }
            assert!(!acknowledged || commits.len() == 2);
        }
    }
}

#[test]
fn a_replica_that_syncs_at_seals_keeps_a_prefix() {
    let options = Options { durability: Durability::AtSeal, ..SMALL };
    let dry = SimDisk::new(0);
    work(&dry, options, &mut Known::default()).unwrap();
    for n in 0..dry.operation_count() {
        let disk = SimDisk::new(n);
        disk.power_off_at(n);
        let mut known = Known::default();
        let _ = work(&disk, options, &mut known);
        for seed in 0..20 {
            let disk = disk.fork();
            disk.power_on(seed);
            let shared: Arc<dyn Disk> = Arc::new(disk);
            let journal = open_with(&shared, options)
                .unwrap_or_else(|e| panic!("power cut at {n}, outcome {seed}: {e}"));
            let commits = all(&journal).unwrap();
            assert_bodies(&commits);
            assert!(commits.len() as u64 <= known.asked);
        }
    }
}

#[test]
fn a_failed_write_or_sync_poisons_until_the_journal_is_opened_again() {
    let dry = SimDisk::new(0);
    work(&dry, SMALL, &mut Known::default()).unwrap();
    for n in 0..dry.operation_count() {
        let disk = SimDisk::new(n);
        disk.fail(n..n + 1, Fault::Io);
        let mut known = Known::default();
        let ended = work(&disk, SMALL, &mut known);
        if let Err(JournalError::HeadMoved { .. } | JournalError::TooLarge { .. }) = ended {
            panic!("operation {n} failed: {ended:?}");
        }
        for seed in 0..10 {
            let disk = disk.fork();
            disk.power_off();
            disk.power_on(seed);
            check(&disk, SMALL, known, &format!("operation {n} failed, outcome {seed}"));
        }
    }
}

#[test]
fn after_a_failed_durable_write_every_append_is_refused() {
    let disk = SimDisk::new(0);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = open_with(&shared, SMALL).unwrap();
    append(&mut journal, 0).unwrap();
    let n = disk.operation_count();
    disk.fail(n..n + 1, Fault::Io);
    let unknown = append(&mut journal, 1).unwrap_err();
    assert!(matches!(unknown, JournalError::Unknown(_)), "{unknown}");
    for _ in 0..3 {
        let refused = append(&mut journal, 1).unwrap_err();
        let poisoned = Unavailable::Poisoned { why: unknown_why(&unknown) };
        assert_eq!(refused, JournalError::Unavailable(poisoned));
    }
    assert_eq!(all(&journal).unwrap().len(), 1, "what was acknowledged is still read");
    assert!(journal.note_idle().is_err());
    drop(journal);
    let mut journal = open_with(&shared, SMALL).unwrap();
    let next = journal.head().next;
    assert!(next == Slot(1) || next == Slot(2));
    append(&mut journal, next.0).unwrap();
}

fn unknown_why(error: &JournalError) -> String {
    match error {
        JournalError::Unknown(lost) => lost.why.clone(),
        other => panic!("{other}"),
    }
}

/// A process was killed while it made the prepared segment larger: its new length was seen, and not
/// durable. The next process took the segment over, wrote a header that named this length, and
/// acknowledged a commit. The power went, and the journal did not open: the file was shorter than
/// its header said.
#[test]
fn a_segment_that_was_being_made_larger_is_taken_over_whole() {
    // Its last block is not of the room that is made for it: only a sync makes all of that durable.
    let large = vec![7; 19_800];
    let begin = |disk: &SimDisk| {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut journal = open_with(&shared, SMALL).unwrap();
        append(&mut journal, 0).unwrap();
        (shared, journal)
    };
    let dry = SimDisk::new(0);
    let (_, mut journal) = begin(&dry);
    let first = dry.operation_count();
    journal.append(journal.head(), &large).unwrap();
    let last = dry.operation_count();
    assert!(last - first >= 4, "zeros, a sync, a seal, the commit");
    for n in first..last {
        let disk = SimDisk::new(0);
        let (shared, mut journal) = begin(&disk);
        disk.fail(n..n + 1, Fault::Io);
        // Whether it was made is not the question here.
        drop(journal.append(journal.head(), &large));
        drop(journal);
        disk.kill_process();
        let mut journal = open_with(&shared, SMALL).unwrap();
        while journal.head().next < Slot(3) {
            journal.append(journal.head(), &large).unwrap();
        }
        drop(journal);
        for seed in 0..20 {
            let disk = disk.fork();
            disk.power_off();
            disk.power_on(seed);
            let shared: Arc<dyn Disk> = Arc::new(disk);
            let journal = open_with(&shared, SMALL);
            let journal = journal.unwrap_or_else(|e| panic!("operation {n}, outcome {seed}: {e}"));
            assert_eq!(all(&journal).unwrap().len(), 3, "A2: operation {n}, outcome {seed}");
        }
    }
}
