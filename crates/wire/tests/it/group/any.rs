//! Anything that can be said of a group.

use crate::anything::{
    checkpoint, corrupt, denied, no_context, query, recorded_event, unavailable, words,
};
use bytestring::ByteString;
use headwater_model::*;
use headwater_wire::{MemberAsked, MemberOutcome, MemberTold};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::time::Duration;

fn text() -> impl Strategy<Value = ByteString> {
    words().prop_map(ByteString::from)
}

fn instant() -> impl Strategy<Value = Timestamp> {
    any::<u64>().prop_map(Timestamp::from_micros)
}

fn ids() -> impl Strategy<Value = Vec<DeliveryId>> {
    vec(any::<u64>().prop_map(DeliveryId), 0..5)
}

pub(super) fn name() -> impl Strategy<Value = GroupName> {
    "[a-zé]{1,12}".prop_map(|name| GroupName::new(name).expect("a name"))
}

fn key() -> impl Strategy<Value = GroupKey> {
    prop_oneof![
        Just(GroupKey::Stream),
        Just(GroupKey::Category),
        Just(GroupKey::Correlation),
        text().prop_map(GroupKey::Metadata),
        Just(GroupKey::Event),
    ]
}

fn backoff() -> impl Strategy<Value = Backoff> {
    prop_oneof![
        vec(any::<u64>(), 0..4).prop_map(|waits_ms| Backoff::List { waits_ms }),
        any::<(u64, u64)>()
            .prop_map(|(first_ms, max_ms)| Backoff::Exponential { first_ms, max_ms }),
    ]
}

prop_compose! {
    pub(super) fn settings()(
        source in query(),
        key in key(),
        (ack_wait_ms, lease_ms) in any::<(u64, u64)>(),
        (attempts_max, in_flight_count_max, member_count_max) in any::<(u32, u32, u32)>(),
        backoff in backoff(),
        sharing in prop_oneof![Just(GroupSharing::Evenly), Just(GroupSharing::First)],
        note in text(),
    ) -> GroupSettings {
        GroupSettings {
            source, key, ack_wait_ms, lease_ms, attempts_max, backoff, in_flight_count_max,
            member_count_max, sharing, note,
        }
    }
}

pub(super) fn start() -> impl Strategy<Value = Start> {
    prop_oneof![Just(Start::Beginning), checkpoint().prop_map(Start::After), Just(Start::Now)]
}

pub(super) fn part() -> impl Strategy<Value = ParkedPart> {
    prop_oneof![
        any::<u64>().prop_map(|n| ParkedPart::One(Position(n))),
        any::<u64>().prop_map(|n| ParkedPart::UpTo(Position(n))),
        Just(ParkedPart::All),
    ]
}

pub(super) fn seek() -> impl Strategy<Value = Seek> {
    prop_oneof![
        Just(Seek::Beginning),
        checkpoint().prop_map(Seek::After),
        instant().prop_map(Seek::Time),
        Just(Seek::Now),
    ]
}

prop_compose! {
    fn member()(
        id in any::<u64>(), name in text(), joined_at in instant(), in_flight_count in any::<u64>(),
    ) -> MemberInfo {
        MemberInfo { id: MemberId(id), name, joined_at, in_flight_count }
    }
}

prop_compose! {
    pub(super) fn info()(
        name in name(),
        settings in settings(),
        checkpoint in option::of(checkpoint()),
        (in_flight_count, parked_count, lag_count, lag) in any::<(u64, u64, u64, u64)>(),
        (delivered_count, redelivered_count) in any::<(u64, u64)>(),
        members in vec(member(), 0..3),
    ) -> GroupInfo {
        GroupInfo {
            name, settings, checkpoint, in_flight_count, parked_count, lag_count,
            lag: Duration::from_micros(lag), delivered_count, redelivered_count, members,
        }
    }
}

prop_compose! {
    pub(super) fn parked()(
        position in any::<u64>(), event in option::of(recorded_event()), key in text(),
        attempts in any::<u32>(), reason in text(), parked_at in instant(),
        held_count in any::<u64>(),
    ) -> ParkedEvent {
        let position = Position(position);
        ParkedEvent { position, event, key, attempts, reason, parked_at, held_count }
    }
}

prop_compose! {
    fn delivery()(
        id in any::<u64>(), event in recorded_event(), key in text(), attempt in any::<u32>(),
        until in instant(),
    ) -> GroupDelivery {
        GroupDelivery { id: DeliveryId(id), event, key, attempt, until }
    }
}

pub(super) fn asked() -> impl Strategy<Value = MemberAsked> {
    let one = || any::<u64>().prop_map(DeliveryId);
    let wait = option::of(any::<u64>().prop_map(Duration::from_micros));
    prop_oneof![
        (name(), text()).prop_map(|(group, member)| MemberAsked::Join { group, member }),
        any::<u32>().prop_map(|count_max| MemberAsked::Next { count_max }),
        ids().prop_map(|deliveries| MemberAsked::Ack { deliveries }),
        (one(), wait, text()).prop_map(|(delivery, wait, reason)| MemberAsked::Retry {
            delivery,
            wait,
            reason
        }),
        (one(), text()).prop_map(|(delivery, reason)| MemberAsked::Park { delivery, reason }),
        ids().prop_map(|deliveries| MemberAsked::Renew { deliveries }),
        any::<u32>().prop_map(|count_max| MemberAsked::HoldAtMost { count_max }),
        any::<u64>().prop_map(|number| MemberAsked::Cancel { number }),
    ]
}

pub(super) fn told() -> impl Strategy<Value = MemberOutcome> {
    prop_oneof![
        any::<u64>().prop_map(|id| Ok(MemberTold::Joined(MemberId(id)))),
        vec(delivery(), 0..3).prop_map(|deliveries| Ok(MemberTold::Deliveries(deliveries))),
        Just(Ok(MemberTold::Done)),
        error().prop_map(Err),
    ]
}

pub(super) fn error() -> impl Strategy<Value = GroupError> {
    prop_oneof![
        name().prop_map(|name| GroupError::NotFound { name }),
        name().prop_map(|name| GroupError::Exists { name }),
        prop_oneof![Just("source"), Just("key")].prop_map(|what| GroupError::Fixed { what }),
        ids().prop_map(|deliveries| GroupError::NotYours { deliveries }),
        name().prop_map(|name| GroupError::NotAMember { name }),
        (name(), any::<u32>())
            .prop_map(|(name, count_max)| GroupError::TooManyMembers { name, count_max }),
        (checkpoint(), any::<u32>())
            .prop_map(|(had, is)| GroupError::Diverged { had, is: Incarnation(is) }),
        words().prop_map(|why| GroupError::Invalid { why }),
        words().prop_map(|why| GroupError::Unknown(LostReply { why })),
        unavailable().prop_map(GroupError::Unavailable),
        corrupt().prop_map(GroupError::Corrupt),
        denied().prop_map(GroupError::Denied),
        no_context().prop_map(GroupError::NoContext),
    ]
}
