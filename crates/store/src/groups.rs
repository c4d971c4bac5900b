//! Consumer groups: who is to be given which event, and what is kept of it.
//!
//! Why: see [`headwater_model::group`] for what is promised; here it is kept by a context on disk.
//! What is durable is small and changes by numbered steps ([`step`]), written with the group
//! commit; what can be found again (who holds what, which key is next) is in memory only.
//!
//! Picture:
//! ```text
//!   log ──pages──▶ live: queue of each key ──ready──▶ member ──ack, park──▶ outbox ──▶ commit
//!                    ▲                                                               │
//!                    └── released once it is durable ◀── held: next, done, lanes ◀───┘ apply
//! ```
//! Invariants: C3 the next event of a key is delivered only when the one before it is durably
//! settled, so a crash cannot mix their order. C2 the durable place passes only what is settled.
//! After a crash: what was out is delivered again; what was acked is not.

pub mod held;
mod live;
mod member;
mod open_group;
mod parked;
mod port;
mod registry;
mod sources;
pub mod step;

#[cfg(test)]
mod tests;

pub(crate) use registry::Groups;

use crate::commit::Control;
use crate::context::Core;
use crate::open::Background;
use crate::plan::Request;
use headwater_env::clock::Sleep;
use headwater_model::{GroupError, Timestamp};

impl Core {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        self.clock.sleep_until(until)
    }

    /// Writes what was decided, with whatever else is being written.
    async fn control(&self, controls: Vec<Control>) -> Result<(), GroupError> {
        let answer = self.commits.append(Request::Controls(controls)).await;
        if self.background == Background::Inline {
            self.maintain_all(&|| true);
        }
        answer.map(|_| ()).map_err(GroupError::from)
    }
}
