//! No room.
//!
//! D2: a full disk refuses the append, shows nothing of it, and loses nothing. The journal opens
//! while the disk is full, and appends go on when there is room.

use crate::ground::{SMALL, all, append, assert_bodies, open, open_with};
use headwater_env::{Disk, Fault, SimDisk};
use headwater_journal_file::{Options, Room};
use headwater_model::{Journal, JournalError, Slot, Unavailable};
use std::sync::Arc;

fn is_full(error: &JournalError) -> bool {
    matches!(error, JournalError::Unavailable(Unavailable::Full { .. }))
}

#[test]
fn a_full_disk_refuses_until_there_is_room_and_loses_nothing() {
    for spare in (0..40_000).step_by(512) {
        let disk = SimDisk::new(spare);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut journal = open(&shared).unwrap();
        append(&mut journal, 0).unwrap();
        disk.set_capacity(Some(disk.used_bytes() + spare));
        let refused = loop {
            let n = journal.head().next.0;
            if let Err(refused) = append(&mut journal, n) {
                break refused;
            }
        };
        assert!(is_full(&refused), "{refused}");
        let count = journal.head().next.0;
        assert!(is_full(&append(&mut journal, count).unwrap_err()));
        assert_eq!(all(&journal).unwrap().len() as u64, count);
        drop(journal);

        let mut journal = open(&shared).expect("the journal opens on a full disk");
        assert_eq!(all(&journal).unwrap().len() as u64, count, "a refused append shows nothing");
        assert!(is_full(&append(&mut journal, count).unwrap_err()));
        disk.set_capacity(None);
        for n in count..count + 20 {
            append(&mut journal, n).unwrap();
        }
        drop(journal);
        let commits = all(&open(&shared).unwrap()).unwrap();
        assert_eq!(commits.len() as u64, count + 20);
        assert_bodies(&commits);
    }
}

/// D2: a full disk is made room on by commits, so there is some left for those, also after it was
/// opened again; and none of it for others.
#[test]
fn a_full_disk_takes_what_is_to_make_room() {
    for spare in (0..40_000).step_by(512) {
        let disk = SimDisk::new(spare);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let options = Options { segment_bytes: 8_192, ..SMALL };
        let mut journal = open_with(&shared, options).unwrap();
        append(&mut journal, 0).unwrap();
        disk.set_capacity(Some(disk.used_bytes() + spare));
        let mut full = 1;
        while append(&mut journal, full).is_ok() {
            full += 1;
        }
        for reopened in [false, true] {
            if reopened {
                drop(journal);
                journal = open_with(&shared, options).unwrap();
            }
            journal.set_room(Room::Reserve);
            let deleted = journal.append(journal.head(), &[b'-'; 200]);
            deleted.unwrap_or_else(|refused| panic!("{spare} bytes spare: {refused}"));
            journal.set_room(Room::Ordinary);
            let refused = journal.append(journal.head(), &[b'+'; 200]).unwrap_err();
            assert!(is_full(&refused), "the reserve is not for all: {refused}");
        }
        assert_eq!(journal.head().next, Slot(full + 2));
        drop(journal);
        assert_eq!(all(&open_with(&shared, options).unwrap()).unwrap().len() as u64, full + 2);
    }
}

#[test]
fn no_room_at_any_operation_is_a_clean_refusal() {
    let work = |disk: &SimDisk, refusals: &mut u64| -> Result<(), JournalError> {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut journal = open(&shared)?;
        while journal.head().next < Slot(20) {
            let n = journal.head().next.0;
            match append(&mut journal, n) {
                Ok(()) => {}
                Err(refused) if is_full(&refused) => {
                    *refusals += 1;
                    let reopened = disk.fork();
                    reopened.power_off();
                    reopened.power_on(n);
                    let shared: Arc<dyn Disk> = Arc::new(reopened);
                    let count = all(&open(&shared)?)?.len() as u64;
                    assert_eq!(count, n, "A5: a refused append is not there, also after a crash");
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    };
    let dry = SimDisk::new(0);
    work(&dry, &mut 0).unwrap();
    let mut refusals = 0;
    for n in 0..dry.operation_count() {
        let disk = SimDisk::new(n);
        disk.fail(n..n + 1, Fault::Full);
        match work(&disk, &mut refusals) {
            Ok(()) => {}
            Err(error) => assert!(is_full(&error), "operation {n}: {error}"),
        }
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        assert_bodies(&all(&open(&shared).unwrap()).unwrap());
    }
    assert!(refusals >= 20, "the test should meet full appends: {refusals}");
}

#[test]
fn a_disk_that_stays_full_while_the_place_is_cleared_poisons() {
    let disk = SimDisk::new(3);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = open(&shared).unwrap();
    append(&mut journal, 0).unwrap();
    let n = disk.operation_count();
    disk.fail(n..n + 2, Fault::Full);
    let unknown = append(&mut journal, 1).unwrap_err();
    assert!(matches!(unknown, JournalError::Unknown(_)), "{unknown}");
    let refused = append(&mut journal, 1).unwrap_err();
    assert!(matches!(refused, JournalError::Unavailable(Unavailable::Poisoned { .. })));
}
