//! The messages of `pgoutput`: as PostgreSQL 15 wrote them, and any that there can be.

use crate::encode::encode;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_cdc::LogPlace;
use headwater_cdc::cell::{Cell, Row};
use headwater_cdc::postgres::message::{Before, Begin, Commit, LogMessage, MessageError};
use headwater_cdc::postgres::relation::{Relation, RelationColumn, ReplicaIdentity};
use headwater_model::Timestamp;
use proptest::prelude::*;

#[test]
fn what_a_server_wrote_is_read_as_it_was_meant() {
    let recorded = include_str!("recorded.hex");
    let read = |line: &str| {
        let bytes = hex(line);
        let message = LogMessage::decode(bytes.clone().into()).expect("PostgreSQL wrote it");
        assert_eq!(encode(&message), bytes, "and it is written again as it was");
        format!("{message:?}")
    };
    let read: Vec<_> = recorded.lines().filter(|line| !line.starts_with('#')).map(read).collect();
    let expected: Vec<_> = include_str!("recorded.txt").lines().collect();
    assert_eq!(read, expected);
}

#[test]
fn what_belongs_to_other_versions_of_the_protocol_is_refused_by_name() {
    for (kind, name) in [('S', "stream start"), ('b', "begin prepare"), ('c', "stream commit")] {
        let refused = LogMessage::decode(vec![kind as u8, 0, 0].into());
        assert_eq!(refused, Err(MessageError::Unasked { kind, name }));
    }
    assert_eq!(LogMessage::decode(Bytes::new()), Err(MessageError::Empty));
    let unknown = LogMessage::decode(vec![b'~'].into());
    assert_eq!(unknown, Err(MessageError::Unknown { kind: '~' }));
}

#[test]
fn a_count_that_the_bytes_cannot_hold_allocates_nothing() {
    let truncate = [&b"T"[..], &u32::MAX.to_be_bytes(), &[0]].concat();
    let why = LogMessage::decode(truncate.into()).expect_err("four billion tables").to_string();
    assert!(why.contains("the count of tables is 4294967295, at most 0 can be"), "{why}");
    let insert = [&b"I"[..], &7_u32.to_be_bytes(), b"N", &u16::MAX.to_be_bytes(), b"n"].concat();
    let why = LogMessage::decode(insert.into()).expect_err("65,535 columns").to_string();
    assert!(why.contains("the count of columns is 65535, at most 1 can be"), "{why}");
    let long = [&b"I"[..], &7_u32.to_be_bytes(), b"N", &[0, 1, b't'], &u32::MAX.to_be_bytes()];
    let why = LogMessage::decode(long.concat().into()).expect_err("four gigabytes").to_string();
    assert!(why.contains("a value needs 4294967295 bytes, 0 are left"), "{why}");
}

proptest! {
    #[test]
    fn every_message_is_read_as_it_was_written(message in any_message()) {
        prop_assert_eq!(LogMessage::decode(encode(&message).into()), Ok(message));
    }

    #[test]
    fn a_message_that_is_cut_off_or_goes_on_is_refused(message in any_message(), cut in 1..64_usize) {
        let whole = encode(&message);
        let kept = whole.len().saturating_sub(cut);
        prop_assert!(LogMessage::decode(Bytes::copy_from_slice(&whole[..kept])).is_err());
        let mut longer = whole;
        longer.push(0);
        prop_assert!(LogMessage::decode(longer.into()).is_err());
    }
}

pub(crate) fn any_message() -> impl Strategy<Value = LogMessage> {
    prop_oneof![
        (place(), instant(), any::<u32>()).prop_map(|(commit_at, committed_at, transaction)| {
            LogMessage::Begin(Begin { commit_at, committed_at, transaction })
        }),
        (place(), place(), instant()).prop_map(|(commit_at, end_at, committed_at)| {
            LogMessage::Commit(Commit { commit_at, end_at, committed_at })
        }),
        (place(), name()).prop_map(|(at, name)| LogMessage::Origin { at, name }),
        relation().prop_map(LogMessage::Relation),
        (any::<u32>(), name(), name()).prop_map(|(oid, schema, name)| LogMessage::Type {
            oid,
            schema,
            name
        }),
        (any::<u32>(), row()).prop_map(|(relation, after)| LogMessage::Insert { relation, after }),
        (any::<u32>(), proptest::option::of(before()), row())
            .prop_map(|(relation, before, after)| LogMessage::Update { relation, before, after }),
        (any::<u32>(), before())
            .prop_map(|(relation, before)| LogMessage::Delete { relation, before }),
        proptest::collection::vec(any::<u32>(), 0..9)
            .prop_map(|relations| LogMessage::Truncate { relations }),
        (any::<bool>(), place(), name(), proptest::collection::vec(any::<u8>(), 0..99)).prop_map(
            |(is_transactional, at, prefix, content)| {
                let content = content.into();
                LogMessage::Message { is_transactional, at, prefix, content }
            }
        ),
    ]
}

fn place() -> impl Strategy<Value = LogPlace> {
    any::<u64>().prop_map(LogPlace)
}

/// From 1970 to the end of what PostgreSQL can count.
fn instant() -> impl Strategy<Value = Timestamp> {
    (0..=i64::MAX as u64).prop_map(Timestamp::from_micros)
}

fn name() -> impl Strategy<Value = ByteString> {
    "[a-zA-Zäß_ \"]{0,12}".prop_map(ByteString::from)
}

fn row() -> impl Strategy<Value = Row> {
    let cell = prop_oneof![
        Just(Cell::Null),
        Just(Cell::Unchanged),
        ".{0,20}".prop_map(|text| Cell::Text(text.into())),
    ];
    proptest::collection::vec(cell, 0..12).prop_map(Row)
}

fn before() -> impl Strategy<Value = Before> {
    prop_oneof![row().prop_map(Before::Key), row().prop_map(Before::Full)]
}

fn relation() -> impl Strategy<Value = Relation> {
    let identity = prop_oneof![
        Just(ReplicaIdentity::Default),
        Just(ReplicaIdentity::Nothing),
        Just(ReplicaIdentity::Full),
        Just(ReplicaIdentity::Index),
    ];
    let column = (name(), any::<u32>(), any::<i32>(), any::<bool>()).prop_map(
        |(name, type_oid, type_modifier, is_identity)| RelationColumn {
            name,
            type_oid,
            type_modifier,
            is_identity,
        },
    );
    (any::<u32>(), name(), name(), identity, proptest::collection::vec(column, 0..9)).prop_map(
        |(oid, schema, name, identity, columns)| Relation { oid, schema, name, identity, columns },
    )
}

fn hex(line: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).expect("hex");
    (0..line.len()).step_by(2).map(digit).collect()
}
