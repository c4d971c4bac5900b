//! How a group stands: what an operator looks at.

use super::{GroupSettings, MemberId};
use crate::name::GroupName;
use crate::{Checkpoint, Position, RecordedEvent, Timestamp};
use bytestring::ByteString;
use std::time::Duration;

/// A group at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupInfo {
    /// Its name.
    pub name: GroupName,
    /// What it was made with, or changed to.
    pub settings: GroupSettings,
    /// C2: every event up to here was acked, was parked, was held behind a parked one, or does not
    /// match; `None`: nothing yet. Only a seek takes it back, not a replay.
    pub checkpoint: Option<Checkpoint>,
    /// Deliveries that are not settled.
    pub in_flight_count: u64,
    /// Events set aside for a person.
    pub parked_count: u64,
    /// Events between the checkpoint and the head that may still have to be delivered: those read
    /// already and not finished, and all positions that were not looked at yet.
    pub lag_count: u64,
    /// How long ago the oldest event was recorded that is neither finished nor parked nor held; zero
    /// if there is none.
    pub lag: Duration,
    /// Deliveries since the context was opened.
    pub delivered_count: u64,
    /// How many of them were not the first of their event.
    pub redelivered_count: u64,
    /// Who is in it, in the order of joining.
    pub members: Vec<MemberInfo>,
}

/// One member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberInfo {
    /// Which.
    pub id: MemberId,
    /// As it calls itself.
    pub name: ByteString,
    /// When it joined.
    pub joined_at: Timestamp,
    /// Deliveries that it holds.
    pub in_flight_count: u64,
}

/// An event that was set aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedEvent {
    /// Where it stands: its name in [`super::ParkedPart`].
    pub position: Position,
    /// The event; `None` if its stream's settings hide it by now.
    pub event: Option<RecordedEvent>,
    /// What keeps it in order.
    pub key: ByteString,
    /// Deliveries before it was parked.
    pub attempts: u32,
    /// Why, in the words of who parked it.
    pub reason: ByteString,
    /// When.
    pub parked_at: Timestamp,
    /// Events of its key that wait behind it; counting stops at
    /// [`crate::limits::PAGE_EVENT_COUNT_MAX`] events looked at.
    pub held_count: u64,
}
