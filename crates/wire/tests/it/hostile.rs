//! D3: bytes of any kind give an answer, and cost no more than they are worth.

use crate::anything;
use bytes::Bytes;
use headwater_model::*;
use headwater_wire::codec::{Undecodable, decode};
use headwater_wire::shape::{ALLOCATED_BYTES_MAX, Misshapen};
use headwater_wire::{Malformed, v1};
use proptest::prelude::*;
use prost::Message as _;

proptest! {
    #[test]
    fn noise_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = Bytes::from(bytes);
        let append = decode::<v1::Append>(bytes.clone()).map(Append::try_from);
        let page = decode::<v1::Page>(bytes.clone()).map(Page::try_from);
        let reply = decode::<v1::AppendReply>(bytes).map(<Result<Appended, AppendError>>::try_from);
        prop_assert!(append.is_err() || append.is_ok());
        prop_assert!(page.is_err() || page.is_ok());
        prop_assert!(reply.is_err() || reply.is_ok());
    }

    /// What is looked at and what is decoded agree: whatever protobuf decodes holds together.
    #[test]
    fn a_flipped_byte_is_seen_by_both_or_by_none(
        append in anything::append(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = v1::Append::from(&append).encode_to_vec();
        prop_assume!(!bytes.is_empty());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let looked_at = decode::<v1::Append>(bytes.clone().into());
        let plain = v1::Append::decode(Bytes::from(bytes));
        match looked_at {
            Ok(message) => prop_assert_eq!(Ok(message), plain),
            Err(Undecodable::Protobuf(error)) => prop_assert_eq!(Err(error), plain),
            // Groups, which protobuf would skip and nobody here sends.
            Err(Undecodable::Misshapen(why)) => prop_assert_eq!(why, Misshapen::Broken),
        }
    }
}

fn nested(key: u8, inner: &[u8]) -> Vec<u8> {
    let mut outer = vec![key];
    prost::encoding::encode_varint(inner.len() as u64, &mut outer);
    outer.extend_from_slice(inner);
    outer
}

#[test]
fn many_empty_parts_are_refused_before_they_are_allocated() {
    let too_many = Err(Undecodable::Misshapen(Misshapen::TooManyParts));
    let event_bytes = size_of::<v1::NewEvent>();
    let enough = ALLOCATED_BYTES_MAX / event_bytes;
    let write = |count: usize| nested(0x0a, &[0x1a, 0x00].repeat(count));
    assert!(decode::<v1::Append>(write(enough - 10).into()).is_ok());
    assert_eq!(decode::<v1::Append>(write(enough + 1).into()), too_many);
    // Tags of one event of one write of an append, which are texts.
    let tags = [0x3a, 0x00].repeat(ALLOCATED_BYTES_MAX / size_of::<Bytes>() + 1);
    let append = nested(0x0a, &nested(0x1a, &tags));
    assert_eq!(decode::<v1::Append>(append.into()), too_many);
}

#[test]
fn lengths_behind_the_end_are_broken() {
    let broken = Err(Undecodable::Misshapen(Misshapen::Broken));
    for bytes in [
        &[0x0a, 0x05, 0x00][..],
        &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0x0a, 0x02, 0x1a, 0x01],
        &[0x80],
        &[0x0b],
    ] {
        assert_eq!(decode::<v1::Append>(Bytes::copy_from_slice(bytes)), broken, "{bytes:x?}");
    }
}

#[test]
fn what_has_no_default_must_be_said() {
    let missing = |field| Malformed::Missing { field };
    let write = v1::StreamWrite { stream: "order-1".into(), expected: None, events: vec![] };
    assert_eq!(StreamWrite::try_from(write.clone()), Err(missing("the expected revision")));
    let blind = v1::StreamWrite { expected: Some(v1::ExpectedRevision { is: None }), ..write };
    assert_eq!(StreamWrite::try_from(blind), Err(missing("the expected revision")));
    let nowhere = v1::SubscribeRequest::default();
    assert_eq!(Subscribe::try_from(nowhere), Err(missing("where the subscription starts")));
}

#[test]
fn names_and_numbers_are_checked_where_they_come_in() {
    let event = |id: &'static [u8], kind: &'static [u8], content_type| v1::NewEvent {
        id: id.into(),
        event_type: kind.into(),
        content_type,
        ..v1::NewEvent::default()
    };
    let id = &[7; 16];
    let error = |event: v1::NewEvent| NewEvent::try_from(event).expect_err("it is malformed");
    assert_eq!(error(event(b"short", b"Placed", 0)), Malformed::Id { bytes: 5 });
    assert_eq!(error(event(id, b"\xff", 0)), Malformed::Text { field: "an event's type" });
    assert!(matches!(error(event(id, b"", 0)), Malformed::Name(InvalidName::Empty { .. })));
    assert!(matches!(error(event(id, b"a\nb", 0)), Malformed::Name(InvalidName::Control { .. })));
    let unknown = Malformed::Unknown { field: "content type", number: 7 };
    assert_eq!(error(event(id, b"Placed", 7)), unknown);
}
