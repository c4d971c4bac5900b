//! A disk that is full, that refuses one operation, or that does not read.

use super::twins::{ALL, Twins};
use crate::sim::world::ready;
use headwater_conformance::sample::stream;
use headwater_env::Fault;
use headwater_model::{EventStore, ScavengeError, ScavengePhase, StreamChange};

fn written(seed: u64) -> Twins {
    let mut twins = Twins::new(seed);
    for _ in 0..70 {
        twins.step();
    }
    for name in ["order-1", "order-4"] {
        twins.change_to(&stream(name), StreamChange::Delete);
    }
    twins
}

/// D2: on a full disk nothing is lost; what finds no room is tried again, and done when there is some.
#[test]
fn a_full_disk_loses_nothing() {
    for room in [0, 1_000, 4_096, 9_000, 20_000] {
        let mut twins = written(3);
        let shows = twins.shows();
        twins.disk.set_capacity(Some(twins.disk.used_bytes() + room));
        match twins.scavenge_files(ALL) {
            Ok(progress) => assert!(!progress.phase.is_under_way(), "{room}: {progress:?}"),
            Err(ScavengeError::Unavailable(cause)) => assert_eq!(cause.code(), "store.full"),
            Err(other) => panic!("{room}: {other}"),
        }
        assert_eq!(twins.shows(), shows, "{room}");
        twins.open().expect("it opens while the disk is full");
        assert_eq!(twins.shows(), shows, "{room}");
        twins.disk.set_capacity(None);
        twins.scavenge(ALL);
        twins.compare();
        twins.verified();
    }
}

/// D2: any one operation fails: the answer says so, what shows is there, also after opening again.
#[test]
fn an_operation_that_fails_loses_nothing() {
    for seed in 0..2 {
        let whole = written(seed);
        let begins = whole.disk.operation_count();
        whole.scavenge(ALL);
        for failing in (begins..whole.disk.operation_count()).step_by(2) {
            let mut twins = written(seed);
            let shows = twins.shows();
            twins.disk.fail(failing..failing + 1, Fault::Io);
            let answer = twins.scavenge_files(ALL);
            assert_eq!(twins.shows(), shows, "seed {seed}, {failing} failed: {answer:?}");
            twins.disk.heal();
            twins.open().expect("it opens");
            assert_eq!(twins.shows(), shows, "seed {seed}, {failing} failed");
            twins.scavenge(ALL);
            twins.compare();
        }
    }
}

/// A disk that does not read ends a scavenge with its reason, and the store goes on.
#[test]
fn a_disk_that_does_not_read_ends_it() {
    let mut twins = written(4);
    let shows = twins.shows();
    twins.open().expect("a good day");
    twins.disk.fail_reads(Some(Fault::Io));
    let answer = twins.scavenge_files(ALL);
    assert!(matches!(answer, Err(ScavengeError::Unavailable(_))), "{answer:?}");
    twins.disk.heal();
    let port = twins.store().scavenge().expect("it can");
    let progress = ready(port.scavenge_progress()).expect("now").expect("it is known");
    assert!(!progress.phase.is_under_way(), "{progress:?}");
    assert_eq!(twins.shows(), shows);
    twins.scavenge(ALL);
    twins.compare();
}

/// D1: what rots in a segment is not written anew as if it were well.
#[test]
fn a_damaged_segment_is_left_as_it_is() {
    let mut twins = written(6);
    let segment = std::path::Path::new(super::twins::DIR).join("journal/00000000000000000000.seg");
    twins.open().expect("a good day");
    twins.disk.flip(&segment, 2_000, 4);
    let before = twins.disk.bytes(&segment);
    let answer = twins.scavenge_files(ALL);
    assert!(matches!(answer, Err(ScavengeError::Corrupt(_))), "{answer:?}");
    assert_eq!(twins.disk.bytes(&segment), before, "its bytes are as they were");
    let port = twins.store().scavenge().expect("it can");
    let progress = ready(port.scavenge_progress()).expect("now").expect("it is known");
    assert!(matches!(progress.phase, ScavengePhase::Failed { .. }), "{progress:?}");
}
