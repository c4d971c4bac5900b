//! Home: the one context that this protocol sees.
//!
//! Why: clients of this protocol know streams and nothing above them; which context they mean is
//! decided by who starts the server.

use super::refusal::Refusal;
use crate::access::Identity;
use crate::metrics::Metrics;
use crate::{Caller, Host};
use headwater_access::Verb;
use headwater_model::{ContextName, EventStore};
use std::sync::Arc;
use tonic::Request;

/// The context, and the server it is served by: what a service holds. Cheap to clone.
#[derive(Clone)]
pub(super) struct House {
    host: Host,
    context: ContextName,
}

impl House {
    pub(super) const fn new(host: Host, context: ContextName) -> Self {
        Self { host, context }
    }

    /// The context as who sent this request may use it.
    pub(super) fn home<T>(&self, request: &Request<T>) -> Home {
        self.of(request.extensions())
    }

    /// The same, of a request that has these.
    pub(super) fn of(&self, extensions: &http::Extensions) -> Home {
        Home { caller: self.host.caller(extensions), context: self.context.clone() }
    }
}

/// The context, for one caller. Cheap to clone.
#[derive(Clone)]
pub(super) struct Home {
    caller: Caller,
    context: ContextName,
}

impl Home {
    /// Who it is for.
    pub(super) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The store behind it.
    pub(super) async fn store(&self) -> Result<Arc<dyn EventStore>, Refusal> {
        Ok(self.caller.contexts().context(self.context.clone()).await?)
    }

    /// The store, for who may do this to the whole context.
    pub(super) async fn store_for(&self, verb: Verb) -> Result<Arc<dyn EventStore>, Refusal> {
        let store = self.store().await?;
        self.caller.may_in(verb, &self.context).map_err(Refusal::Denied)?;
        Ok(store)
    }

    /// What the server counts, for who may see it.
    pub(super) fn metrics(&self) -> Result<&Metrics, Refusal> {
        self.caller.may(Verb::Observe).map_err(Refusal::Denied)?;
        Ok(self.caller.host().metrics())
    }

    /// Who the caller is, as clients are told.
    pub(super) fn username(&self) -> String {
        match self.caller.identity() {
            Identity::Anybody => "anonymous".to_owned(),
            known => known.to_string(),
        }
    }

    /// Resolves when what never ends by itself must end.
    pub(super) fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        self.caller.closing()
    }
}
