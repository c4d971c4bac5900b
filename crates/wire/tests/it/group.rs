//! Consumer groups over the wire: what is said arrives, its bytes are pinned, what is hostile is
//! answered.

mod any;
mod golden;

use any::*;
use bytes::Bytes;
use headwater_model::*;
use headwater_wire::codec::{Undecodable, decode};
use headwater_wire::shape::{ALLOCATED_BYTES_MAX, Misshapen, Shaped};
use headwater_wire::{AskedOfGroup, Malformed, MemberAsked, MemberOutcome, group_status, v1};
use proptest::prelude::*;
use prost::Message;

/// Encodes, decodes within bounds, and understands.
fn there_and_back<M, T>(message: &M) -> T
where
    M: Message + Default + Shaped,
    T: TryFrom<M, Error = Malformed>,
{
    let decoded: M = decode(message.encode_to_vec().into()).expect("what was encoded is decoded");
    T::try_from(decoded).expect("what was said is understood")
}

fn context() -> ContextName {
    ContextName::new("orders").expect("a name")
}

proptest! {
    #[test]
    fn what_is_asked_about_a_group_arrives(
        name in name(), settings in settings(), start in start(), part in part(), seek in seek(),
        after in any::<Option<u64>>(), reason in "[a-zé]{0,40}",
    ) {
        let of = context();
        let said = v1::CreateGroupRequest::new(&of, &name, &settings, start);
        prop_assert_eq!(&said.context[..], b"orders");
        let heard: AskedOfGroup<(GroupSettings, Start)> = there_and_back(&said);
        prop_assert_eq!((heard.name, heard.asked), (name.clone(), (settings.clone(), start)));
        let said = v1::UpdateGroupRequest::new(&of, &name, &settings);
        prop_assert_eq!(there_and_back::<_, AskedOfGroup<GroupSettings>>(&said).asked, settings);
        let said = v1::ListParkedRequest::new(&of, &name, after.map(Position), 7);
        let heard: AskedOfGroup<(Option<Position>, usize)> = there_and_back(&said);
        prop_assert_eq!(heard.asked, (after.map(Position), 7));
        let said = v1::ReplayParkedRequest::new(&of, &name, part);
        prop_assert_eq!(there_and_back::<_, AskedOfGroup<ParkedPart>>(&said).asked, part);
        let said = v1::SkipParkedRequest::new(&of, &name, part, &reason);
        let heard: AskedOfGroup<(ParkedPart, bytestring::ByteString)> = there_and_back(&said);
        prop_assert_eq!(heard.asked, (part, reason.into()));
        let said = v1::SeekGroupRequest::new(&of, &name, seek);
        prop_assert_eq!(there_and_back::<_, AskedOfGroup<Seek>>(&said).asked, seek);
        let said = v1::DeleteGroupRequest::new(&of, &name);
        prop_assert_eq!(there_and_back::<_, AskedOfGroup<()>>(&said).name, name.clone());
        let said = v1::GetGroupRequest::new(&of, &name);
        prop_assert_eq!(there_and_back::<_, AskedOfGroup<()>>(&said).name, name);
    }

    #[test]
    fn how_a_group_stands_arrives(info in info(), parked in parked()) {
        prop_assert_eq!(there_and_back::<_, GroupInfo>(&v1::GroupInfo::from(&info)), info);
        prop_assert_eq!(there_and_back::<_, ParkedEvent>(&v1::ParkedEvent::from(&parked)), parked);
    }

    #[test]
    fn what_a_member_asks_and_is_told_arrives(
        number in any::<u64>(), asked in asked(), told in told(),
    ) {
        let said = v1::MemberRequest::new(&context(), number, &asked);
        prop_assert_eq!(said.number, number);
        prop_assert_eq!(there_and_back::<_, MemberAsked>(&said), asked);
        let said = v1::MemberReply::new(number, &told);
        let bytes = said.encode_to_vec();
        let heard = decode::<v1::MemberReply>(bytes.into()).expect("decoded");
        prop_assert_eq!((heard.number, heard.understood()), (number, Ok(told)));
    }

    #[test]
    fn errors_of_groups_arrive_in_a_reply_and_in_a_status(error in error()) {
        let said = v1::GroupError::from(&error);
        prop_assert_eq!(&said.code[..], error.code().as_bytes());
        let words = error.to_string();
        prop_assert_eq!(&said.message[..], words.as_bytes());
        prop_assert_eq!(there_and_back::<_, GroupError>(&said), error.clone());
        let status = group_status::of(&error);
        prop_assert_eq!(status.message(), error.to_string());
        prop_assert_eq!(group_status::read(&status), Some(error));
    }

    /// D3: an answer, whatever the bytes.
    #[test]
    fn noise_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = Bytes::from(bytes);
        let asked = decode::<v1::MemberRequest>(bytes.clone()).map(MemberAsked::try_from);
        let told = decode::<v1::MemberReply>(bytes.clone()).map(v1::MemberReply::understood);
        let info = decode::<v1::GroupInfo>(bytes).map(GroupInfo::try_from);
        prop_assert!(asked.is_err() || asked.is_ok());
        prop_assert!(told.is_err() || told.is_ok());
        prop_assert!(info.is_err() || info.is_ok());
    }

    /// D3: what is looked at and what is decoded agree.
    #[test]
    fn a_flipped_byte_is_seen_by_both_or_by_none(
        told in told(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = v1::MemberReply::new(7, &told).encode_to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let looked_at = decode::<v1::MemberReply>(bytes.clone().into());
        let plain = v1::MemberReply::decode(Bytes::from(bytes));
        match looked_at {
            Ok(message) => prop_assert_eq!(Ok(message), plain),
            Err(Undecodable::Protobuf(error)) => prop_assert_eq!(Err(error), plain),
            Err(Undecodable::Misshapen(why)) => prop_assert_eq!(why, Misshapen::Broken),
        }
    }
}

/// D3: two bytes on the wire are a delivery in memory.
#[test]
fn many_empty_deliveries_are_refused_before_they_are_allocated() {
    let count = ALLOCATED_BYTES_MAX / size_of::<v1::GroupDelivery>();
    let reply = |count: usize| {
        let deliveries = [0x0a, 0x00].repeat(count);
        let mut outer = vec![0x1a];
        prost::encoding::encode_varint(deliveries.len() as u64, &mut outer);
        outer.extend_from_slice(&deliveries);
        decode::<v1::MemberReply>(outer.into())
    };
    assert!(reply(count - 10).is_ok());
    assert_eq!(reply(count + 1), Err(Undecodable::Misshapen(Misshapen::TooManyParts)));
}

#[test]
fn what_has_no_default_must_be_said() {
    let missing = |field| Malformed::Missing { field };
    let name = || Bytes::from_static(b"billing");
    let create = v1::CreateGroupRequest { name: name(), ..Default::default() };
    let understood = AskedOfGroup::<(GroupSettings, Start)>::try_from(create);
    assert_eq!(understood, Err(missing("a group's settings")));
    let seek = v1::SeekGroupRequest { name: name(), ..Default::default() };
    let understood = AskedOfGroup::<Seek>::try_from(seek);
    assert_eq!(understood, Err(missing("where the group goes on")));
    let nothing = MemberAsked::try_from(v1::MemberRequest::default());
    assert_eq!(nothing, Err(missing("what a member asks")));
    let silence = v1::MemberReply::default().understood();
    assert_eq!(silence, Err(missing("what a member is told")));
    let nameless = v1::GetGroupRequest::default();
    assert!(matches!(AskedOfGroup::<()>::try_from(nameless), Err(Malformed::Name(_))));
    let sharing = v1::GroupSettings {
        source: Some(v1::Query::default()),
        key: Some((&GroupKey::Stream).into()),
        backoff: Some((&Backoff::List { waits_ms: vec![] }).into()),
        sharing: 9,
        ..Default::default()
    };
    let unknown = Malformed::Unknown { field: "a group's sharing", number: 9 };
    assert_eq!(GroupSettings::try_from(sharing), Err(unknown));
}

/// A reason is cut before it is sent, and a status's list is, too: a header has a bound.
#[test]
fn what_is_too_long_is_cut() {
    let asked = MemberAsked::Park { delivery: DeliveryId(1), reason: "ü".repeat(9_000).into() };
    let said = v1::MemberRequest::new(&context(), 1, &asked);
    assert!(said.encoded_len() < limits::GROUP_REASON_BYTES_MAX + 32);
    let deliveries = (0..10_000).map(DeliveryId).collect();
    let status = group_status::of(&GroupError::NotYours { deliveries });
    let Some(GroupError::NotYours { deliveries }) = group_status::read(&status) else {
        panic!("it stays what it is")
    };
    assert_eq!(deliveries.len(), 256);
    let told: MemberOutcome = Err(GroupError::Invalid { why: "x".into() });
    assert_eq!(v1::MemberReply::new(1, &told).understood(), Ok(told));
}
