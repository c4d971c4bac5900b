//! Golden bytes of groups: a change here is a change of the protocol, which takes an ADR.

use headwater_model::*;
use headwater_wire::{AskedOfGroup, MemberAsked, MemberOutcome, MemberTold, v1};
use prost::Message as _;
use std::time::Duration;
use uuid::Uuid;

fn name() -> GroupName {
    GroupName::new("billing").expect("a name")
}

fn context() -> ContextName {
    ContextName::new("orders").expect("a name")
}

fn checkpoint() -> Checkpoint {
    Checkpoint { incarnation: Incarnation(1), position: Position(8) }
}

#[test]
fn a_group_to_be_made_has_these_bytes() {
    let settings = GroupSettings {
        key: GroupKey::Metadata("tenant".into()),
        note: "n".into(),
        sharing: GroupSharing::First,
        ..GroupSettings::over(Query::types([EventType::new("Paid").expect("a type")]))
    };
    let start = Start::After(checkpoint());
    let bytes = v1::CreateGroupRequest::new(&context(), &name(), &settings, start).encode_to_vec();
    assert_eq!(hex::encode(&bytes), CREATE);
    let decoded = v1::CreateGroupRequest::decode(&bytes[..]).expect("a message");
    let understood = AskedOfGroup::<(GroupSettings, Start)>::try_from(decoded);
    assert_eq!(understood, Ok(AskedOfGroup { name: name(), asked: (settings, start) }));
}

#[test]
fn what_a_member_asks_has_these_bytes() {
    let deliveries = vec![DeliveryId(1), DeliveryId(258)];
    let asked = [
        MemberAsked::Join { group: name(), member: "m".into() },
        MemberAsked::Next { count_max: 10 },
        MemberAsked::Ack { deliveries: deliveries.clone() },
        MemberAsked::Retry {
            delivery: DeliveryId(7),
            wait: Some(Duration::from_millis(300)),
            reason: "busy".into(),
        },
        MemberAsked::Park { delivery: DeliveryId(7), reason: "broken".into() },
        MemberAsked::Renew { deliveries },
        MemberAsked::HoldAtMost { count_max: 3 },
        MemberAsked::Cancel { number: 2 },
    ];
    let bytes = |asked| hex::encode(v1::MemberRequest::new(&context(), 5, asked).encode_to_vec());
    assert_eq!(asked.each_ref().map(bytes), ASKED);
}

#[test]
fn what_a_member_is_told_has_these_bytes() {
    let event = RecordedEvent {
        id: EventId(Uuid::from_u128(7)),
        stream: StreamName::new("order-1").expect("a name"),
        revision: Revision(6),
        position: Position(300),
        recorded_at: Timestamp::from_micros(1_000_001),
        event_type: EventType::new("Paid").expect("a type"),
        schema_version: 1,
        content_type: ContentType::Json,
        payload: bytes::Bytes::from_static(b"{}"),
        metadata: Metadata::default(),
        tags: vec![],
    };
    let delivery = GroupDelivery {
        id: DeliveryId(9),
        event,
        key: "order-1".into(),
        attempt: 2,
        until: Timestamp::from_micros(2_000_000),
    };
    let told: [MemberOutcome; 4] = [
        Ok(MemberTold::Joined(MemberId(4))),
        Ok(MemberTold::Deliveries(vec![delivery])),
        Ok(MemberTold::Done),
        Err(GroupError::NotYours { deliveries: vec![DeliveryId(9)] }),
    ];
    let bytes = |told| hex::encode(v1::MemberReply::new(5, told).encode_to_vec());
    assert_eq!(told.each_ref().map(bytes), TOLD);
}

const CREATE: &str = "0a066f7264657273120762696c6c696e671a310a080a062204506169641208220674656e616e7418b0ea0120e0d40328053\
    2081206086410e0d40338404040480152016e2206120408011008";
const ASKED: [&str; 8] = [
    "080512140a066f7264657273120762696c6c696e671a016d",
    "08051a02080a",
    "080522120a1001000000000000000201000000000000",
    "08052a0c080710e0a7121a0462757379",
    "0805320a0807120662726f6b656e",
    "08053a120a1001000000000000000201000000000000",
    "08054a020803",
    "080542020802",
];
const TOLD: [&str; 4] = [
    "080512020804",
    "08051a450a43080912300a100000000000000000000000000000000712045061696418012a027b7d42076f726465\
     722d31480650ac0258c1843d1a076f726465722d3120022880897a",
    "08052200",
    "08052a510a0f67726f75702e6e6f745f796f757273123231206f66207468652064656c69766572696573206172652\
     06e6f742068656c642062792074686973206d656d6265723a2039320a0a080900000000000000",
];
