//! What every route is given: the contexts, and the places that are limited.

use super::bounds::{BODIES_BYTES_MAX, BODY_UNIT_BYTES, TAIL_COUNT_MAX};
use super::members::Members;
use super::problem::Problem;
use super::refused::Refused;
use crate::metrics::{Entered, Name};
use crate::{Caller, Host};
use headwater_model::{ContextName, EventStore, ReadError};
use parking_lot::RwLock;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Cheap to clone, one for each request.
#[derive(Clone)]
pub(super) struct Face {
    inner: Arc<Inner>,
}

struct Inner {
    host: Host,
    /// Contexts that were seen to exist. None is ever taken away.
    known: RwLock<BTreeSet<ContextName>>,
    bodies: Arc<Semaphore>,
    tails: Arc<Semaphore>,
    members: Members,
}

/// One of the tails that are served.
pub(super) struct TailPlace {
    _place: OwnedSemaphorePermit,
    _open: Entered,
}

impl Face {
    pub(super) fn new(host: Host) -> Self {
        let bodies = Arc::new(Semaphore::new(BODIES_BYTES_MAX / BODY_UNIT_BYTES));
        let tails = Arc::new(Semaphore::new(TAIL_COUNT_MAX));
        let (known, members) = (RwLock::default(), Members::default());
        Self { inner: Arc::new(Inner { host, known, bodies, tails, members }) }
    }

    /// The server around it.
    pub(super) fn host(&self) -> &Host {
        &self.inner.host
    }

    /// The context of this name, if it exists: a question must not make what it asks about.
    pub(super) async fn context(
        &self,
        caller: &Caller,
        name: ContextName,
    ) -> Result<Arc<dyn EventStore>, Problem> {
        // Before it is said whether it is there.
        caller.may_enter(&name).map_err(ReadError::Denied)?;
        if !self.exists(&name).await? {
            return Err(caller.no_context(name).await?.into());
        }
        Ok(caller.contexts().context(name).await?)
    }

    /// Whether there is such a context.
    pub(super) async fn exists(&self, name: &ContextName) -> Result<bool, Problem> {
        if self.inner.known.read().contains(name) {
            return Ok(true);
        }
        let names = self.inner.host.unguarded().names().await?;
        let mut known = self.inner.known.write();
        known.extend(names);
        Ok(known.contains(name))
    }

    /// The members of groups that are kept for callers.
    pub(super) fn members(&self) -> &Members {
        &self.inner.members
    }

    /// Contexts that were asked about and exist.
    pub(super) fn known(&self) -> Vec<ContextName> {
        self.inner.known.read().iter().cloned().collect()
    }

    /// Waits until so many bytes of a body may be read; they count until the answer is given.
    pub(super) async fn admit(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let units = bytes.div_ceil(BODY_UNIT_BYTES).max(1);
        let units = u32::try_from(units).expect("a body is bounded before it is admitted");
        let admitted = Arc::clone(&self.inner.bodies).acquire_many_owned(units).await;
        admitted.map_err(|_closed| Refused::Stopping.into())
    }

    /// A place among the tails, held as long as the tail is.
    pub(super) fn tail(&self) -> Result<TailPlace, Problem> {
        let place = Arc::clone(&self.inner.tails).try_acquire_owned();
        let none = |_| Refused::TooManyTails { count_max: TAIL_COUNT_MAX };
        let open = self.inner.host.metrics().gauge(Name::HttpTails, &[]).enter();
        Ok(TailPlace { _place: place.map_err(none)?, _open: open })
    }
}
