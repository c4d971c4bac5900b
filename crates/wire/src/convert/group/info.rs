//! How a group stands, its parked events, its deliveries.

use super::group_name;
use crate::convert::text::{required, shared, text};
use crate::{Malformed, v1};
use headwater_model::{
    DeliveryId, GroupDelivery, GroupInfo, MemberId, MemberInfo, ParkedEvent, Position, Timestamp,
};
use std::time::Duration;

/// Longer than any event is old.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl From<&GroupInfo> for v1::GroupInfo {
    fn from(info: &GroupInfo) -> Self {
        Self {
            name: shared(info.name.as_shared()),
            settings: Some((&info.settings).into()),
            checkpoint: info.checkpoint.map(Into::into),
            in_flight_count: info.in_flight_count,
            parked_count: info.parked_count,
            lag_count: info.lag_count,
            lag_us: micros(info.lag),
            delivered_count: info.delivered_count,
            redelivered_count: info.redelivered_count,
            members: info.members.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::GroupInfo> for GroupInfo {
    type Error = Malformed;
    fn try_from(info: v1::GroupInfo) -> Result<Self, Malformed> {
        let members = info.members.into_iter().map(MemberInfo::try_from);
        Ok(Self {
            name: group_name(info.name)?,
            settings: required("a group's settings", info.settings)?.try_into()?,
            checkpoint: info.checkpoint.map(Into::into),
            in_flight_count: info.in_flight_count,
            parked_count: info.parked_count,
            lag_count: info.lag_count,
            lag: Duration::from_micros(info.lag_us),
            delivered_count: info.delivered_count,
            redelivered_count: info.redelivered_count,
            members: members.collect::<Result<_, _>>()?,
        })
    }
}

impl From<&MemberInfo> for v1::MemberInfo {
    fn from(member: &MemberInfo) -> Self {
        Self {
            id: member.id.0,
            name: shared(&member.name),
            joined_at_us: member.joined_at.as_micros(),
            in_flight_count: member.in_flight_count,
        }
    }
}

impl TryFrom<v1::MemberInfo> for MemberInfo {
    type Error = Malformed;
    fn try_from(member: v1::MemberInfo) -> Result<Self, Malformed> {
        Ok(Self {
            id: MemberId(member.id),
            name: text("a member's name", member.name)?,
            joined_at: Timestamp::from_micros(member.joined_at_us),
            in_flight_count: member.in_flight_count,
        })
    }
}

impl From<&ParkedEvent> for v1::ParkedEvent {
    fn from(parked: &ParkedEvent) -> Self {
        Self {
            position: parked.position.0,
            event: parked.event.as_ref().map(Into::into),
            key: shared(&parked.key),
            attempts: parked.attempts,
            reason: shared(&parked.reason),
            parked_at_us: parked.parked_at.as_micros(),
            held_count: parked.held_count,
        }
    }
}

impl TryFrom<v1::ParkedEvent> for ParkedEvent {
    type Error = Malformed;
    fn try_from(parked: v1::ParkedEvent) -> Result<Self, Malformed> {
        Ok(Self {
            position: Position(parked.position),
            event: parked.event.map(TryInto::try_into).transpose()?,
            key: text("a key", parked.key)?,
            attempts: parked.attempts,
            reason: text("a reason", parked.reason)?,
            parked_at: Timestamp::from_micros(parked.parked_at_us),
            held_count: parked.held_count,
        })
    }
}

impl From<&GroupDelivery> for v1::GroupDelivery {
    fn from(delivery: &GroupDelivery) -> Self {
        Self {
            id: delivery.id.0,
            event: Some((&delivery.event).into()),
            key: shared(&delivery.key),
            attempt: delivery.attempt,
            until_us: delivery.until.as_micros(),
        }
    }
}

impl TryFrom<v1::GroupDelivery> for GroupDelivery {
    type Error = Malformed;
    fn try_from(delivery: v1::GroupDelivery) -> Result<Self, Malformed> {
        Ok(Self {
            id: DeliveryId(delivery.id),
            event: required("a delivery's event", delivery.event)?.try_into()?,
            key: text("a key", delivery.key)?,
            attempt: delivery.attempt,
            until: Timestamp::from_micros(delivery.until_us),
        })
    }
}
