//! The `ConsumerGroups` port: the groups of one context, and a member of one.
//!
//! Why: beside [`crate::EventStore`], not in it: a store may be one without groups. What is said
//! here holds for every implementation; the exam asks each.

use super::{DeliveryId, GroupError, GroupInfo, GroupSettings, MemberId, ParkedEvent};
use crate::name::GroupName;
use crate::{Answer, Checkpoint, Position, RecordedEvent, Start, Timestamp};
use bytestring::ByteString;
use std::time::Duration;

/// The groups of one context. What is answered `Ok` is durable (A2).
pub trait ConsumerGroups: Send + Sync + 'static {
    /// Makes a group. Asked again with the same settings it does nothing.
    fn create_group(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Answer<'_, (), GroupError>;

    /// Changes what can be changed of a group: all but its source and its key. Deliveries that are
    /// out keep the terms they were made under.
    fn update_group(&self, name: GroupName, settings: GroupSettings) -> Answer<'_, (), GroupError>;

    /// Deletes a group with its checkpoint and its parked events. Its members are told.
    fn delete_group(&self, name: GroupName) -> Answer<'_, (), GroupError>;

    /// A group as it stands.
    fn group(&self, name: GroupName) -> Answer<'_, GroupInfo, GroupError>;

    /// All groups, in order of name.
    fn groups(&self) -> Answer<'_, Vec<GroupInfo>, GroupError>;

    /// Joins a group, under a name that operators will see.
    fn join_group(
        &self,
        name: GroupName,
        member: ByteString,
    ) -> Answer<'_, Box<dyn Member>, GroupError>;

    /// Parked events behind `after`, in order of position; at most `count_max`, and at most
    /// [`crate::limits::GROUP_PARKED_PAGE_COUNT_MAX`].
    fn parked(
        &self,
        name: GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Answer<'_, Vec<ParkedEvent>, GroupError>;

    /// Delivers parked events again, as if for the first time, and then those held behind them.
    /// Answers with how many.
    fn replay_parked(&self, name: GroupName, part: ParkedPart) -> Answer<'_, u64, GroupError>;

    /// Gives parked events up, and goes on with those held behind them. To handle one in another
    /// shape, append an event that says so, then skip this one. Answers with how many.
    fn skip_parked(
        &self,
        name: GroupName,
        part: ParkedPart,
        reason: ByteString,
    ) -> Answer<'_, u64, GroupError>;

    /// C2, the explicit reset: the group goes on from there, whatever was done. What is in flight is
    /// nobody's any more. Parked events before the place stay parked and hold what is behind them;
    /// those at or behind it will be delivered again. Answers with the checkpoint it goes on from.
    fn seek_group(&self, name: GroupName, to: Seek) -> Answer<'_, Option<Checkpoint>, GroupError>;
}

/// Which of a group's parked events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParkedPart {
    /// The one at this position.
    One(Position),
    /// All up to this position, inclusive.
    UpTo(Position),
    /// All.
    All,
}

impl ParkedPart {
    /// Whether the event at `position` is one of them.
    pub fn contains(self, position: Position) -> bool {
        match self {
            Self::One(one) => one == position,
            Self::UpTo(last) => position <= last,
            Self::All => true,
        }
    }
}

/// Where a group is to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seek {
    /// With the first event there is.
    Beginning,
    /// With the first event behind this checkpoint.
    After(Checkpoint),
    /// With the first event recorded after this instant.
    Time(Timestamp),
    /// With the first event to come.
    Now,
}

/// One delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupDelivery {
    /// What is acked.
    pub id: DeliveryId,
    /// The event.
    pub event: RecordedEvent,
    /// What keeps it in order: until this is settled no other event of the key is delivered.
    pub key: ByteString,
    /// 1 for the first delivery of the event; more after a retry, an ack that did not come in
    /// time, or a member that was lost. A crash may forget those that were not saved yet.
    pub attempt: u32,
    /// Until then the member holds it.
    pub until: Timestamp,
}

/// A membership. All its calls may run side by side. Dropping it gives back what it holds; being
/// silent for longer than the lease does, too (a call that waits is not silence).
///
/// A delivery that is given back unsettled counts as an attempt: an event that kills its members
/// is parked in the end.
pub trait Member: Send + Sync {
    /// Which member this is.
    fn id(&self) -> MemberId;

    /// The next deliveries, at least one; waits when there is nothing to deliver or this member
    /// holds as many as it may. A dropped future loses nothing.
    fn next(&self, count_max: usize) -> Answer<'_, Vec<GroupDelivery>, GroupError>;

    /// These were handled. Once answered `Ok` they are never delivered again.
    fn ack(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError>;

    /// This one is to be delivered again, after `wait`, or after what the backoff says; parked with
    /// the reason if that was its last attempt.
    fn retry(
        &self,
        delivery: DeliveryId,
        wait: Option<Duration>,
        reason: ByteString,
    ) -> Answer<'_, (), GroupError>;

    /// This one is set aside for a person, and what is behind it in its key waits. The reason is cut
    /// at [`crate::limits::GROUP_REASON_BYTES_MAX`].
    fn park(&self, delivery: DeliveryId, reason: ByteString) -> Answer<'_, (), GroupError>;

    /// This member holds at most so many from now on, and never more than
    /// [`GroupSettings::in_flight_count_max`]. What it holds already stays with it.
    fn hold_at_most(&self, count_max: u32) -> Answer<'_, (), GroupError>;

    /// Still at work on these: each is held for another `ack_wait` from now. Without any, a sign of
    /// life.
    fn renew(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError>;
}

impl std::fmt::Debug for dyn Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Member").field(&self.id()).finish()
    }
}

/// A reason as it is kept: cut at a character, not to refuse a park for the length of its words.
pub fn cut_reason(reason: &str) -> &str {
    let end = crate::limits::GROUP_REASON_BYTES_MAX;
    if reason.len() <= end {
        return reason;
    }
    let end = (0..=end).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
    &reason[..end]
}
