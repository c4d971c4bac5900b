//! Golden bytes: what was once sent is understood for ever. A change here is a change of the
//! protocol, which takes an ADR.

use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::append::WrongRevision;
use headwater_model::*;
use headwater_wire::codec::decode;
use headwater_wire::{status, v1};
use prost::Message as _;
use uuid::Uuid;

fn stream() -> StreamName {
    StreamName::new("order-8f3a").expect("a name")
}

fn new_event() -> NewEvent {
    let pair = (ByteString::from("tenant"), ByteString::from("7"));
    let metadata = Metadata {
        correlation: Some("c".into()),
        causation: Some("k".into()),
        traceparent: Some("t".into()),
        actor: Some("a".into()),
        free: vec![pair],
    };
    NewEvent {
        id: EventId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)),
        event_type: EventType::new("OrderPlaced").expect("a type"),
        schema_version: 2,
        content_type: ContentType::Binary,
        payload: Bytes::from_static(b"{}"),
        metadata,
        tags: vec![Tag::new("course:7").expect("a tag")],
    }
}

fn append() -> Append {
    let checkpoint = Checkpoint { incarnation: Incarnation(1), position: Position(8) };
    let name = CheckpointName::new("settle/orders").expect("a name");
    Append::to(stream(), ExpectedRevision::At(Revision(5)), vec![new_event()])
        .unless(Query::types([EventType::new("Paid").expect("a type")]), Some(Position(9)))
        .saving(SaveCheckpoint { name, expected: None, to: checkpoint })
}

fn event() -> RecordedEvent {
    let NewEvent { id, event_type, schema_version, content_type, payload, metadata, tags } =
        new_event();
    RecordedEvent {
        id,
        stream: stream(),
        revision: Revision(6),
        position: Position(300),
        recorded_at: Timestamp::from_micros(1_773_064_800_000_001),
        event_type,
        schema_version,
        content_type,
        payload,
        metadata,
        tags,
    }
}

#[test]
fn an_append_has_these_bytes() {
    let bytes = hex::decode(APPEND).expect("hex");
    assert_eq!(hex::encode(v1::Append::from(&append()).encode_to_vec()), APPEND);
    let understood = Append::try_from(decode::<v1::Append>(bytes.into()).expect("a message"));
    assert_eq!(understood, Ok(append()));
}

/// Field 4: who sends none has the bytes of before.
#[test]
fn turns_have_these_bytes() {
    let append = Append { turns: vec![0, 258], ..append() };
    let bytes = v1::Append::from(&append).encode_to_vec();
    assert_eq!(hex::encode(&bytes), format!("{APPEND}22080000000002010000"));
    let understood = Append::try_from(decode::<v1::Append>(bytes.into()).expect("a message"));
    assert_eq!(understood, Ok(append));
}

#[test]
fn an_event_has_these_bytes() {
    let bytes = hex::decode(EVENT).expect("hex");
    assert_eq!(hex::encode(v1::RecordedEvent::from(&event()).encode_to_vec()), EVENT);
    let decoded = decode::<v1::RecordedEvent>(bytes.into()).expect("a message");
    assert_eq!(RecordedEvent::try_from(decoded), Ok(event()));
}

#[test]
fn a_refusal_has_these_bytes() {
    let wrong = WrongRevision {
        stream: stream(),
        expected: ExpectedRevision::NoStream,
        actual: Some(Revision(7)),
    };
    let reply = v1::AppendReply::from(Err(AppendError::WrongRevision(wrong)));
    assert_eq!(hex::encode(reply.encode_to_vec()), REFUSAL);
}

#[test]
fn a_status_has_these_bytes() {
    let error = ReadError::Unavailable(Unavailable::Closed);
    assert_eq!(hex::encode(status::of(&error).details()), STATUS);
}

const APPEND: &str = "0a5e0a0a6f726465722d38663361120220051a4c0a100123456789abcdef0123456789abcdef120b4f72\
    646572506c61636564180220012a027b7d32190a016312016b1a01742201612a0b0a0674656e616e7412\
    01373a08636f757273653a37120c0a080a0622045061696410091a150a0d736574746c652f6f72646572\
    731a0408011008";
const EVENT: &str = "0a100123456789abcdef0123456789abcdef120b4f72646572506c61636564180220012a027b7d32190a\
    016312016b1a01742201612a0b0a0674656e616e741201373a08636f757273653a37420a6f726465722d\
    38663361480650ac025881b0c58cfd929303";
const REFUSAL: &str = "12630a15617070656e642e77726f6e675f7265766973696f6e123673747265616d206f726465722d3866\
    3361206973206174207265766973696f6e20372c206578706563746564206e6f2073747265616d1a120a\
    0a6f726465722d38663361120212001807";
const STATUS: &str = "080e12137468652073746f726520697320636c6f7365641a550a2a747970652e676f6f676c6561706973\
    2e636f6d2f6865616477617465722e76312e526561644572726f7212270a0c73746f72652e636c6f7365\
    6412137468652073746f726520697320636c6f73656432021a00";
