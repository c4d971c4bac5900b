//! Requests for locks, as they come from sagas of other services.

use super::{ACQUIRE, Acquire, Holder, Lock, LockCommand, LockKey, RELEASE};
use crate::Boundary as _;
use crate::decide::{ErasedIntent, Intent};
use crate::request::accept::{Accepted, Acceptor, NotAccepted};
use headwater_model::RecordedEvent;
use std::sync::Arc;

/// Accepts requests for locks. Who asks for one is told when it is theirs, not when they are in the queue.
pub(crate) struct AcceptLocks;

impl Acceptor for AcceptLocks {
    fn public(&self) -> &'static [&'static str] {
        &[ACQUIRE, RELEASE]
    }

    fn read(
        &self,
        request: &RecordedEvent,
        holder: Option<Holder>,
    ) -> Result<Accepted, NotAccepted> {
        let holder = holder.ok_or_else(nobody)?;
        if request.event_type.as_str() == RELEASE {
            return Accepted::new::<Lock>(request, LockCommand::Release { holder });
        }
        let Acquire { lease_ms } = serde_json::from_slice(&request.payload).map_err(|error| {
            NotAccepted { code: "decode.malformed", why: format!("{ACQUIRE}: {error}") }
        })?;
        let command = LockCommand::Acquire { holder, lease_ms };
        Ok(Accepted { put_off: true, ..Accepted::new::<Lock>(request, command)? })
    }
}

/// Is refused unless the lock is held by who asks.
pub(crate) fn held_by(
    key: &str,
    holder: Option<&Holder>,
) -> Result<Arc<dyn ErasedIntent>, NotAccepted> {
    let holder = holder.cloned().ok_or_else(nobody)?;
    let Some(id) = LockKey::addressed(key) else {
        let why = format!("{key:?} cannot be the key of a lock");
        return Err(NotAccepted { code: "request.no_such_target", why });
    };
    Ok(Arc::new(Intent::<Lock>::new(id, LockCommand::Prove { holder })))
}

fn nobody() -> NotAccepted {
    let why = "locks are held by sagas, and no saga has asked".to_owned();
    NotAccepted { code: "lock.no_holder", why }
}
