//! The bytes of a scavenged segment, once and for all.
//!
//! A change that writes other bytes, or cannot read these, needs a new format version, an ADR and new
//! golden bytes beside these. The picture is `docs/formats/journal.md` and `docs/formats/commit.md`.

use super::twins::{ALL, DIR, Twins};
use headwater_conformance::sample::{event_of, stream};
use headwater_model::{Append, ExpectedRevision, NewEvent, Revision, StreamChange, StreamSettings};
use std::fmt::Write;
use std::path::Path;

/// Two streams in a first segment, a second segment behind it; one is cut, one deleted.
fn scavenged() -> Twins {
    let mut twins = Twins::new(1);
    let write = |twins: &mut Twins, name: &str, n: u128, bytes: usize| {
        let payload = vec![b'x'; bytes].into();
        let event = NewEvent { payload, ..event_of(n, "Paid", &["card:1"]) };
        twins.append(Append::to(stream(name), ExpectedRevision::Any, vec![event]));
    };
    for n in 1..=4 {
        write(&mut twins, "order-1", n, 1_500);
        write(&mut twins, "order-2", 10 + n, 1_500);
    }
    write(&mut twins, "order-3", 20, 9_000);
    let cut = StreamSettings { truncate_before: Some(Revision(3)), ..Default::default() };
    twins.change_to(&stream("order-1"), StreamChange::Settings(cut));
    twins.change_to(&stream("order-2"), StreamChange::Delete);
    twins.scavenge(ALL);
    twins
}

/// Sixteen bytes a line, each after its place; lines of zeros and of payload left out.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        if bytes.iter().all(|byte| *byte == 0) || bytes.iter().all(|byte| *byte == b'x') {
            continue;
        }
        write!(text, "{:04x} ", line * 16).expect("a text takes all");
        bytes.iter().for_each(|byte| write!(text, " {byte:02x}").expect("a text takes all"));
        text.push('\n');
    }
    text
}

#[test]
fn a_scavenged_segment_is_written_as_the_first_release_wrote_it() {
    let mut twins = scavenged();
    let segment = Path::new(DIR).join("journal/00000000000000000000.seg");
    let found = hex(&twins.disk.bytes(&segment).expect("it is there"));
    assert_eq!(found, include_str!("golden/scavenged.hex"), "\n{found}");
    let report = twins.verified();
    assert_eq!(report.journal.segments[0].generation, 1);
    assert_eq!((report.removed_count, report.event_count), (7, 11));
}
