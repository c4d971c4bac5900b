//! One caller at this host: what they can reach, and nothing else.

use super::Identity;
use super::guard::{GuardedContexts, GuardedStore};
use super::standing::Standing;
use crate::{Host, otlp};
use headwater_access::decide::ACCESS_CONTEXT;
use headwater_access::{Target, Verb};
use headwater_model::{ContextName, Contexts, Denied, EventStore, NoContext, ReadError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Who asks, at this host. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    host: Host,
    identity: Identity,
}

/// The store's clock and the processor's are not the same.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Resolves when what a caller may do may have changed.
pub(super) struct Changes {
    standing: Option<watch::Receiver<Standing>>,
    /// When their credentials end by themselves.
    ends: Option<tokio::time::Instant>,
}

impl Caller {
    /// Made by [`Host::caller`] only.
    pub(crate) const fn new(host: Host, identity: Identity) -> Self {
        Self { host, identity }
    }

    /// Who it is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The host that they are at.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The contexts, as this caller may use them. Their calls may be awaited on the server's own
    /// threads, also where the store beneath reads the disk in them.
    pub fn contexts(&self) -> Arc<dyn Contexts> {
        Arc::new(GuardedContexts { caller: self.clone() })
    }

    /// The context of this name if it is there: unlike [`Contexts::context`] it makes none.
    ///
    /// # Errors
    /// `NoContext` if there is none, with the nearest that this caller may see; `Denied` if nothing in it is this caller's, or whatever
    /// the store says when it opens it.
    pub async fn existing(&self, name: ContextName) -> Result<Arc<dyn EventStore>, ReadError> {
        self.may_enter(&name).map_err(ReadError::Denied)?;
        match self.host.unguarded_existing(&name).await? {
            Some(store) => Ok(self.guarded(store)),
            None => Err(self.no_context(name).await?),
        }
    }

    /// That there is no such context, and perhaps one of nearly the same name among theirs.
    pub(crate) async fn no_context(&self, name: ContextName) -> Result<ReadError, ReadError> {
        let theirs = self.contexts().names().await?;
        Ok(ReadError::NoContext(NoContext::among(name, &theirs)))
    }

    /// Whether they may do this to the server as a whole.
    ///
    /// # Errors
    /// [`Denied`] says that they may not.
    pub fn may(&self, verb: Verb) -> Result<(), Denied> {
        self.check(verb, None, &Target::Server, || "this server".to_owned())
    }

    /// Whether they may do this to a context as a whole: to every stream in it, the system's too.
    ///
    /// # Errors
    /// [`Denied`] says that they may not.
    pub fn may_in(&self, verb: Verb, context: &ContextName) -> Result<(), Denied> {
        self.check(verb, Some(context), &Target::whole(), || format!("all of context {context}"))
    }

    /// Whether they may do this to anything in a context.
    pub(super) fn may_somewhere_in(&self, verb: Verb, context: &ContextName) -> Result<(), Denied> {
        self.check(verb, Some(context), &Target::Context, || format!("context {context}"))
    }

    /// Whether anything in a context is theirs.
    ///
    /// # Errors
    /// [`Denied`] says that nothing is.
    pub fn may_enter(&self, context: &ContextName) -> Result<(), Denied> {
        if self.enters(context) { Ok(()) } else { self.may_somewhere_in(Verb::Read, context) }
    }

    /// Resolves when what never ends by itself must end.
    pub fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        self.host.closing()
    }

    pub(super) fn enters(&self, context: &ContextName) -> bool {
        match (self.host.authority(), &self.identity) {
            (None, _) => true,
            (Some(authority), identity) => authority
                .principal(identity)
                .is_ok_and(|principal| authority.directory().enters(&principal, context)),
        }
    }

    /// What they may do somewhere in a context; `None`: to the server as a whole. Asking is no refusal.
    pub(crate) fn verbs_in(&self, context: Option<&ContextName>) -> Vec<Verb> {
        let target = if context.is_some() { Target::Context } else { Target::Server };
        let may = |verb: &Verb| match self.host.authority() {
            None => open(*verb, context, &target),
            Some(authority) => authority.principal(&self.identity).is_ok_and(|who| {
                authority.directory().decide(&who, *verb, context, &target).is_allowed
            }),
        };
        Verb::ALL.into_iter().filter(may).collect()
    }

    /// As [`Self::check`], without a refusal.
    pub(super) fn would(&self, verb: Verb, context: &ContextName, target: &Target) -> bool {
        let Some(authority) = self.host.authority() else {
            return open(verb, Some(context), target);
        };
        let principal = authority.principal(&self.identity);
        principal.is_ok_and(|principal| {
            authority.directory().decide(&principal, verb, Some(context), target).is_allowed
        })
    }

    pub(super) fn check(
        &self,
        verb: Verb,
        context: Option<&ContextName>,
        target: &Target,
        what: impl FnOnce() -> String,
    ) -> Result<(), Denied> {
        match self.host.authority() {
            Some(authority) => authority.check(&self.identity, verb, context, target, what),
            None if open(verb, context, target) => Ok(()),
            None => {
                let (who, verb, what) = (self.identity.to_string(), verb.to_string(), what());
                Err(Denied::Forbidden { who, verb, what })
            }
        }
    }

    pub(super) fn guarded(&self, store: Arc<dyn EventStore>) -> Arc<dyn EventStore> {
        let is_open = self.host.authority().is_none();
        let guarded = if is_open && store.context().as_str() != ACCESS_CONTEXT {
            store
        } else {
            Arc::new(GuardedStore { caller: self.clone(), store })
        };
        // Outermost: a refusal is an answer like any other.
        otlp::traced(&self.host, guarded)
    }

    pub(super) fn changes(&self) -> Changes {
        let Some(authority) = self.host.authority() else {
            return Changes { standing: None, ends: None };
        };
        let expires_at = match &self.identity {
            Identity::Bearer { expires_at, .. } => Some(*expires_at),
            Identity::Token(number) => {
                authority.directory().tokens().get(number).and_then(|token| token.expires_at)
            }
            _ => None,
        };
        let ends = expires_at.map(|end| {
            let left = end.as_micros().saturating_sub(authority.now().as_micros());
            // A year is for ever, and fits every clock.
            let left = Duration::from_micros(left).min(Duration::from_secs(365 * 24 * 3_600));
            tokio::time::Instant::now() + left
        });
        Changes { standing: Some(authority.changes()), ends }
    }
}

/// What a server lets everybody do that asks nobody: all but what only its own calls do.
fn open(verb: Verb, context: Option<&ContextName>, target: &Target) -> bool {
    let admin = headwater_access::who::ADMINS.to_owned();
    let whos = vec![headwater_access::Who::Role(admin)];
    let anybody = headwater_access::Principal { name: String::new(), whos, scopes: None };
    headwater_access::Directory::default().decide(&anybody, verb, context, target).is_allowed
}

impl Changes {
    /// The next one.
    pub(super) async fn next(&mut self) {
        let changed = async {
            match &mut self.standing {
                Some(standing) => {
                    if standing.changed().await.is_err() {
                        // Nobody keeps it any more: the server ends.
                        std::future::pending().await
                    }
                }
                None => std::future::pending().await,
            }
        };
        let ended = async {
            match self.ends {
                Some(ends) => tokio::time::sleep_until(ends).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            // Should the store's clock be behind, it is asked again shortly.
            () = ended => self.ends = Some(tokio::time::Instant::now() + LOOK_AGAIN_AFTER),
        }
    }
}
