//! Places: where an event stands in its stream, in its context, in the journal.
//!
//! Why: four counters that are all `u64` get mixed up; four types do not.
//! Invariants: A3, revisions and positions are dense from 0 and never change.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! place {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The first.
            pub const ZERO: Self = Self(0);

            /// The one behind this.
            ///
            /// # Panics
            /// Past `u64::MAX`, which no journal reaches.
            pub const fn next(self) -> Self {
                Self(self.0.checked_add(1).expect("u64 outlives the disk"))
            }

            /// The one before this, if there is one.
            pub const fn previous(self) -> Option<Self> {
                match self.0.checked_sub(1) {
                    Some(n) => Some(Self(n)),
                    None => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

place! {
    /// Place of an event in its stream, dense from 0.
    Revision
}
place! {
    /// Place of an event in its context, dense from 0, rising in commit order.
    Position
}
place! {
    /// Place of a commit in a journal, dense from 0.
    Slot
}
place! {
    /// The writer's term: each writer that claims a journal takes the next one, and fences the last.
    Epoch
}

/// How often a context's history was forked by a restore. Positions mean something only within one.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Incarnation(pub u32);
