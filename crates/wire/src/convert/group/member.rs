//! What goes up and down a membership.

use super::group_name;
use super::info::micros;
use crate::convert::text::{required, shared, text};
use crate::v1::member_reply::{Deliveries, Joined, Outcome};
use crate::v1::member_request as wire;
use crate::{Malformed, v1};
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::group::cut_reason;
use headwater_model::{ContextName, DeliveryId, GroupDelivery, GroupError, GroupName, MemberId};
use std::time::Duration;

/// What a member asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MemberAsked {
    /// To be let in.
    Join {
        /// Which group.
        group: GroupName,
        /// What operators see.
        member: ByteString,
    },
    /// The next deliveries.
    Next {
        /// At most so many.
        count_max: u32,
    },
    /// These were handled.
    Ack {
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// This one again.
    Retry {
        /// Which.
        delivery: DeliveryId,
        /// After how long.
        wait: Option<Duration>,
        /// Why.
        reason: ByteString,
    },
    /// This one aside.
    Park {
        /// Which.
        delivery: DeliveryId,
        /// Why.
        reason: ByteString,
    },
    /// More time for these.
    Renew {
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// To be given less.
    HoldAtMost {
        /// Deliveries.
        count_max: u32,
    },
    /// A `Next` that is not wanted any more.
    Cancel {
        /// Its number.
        number: u64,
    },
}

/// What a member is told.
pub type MemberOutcome = Result<MemberTold, GroupError>;

/// What a member is told when it is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MemberTold {
    /// It is in.
    Joined(MemberId),
    /// Deliveries.
    Deliveries(Vec<GroupDelivery>),
    /// It is done, and durable.
    Done,
}

fn numbers(deliveries: &[DeliveryId]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.0).collect()
}

pub(super) fn ids(numbers: Vec<u64>) -> Vec<DeliveryId> {
    numbers.into_iter().map(DeliveryId).collect()
}

fn cut(reason: &str) -> Bytes {
    Bytes::copy_from_slice(cut_reason(reason).as_bytes())
}

impl v1::MemberRequest {
    /// The request of this number; the context is said with the first.
    pub fn new(context: &ContextName, number: u64, asked: &MemberAsked) -> Self {
        use wire::Asked;
        let asked = match asked {
            MemberAsked::Join { group, member } => Asked::Join(wire::Join {
                context: shared(context.as_shared()),
                group: shared(group.as_shared()),
                member: shared(member),
            }),
            MemberAsked::Next { count_max } => Asked::Next(wire::Next { count_max: *count_max }),
            MemberAsked::Ack { deliveries } => {
                Asked::Ack(wire::Ack { deliveries: numbers(deliveries) })
            }
            MemberAsked::Retry { delivery, wait, reason } => Asked::Retry(wire::Retry {
                delivery: delivery.0,
                wait_us: wait.map(micros),
                reason: cut(reason),
            }),
            MemberAsked::Park { delivery, reason } => {
                Asked::Park(wire::Park { delivery: delivery.0, reason: cut(reason) })
            }
            MemberAsked::Renew { deliveries } => {
                Asked::Renew(wire::Renew { deliveries: numbers(deliveries) })
            }
            MemberAsked::HoldAtMost { count_max } => {
                Asked::HoldAtMost(wire::HoldAtMost { count_max: *count_max })
            }
            MemberAsked::Cancel { number } => Asked::Cancel(wire::Cancel { number: *number }),
        };
        Self { number, asked: Some(asked) }
    }
}

impl TryFrom<v1::MemberRequest> for MemberAsked {
    type Error = Malformed;
    fn try_from(request: v1::MemberRequest) -> Result<Self, Malformed> {
        use wire::Asked;
        Ok(match required("what a member asks", request.asked)? {
            Asked::Join(join) => Self::Join {
                group: group_name(join.group)?,
                member: text("a member's name", join.member)?,
            },
            Asked::Next(next) => Self::Next { count_max: next.count_max },
            Asked::Ack(ack) => Self::Ack { deliveries: ids(ack.deliveries) },
            Asked::Retry(retry) => Self::Retry {
                delivery: DeliveryId(retry.delivery),
                wait: retry.wait_us.map(Duration::from_micros),
                reason: text("a reason", retry.reason)?,
            },
            Asked::Park(park) => Self::Park {
                delivery: DeliveryId(park.delivery),
                reason: text("a reason", park.reason)?,
            },
            Asked::Renew(renew) => Self::Renew { deliveries: ids(renew.deliveries) },
            Asked::HoldAtMost(hold) => Self::HoldAtMost { count_max: hold.count_max },
            Asked::Cancel(cancel) => Self::Cancel { number: cancel.number },
        })
    }
}

impl v1::MemberReply {
    /// The answer to the request of this number.
    pub fn new(number: u64, outcome: &MemberOutcome) -> Self {
        let outcome = match outcome {
            Ok(MemberTold::Joined(member)) => Outcome::Joined(Joined { member: member.0 }),
            Ok(MemberTold::Deliveries(deliveries)) => Outcome::Deliveries(Deliveries {
                deliveries: deliveries.iter().map(Into::into).collect(),
            }),
            Ok(MemberTold::Done) => Outcome::Done(v1::GroupDone {}),
            Err(error) => Outcome::Error(error.into()),
        };
        Self { number, outcome: Some(outcome) }
    }

    /// What is said.
    ///
    /// # Errors
    /// [`Malformed`] if nothing can be made of it.
    pub fn understood(self) -> Result<MemberOutcome, Malformed> {
        Ok(match required("what a member is told", self.outcome)? {
            Outcome::Joined(joined) => Ok(MemberTold::Joined(MemberId(joined.member))),
            Outcome::Deliveries(deliveries) => {
                let deliveries = deliveries.deliveries.into_iter().map(TryInto::try_into);
                Ok(MemberTold::Deliveries(deliveries.collect::<Result<_, _>>()?))
            }
            Outcome::Done(_) => Ok(MemberTold::Done),
            Outcome::Error(error) => Err(error.try_into()?),
        })
    }
}
