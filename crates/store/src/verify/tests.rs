//! A sound context is found sound, and what was changed in it is found.

use super::*;
use crate::{EmbeddedContext, Environment, Options};
use headwater_env::{MemDisk, SeededEntropy, VirtualClock};
use headwater_model::{
    Append, ContextName, EventId, EventType, ExpectedRevision, NewEvent, StreamName, Tag, Timestamp,
};
use uuid::Uuid;

const DIR: &str = "/orders";
const EVENT_COUNT: u64 = 200;

fn event(n: u128) -> NewEvent {
    let tag = Tag::new(format!("n:{}", n % 5)).unwrap();
    let event_type = EventType::new(["Opened", "Closed"][n as usize % 2]).unwrap();
    NewEvent { tags: vec![tag], ..NewEvent::json(EventId(Uuid::from_u128(n)), event_type, "{}") }
}

/// A context of some sealed segments, closed.
fn written() -> Arc<dyn Disk> {
    let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
    let environment = Environment {
        disk: Arc::clone(&disk),
        clock: Arc::new(VirtualClock::at(Timestamp::from_micros(5))),
        entropy: Arc::new(SeededEntropy::new(1)),
    };
    let name = ContextName::new("orders").unwrap();
    let options = Options::inline(4_096);
    let context = EmbeddedContext::open(&environment, name, Path::new(DIR), &options).unwrap();
    for n in 0..EVENT_COUNT {
        let stream = StreamName::new(format!("order-{}", n % 7)).unwrap();
        let append = Append::to(stream, ExpectedRevision::Any, vec![event(u128::from(n))]);
        context.append_blocking(append).unwrap();
    }
    disk
}

#[test]
fn a_context_as_it_was_written_is_sound() {
    let report = verify(&written(), Path::new(DIR)).unwrap();
    assert_eq!(report.contradictions, []);
    assert!(report.is_sound(), "{:?}", report.journal.damage);
    let counts = (report.event_count, report.stream_count, report.commit_count);
    assert_eq!(counts, (EVENT_COUNT, 7, EVENT_COUNT + 1));
    assert!(report.indexed_count > EVENT_COUNT / 2 && report.journal.segments.len() > 3);
}

#[test]
fn a_flipped_byte_of_the_journal_is_found() {
    let disk = written();
    let path = Path::new(DIR).join("journal").join(segment_file_name(1));
    let file = disk.open(&path, Access::Write).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, 900).unwrap();
    file.write_at(&[byte[0] ^ 1], 900).unwrap();
    let report = verify(&disk, Path::new(DIR)).unwrap();
    assert!(!report.is_sound());
}

#[test]
fn a_lost_commit_is_found_as_a_gap_by_the_audit_alone() {
    let disk = written();
    let dir = Path::new(DIR).join("journal");
    let mut audit = Audit::new();
    let file = disk.open(&dir.join(segment_file_name(0)), Access::Read).unwrap();
    let end = file.len().unwrap();
    let mut frames = Frames { file, at: u64::from(FIRST_FRAME_AT), end };
    let mut n = 0;
    while let Some((at, body)) = frames.next().unwrap() {
        let place = Place { file: dir.clone(), segment: 0, at, is_moved: false };
        if n != 3 {
            audit.commit(&place, &body, None);
        }
        n += 1;
    }
    let told: Vec<_> = audit.report().contradictions.into_iter().map(|c| c.why).collect();
    assert!(told[0].starts_with("A3: the commit begins at position 3"), "{told:?}");
}
