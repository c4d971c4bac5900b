//! Consumer groups: readers that share the events of a source, in order by key.
//!
//! Why: one reader is not enough for some work, and several that each read everything do it several
//! times. A group hands every event to one of its members, and the events of one key one after
//! the other, so that what belongs together is never done side by side or in the wrong order.
//!
//! Picture: the first unfinished event of each key can be delivered; those behind it wait.
//! ```text
//!   source   a0 b0 a1 c0 b1 a2          a0 acked   b0 parked   a1 in flight   c0 ready
//!   key a    ██ ── a1 ── a2             b1 is held behind b0; a2 waits behind a1
//! ```
//! Invariants: C3 events of one key in order, one at a time; a parked event holds the events of its
//! key behind it, and only those. C2 the checkpoint never passes an event that is unfinished.
//! After a crash: what was delivered and not acked is delivered again, at most
//! [`GroupSettings::in_flight_count_max`] events of each member, and each says its attempt.
//!
//! Read first: [`GroupSettings`] (what is asked for), then [`ConsumerGroups`] and [`Member`].

mod error;
mod info;
mod port;
mod settings;

pub use error::GroupError;
pub use info::{GroupInfo, MemberInfo, ParkedEvent};
pub use port::{ConsumerGroups, GroupDelivery, Member, ParkedPart, Seek, cut_reason};
pub use settings::{Backoff, GroupKey, GroupSettings, GroupSharing};

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// One delivery of one event to one member: what is acked. The same event delivered again has
    /// another id, so that a late ack of the first settles nothing.
    DeliveryId
}
id! {
    /// A member of a group, as long as the context is open. One who joins again is another.
    MemberId
}
