//! D1, D3: what is written reads back; what was changed on the way is found; nothing panics.

use super::*;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    Checkpoint, CheckpointName, ContentType, ContextName, EventId, EventType, Incarnation,
    Metadata, NewEvent, Position, RecordedEvent, Revision, StreamName, Tag, Timestamp,
};
use proptest::prelude::*;
use uuid::Uuid;

fn stream(name: &str) -> StreamName {
    StreamName::system(name.to_owned()).unwrap()
}

fn plain(id: u128, payload: &'static [u8]) -> NewEvent {
    NewEvent::json(EventId(Uuid::from_u128(id)), EventType::new("OrderCreated").unwrap(), payload)
}

fn full(id: u128) -> NewEvent {
    NewEvent {
        schema_version: 300,
        content_type: ContentType::Binary,
        metadata: Metadata {
            correlation: Some("co".into()),
            traceparent: Some("tp".into()),
            free: vec![("k".into(), "v".into()), ("k".into(), "".into())],
            ..Metadata::default()
        },
        tags: vec![Tag::new("course:7").unwrap(), Tag::new("ä").unwrap()],
        ..plain(id, b"\x00\xff")
    }
}

fn example() -> Vec<u8> {
    let at = Timestamp::from_micros(1_773_064_800_000_001);
    let mut commit = CommitBuilder::new(Vec::new(), at, Position(40));
    commit.event(&stream("order-8f3a"), Revision(7), &plain(1, b"{}"));
    commit.event(&stream("$$order-8f3a"), Revision(300), &full(2));
    commit.control(Control::ContextBorn {
        id: Uuid::from_u128(9),
        name: ContextName::new("orders").unwrap(),
    });
    commit.control(Control::Incarnated { incarnation: Incarnation(1), fork: Position(500) });
    commit.control(Control::CheckpointSaved {
        name: CheckpointName::new("settle/customers").unwrap(),
        to: Checkpoint { incarnation: Incarnation(2), position: Position(129) },
    });
    commit.finish()
}

fn decoded(body: &[u8]) -> Result<(Header, Vec<RecordedEvent>, Vec<Control>), Malformed> {
    let page = Bytes::copy_from_slice(body);
    let commit = Commit::read(&page)?;
    let mut records = commit.records_checked();
    let mut events = Vec::new();
    while let Some((_, event)) = records.next_at()? {
        events.push(event.to_recorded(&page)?);
    }
    Ok((*commit.header(), events, commit.controls(records)?))
}

/// The format as it is on disks: a change of one byte here is a new format.
#[test]
fn the_bytes_of_a_commit_are_these() {
    let golden = include_str!("golden.hex");
    let golden: String = golden.lines().filter(|line| !line.starts_with('#')).collect();
    let actual: String = example().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(actual, golden);
}

#[test]
fn what_is_written_reads_back() {
    let (header, events, controls) = decoded(&example()).unwrap();
    assert_eq!((header.first, header.next()), (Position(40), Position(42)));
    assert_eq!((events.len(), controls.len()), (2, 3));
    let (asked, stored) = (full(2), &events[1]);
    assert_eq!(stored.position, Position(41));
    assert_eq!(stored.revision, Revision(300));
    assert_eq!(stored.recorded_at, header.recorded_at);
    assert_eq!(stored.metadata, asked.metadata);
    assert!(asked.same_content(stored));
}

#[test]
fn a_usual_record_costs_65_bytes_besides_its_payload() {
    let name = stream("order-00000000000008");
    let event = plain(1, &[b'x'; 256]);
    assert_eq!((name.as_str().len(), event.event_type.as_str().len()), (20, 12));
    let mut commit = CommitBuilder::new(Vec::new(), Timestamp::ZERO, Position::ZERO);
    commit.event(&name, Revision(9), &event);
    assert_eq!(commit.finish().len() - HEADER_BYTES - 256, 65);
}

#[test]
fn a_record_read_for_another_position_is_refused() {
    let body = example();
    let at = HEADER_BYTES;
    assert!(matches!(
        EventRef::read_alone(&body[at..], Position(40)),
        Ok(RecordRead::Whole(event, _)) if event.revision == Revision(7)
    ));
    for wrong in [0, 39, 41, 40 << 32, u64::MAX] {
        assert!(EventRef::read_alone(&body[at..], Position(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn a_record_that_is_cut_off_says_how_much_it_needs() {
    let body = example();
    let record = &body[HEADER_BYTES..];
    let Ok(RecordRead::Whole(_, len)) = EventRef::read_alone(record, Position(40)) else {
        panic!("the record is whole");
    };
    for cut in 0..len {
        match EventRef::read_alone(&record[..cut], Position(40)) {
            Ok(RecordRead::Needs(count)) => assert!(count > cut && count <= len.max(10)),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn kinds_of_a_later_version_halt_the_reader() {
    let mut format = example();
    format[0] = 2;
    assert!(decoded(&format).unwrap_err().to_string().contains("format 2 is unknown"));

    let mut commit = CommitBuilder::new(Vec::new(), Timestamp::ZERO, Position::ZERO);
    commit.control(Control::Incarnated { incarnation: Incarnation(0), fork: Position(0) });
    let mut control = commit.finish();
    control[HEADER_BYTES] = 77;
    assert!(decoded(&control).unwrap_err().to_string().contains("kind 77 is unknown"));

    let mut record = example();
    // Flags stand behind the length (one byte here) and the checksum.
    record[HEADER_BYTES + 5] |= 0x40;
    let records: Result<Vec<_>, _> = Commit::read(&record).unwrap().records().collect();
    assert!(records.unwrap_err().to_string().contains("a record of a kind unknown here"));
}

/// D3: names are looked at eight bytes at a time while they are ASCII; wherever in them the byte
/// stands that is not, the answer is the decoder's.
#[test]
fn a_name_is_text_or_the_record_is_refused_wherever_the_odd_byte_stands() {
    for name in ["a-1", "order-7", "order-78", "account-0000000017"] {
        let mut commit = CommitBuilder::new(Vec::new(), Timestamp::ZERO, Position::ZERO);
        commit.event(&stream(name), Revision(0), &plain(1, b"{}"));
        let body = commit.finish();
        let from = body.windows(name.len()).position(|bytes| bytes == name.as_bytes()).unwrap();
        for at in 0..name.len() {
            let mut odd = body.clone();
            odd[from + at] = 0xc3;
            let read = Commit::read(&odd).unwrap().records().next().unwrap();
            assert!(read.unwrap_err().to_string().contains("not UTF-8"), "{name}, byte {at}");
            if at + 1 < name.len() {
                odd[from + at + 1] = 0xa4;
                let read = Commit::read(&odd).unwrap().records().next().unwrap().unwrap();
                assert_eq!(read.stream.as_str().chars().nth(at), Some('ä'));
            }
        }
    }
}

#[test]
fn every_flipped_byte_of_a_record_is_found() {
    let body = example();
    let (_, events, _) = decoded(&body).unwrap();
    for at in HEADER_BYTES..body.len() {
        let mut flipped = body.clone();
        flipped[at] ^= 1;
        if let Ok((_, after, _)) = decoded(&flipped) {
            assert_eq!(events, after, "byte {at} belongs to a control item");
        }
    }
}

fn texts() -> impl Strategy<Value = ByteString> {
    "[a-zäß]{0,12}".prop_map(ByteString::from)
}

prop_compose! {
    fn metadata()(
        known in prop::array::uniform4(prop::option::of(texts())),
        free in prop::collection::vec((texts(), texts()), 0..4),
    ) -> Metadata {
        let [correlation, causation, traceparent, actor] = known;
        Metadata { correlation, causation, traceparent, actor, free }
    }
}

prop_compose! {
    fn events()(
        id in any::<u128>(),
        event_type in "[A-Za-z$]{1,20}",
        schema_version in prop_oneof![Just(1), any::<u32>()],
        binary in any::<bool>(),
        payload in prop::collection::vec(any::<u8>(), 0..300),
        metadata in metadata(),
        tags in prop::collection::vec("[a-z:]{1,9}", 0..5),
    ) -> NewEvent {
        NewEvent {
            id: EventId(Uuid::from_u128(id)),
            event_type: EventType::new(event_type).unwrap(),
            schema_version,
            content_type: if binary { ContentType::Binary } else { ContentType::Json },
            payload: payload.into(),
            metadata,
            tags: tags.into_iter().map(|tag| Tag::new(tag).unwrap()).collect(),
        }
    }
}

proptest! {
    #[test]
    fn any_commit_reads_back(
        events in prop::collection::vec((events(), "[a-z$-]{1,30}", any::<u64>()), 0..6),
        first in 0..u64::MAX - 6,
        micros in 0..1_u64 << 56,
    ) {
        let at = Timestamp::from_micros(micros);
        let mut commit = CommitBuilder::new(vec![7; 99], at, Position(first));
        for (event, name, revision) in &events {
            let before = commit.bytes_max();
            commit.event(&stream(name), Revision(*revision), event);
            let written = commit.bytes_max() - before;
            prop_assert!(written <= event_bytes_max(&stream(name), event), "a bound holds");
        }
        let (header, read, controls) = decoded(&commit.finish()).unwrap();
        prop_assert_eq!((header.recorded_at, controls.len()), (at, 0));
        prop_assert_eq!(read.len(), events.len());
        for (n, (stored, (asked, name, revision))) in (0..).zip(read.iter().zip(&events)) {
            prop_assert_eq!(stored.position, Position(first + n));
            prop_assert_eq!(stored.revision, Revision(*revision));
            prop_assert_eq!(stored.stream.as_str(), name);
            prop_assert_eq!(&stored.metadata, &asked.metadata);
            prop_assert!(asked.id == stored.id && asked.same_content(stored));
        }
    }

    #[test]
    fn hostile_bytes_are_an_error_and_no_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        position in any::<u64>(),
    ) {
        let _ = EventRef::read_alone(&bytes, Position(position));
        let _ = decoded(&bytes);
    }

    #[test]
    fn a_commit_with_hostile_bytes_in_it_is_an_error_and_no_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = example();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(cut.index(body.len()) + 1);
        // Unchecked too, as a scan reads: what a wrong frame checksum lets through must not panic.
        let page = Bytes::from(body);
        if let Ok(commit) = Commit::read(&page) {
            for event in commit.records().flatten() {
                let _ = event.to_recorded(&page);
                event.tags.iter().for_each(drop);
            }
        }
        let _ = decoded(&page);
    }
}
