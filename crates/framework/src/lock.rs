//! Locks: what a saga holds in another service while it is under way.
//!
//! Why: sagas have no isolation; between two stages of one another may change what it relies on. A semantic
//! lock is the countermeasure: a stream that says who may go on with something, until when, and who is next.
//!
//! Picture: `lock-shelf-7`, in the context of the service that owns the shelf
//! ```text
//!   AcquireLock ─▶ LockGranted until … ─┬▶ ReleaseLock ─▶ LockReleased ─▶ LockGranted to the next
//!               └▶ LockQueued           └▶ the lease is over ─▶ LockLapsed ─▶ LockGranted to the next
//! ```
//! Invariants: K1 a lock has one holder; who waits is granted it in the order of asking, once. K2 a request
//! that names a lock is carried out only while its sender holds it: the lock's stream is read in the same
//! append. K3 a holder that does not come back holds nobody up for longer than its lease.
//!
//! Not here: how a plan takes several locks (see [`plan`](crate::plan)).

mod accept;
mod decider;
mod leases;

pub(crate) use accept::{AcceptLocks, held_by};
pub use decider::{Holder, Lock, LockCommand, LockEvent, LockKey, LockRefusal};
pub use leases::{LeaseInput, LeaseKey, LeaseTimer, Leases};

/// The names of the requests that ask for a lock, and give it back.
pub(crate) const ACQUIRE: &str = "AcquireLock";
pub(crate) const RELEASE: &str = "ReleaseLock";

use serde::{Deserialize, Serialize};

/// What a request for a lock says besides which and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acquire {
    pub(crate) lease_ms: u64,
}
