//! Accepting: which recorded requests a service carries out, and on which decider.
//!
//! Why: a request comes as a name and JSON. What may be asked is what deciders declare public, so that
//! nothing is reached from outside by accident.

use crate::decide::{ErasedIntent, Intent};
use crate::lock::Holder;
use crate::request::record::target_of;
use crate::{Boundary, Command, Decider};
use headwater_model::RecordedEvent;
use parking_lot::Mutex;
use std::marker::PhantomData;
use std::sync::Arc;

/// Why a request is not carried out, as its sender is told.
pub(crate) struct NotAccepted {
    pub(crate) code: &'static str,
    pub(crate) why: String,
}

/// A request, as a command.
pub(crate) struct Accepted {
    pub(crate) intent: Arc<dyn ErasedIntent>,
    /// Its sender is told by an answer to come, and not that it was carried out.
    pub(crate) put_off: bool,
}

impl Accepted {
    /// `command` to the decider of `D` that the request is about.
    pub(crate) fn new<D: Decider>(
        request: &RecordedEvent,
        command: D::Command,
    ) -> Result<Self, NotAccepted> {
        let target = target_of(request).unwrap_or_default();
        match D::Id::addressed(target) {
            Some(id) => {
                Ok(Self { intent: Arc::new(Intent::<D>::new(id, command)), put_off: false })
            }
            None => {
                let why = format!("{target:?} means nothing that can be asked");
                Err(NotAccepted { code: "request.no_such_target", why })
            }
        }
    }
}

/// A decider that may be asked from outside.
pub(crate) trait Acceptor: Send + Sync {
    /// The names of the commands that others may ask.
    fn public(&self) -> &'static [&'static str];

    /// The request, as a command to the decider. `holder` is who asks, if it is a saga.
    fn read(
        &self,
        request: &RecordedEvent,
        holder: Option<Holder>,
    ) -> Result<Accepted, NotAccepted>;
}

/// The acceptor of `D`'s public commands.
pub(crate) fn acceptor<D: Decider>() -> Arc<dyn Acceptor> {
    Arc::new(Of::<D>(PhantomData))
}

struct Of<D>(PhantomData<fn() -> D>);

impl<D: Decider> Acceptor for Of<D> {
    fn public(&self) -> &'static [&'static str] {
        D::Command::PUBLIC
    }

    fn read(&self, request: &RecordedEvent, _: Option<Holder>) -> Result<Accepted, NotAccepted> {
        let command = D::Command::decode(request.event_type.as_str(), &request.payload)
            .map_err(|error| NotAccepted { code: error.code(), why: error.to_string() })?;
        Accepted::new::<D>(request, command)
    }
}

/// The deciders that one sender may ask.
#[derive(Default)]
pub(crate) struct Acceptors {
    list: Mutex<Vec<Arc<dyn Acceptor>>>,
}

impl Acceptors {
    /// Adds a decider.
    ///
    /// # Panics
    /// If another one has a public command of the same name, or it has none.
    pub(crate) fn add(&self, acceptor: Arc<dyn Acceptor>) {
        let mut list = self.list.lock();
        assert!(!acceptor.public().is_empty(), "a decider without public commands accepts none");
        for known in list.iter().flat_map(|known| known.public()) {
            let twice = acceptor.public().contains(known);
            assert!(!twice, "two deciders accept {known} from the same service");
        }
        list.push(acceptor);
    }

    /// The request, as a command to the decider that accepts it.
    pub(crate) fn read(
        &self,
        request: &RecordedEvent,
        holder: Option<Holder>,
    ) -> Result<Accepted, NotAccepted> {
        let name = request.event_type.as_str();
        let list = self.list.lock();
        match list.iter().find(|acceptor| acceptor.public().contains(&name)) {
            Some(acceptor) => acceptor.read(request, holder),
            None => {
                let why = format!("no decider here has {name} as a public command");
                Err(NotAccepted { code: "request.not_accepted", why })
            }
        }
    }
}
