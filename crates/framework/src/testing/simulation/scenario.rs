//! Scenarios: what a user says about the services that are simulated.

use super::{Audit, Dice};
use crate::testing::World;
use crate::{Cause, CommandError, Decider, Service, Store};
use futures_util::future::BoxFuture;
use headwater_model::Retry;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Services, what is asked of them, and what must hold.
pub trait Scenario {
    /// Something that is asked from outside.
    type Step: Clone + fmt::Debug;

    /// The processes there are, each with a service. Asked once for each run: databases that they are to
    /// find again behind a crash are made here.
    fn processes(&self) -> Vec<Process>;

    /// What is asked first, before anything goes wrong; never left out.
    fn opening(&self) -> Vec<Self::Step> {
        Vec::new()
    }

    /// What is asked then, in this order, while things go wrong. The dice are the seed's.
    fn plan(&self, dice: &mut Dice) -> Vec<Self::Step>;

    /// How a step is asked. It is asked again under the same key until there is an answer.
    fn call(&self, step: &Self::Step) -> Call;

    /// What holds at any time. Looked at whenever something was appended.
    fn always(&self, world: &World, audit: &mut Audit) {
        let _ = (world, audit);
    }

    /// What holds when nothing moves any more. That each saga has ended or is parked, and that no reader stands
    /// still for good, is looked at anyhow. `asked` are the steps, those of the opening included.
    fn at_rest(&self, world: &World, asked: &[Self::Step], audit: &mut Audit);

    /// How far the clock goes behind the last step, at most, for what is due then.
    fn horizon(&self) -> Duration {
        Duration::from_secs(24 * 60 * 60)
    }
}

/// A process with a service: wired again each time it was killed.
#[derive(Clone)]
pub struct Process {
    wire: Arc<dyn Fn(&Store) -> Service>,
    pub(super) is_twin: bool,
}

impl Process {
    /// The process that runs what this wires.
    pub fn new(wire: impl Fn(&Store) -> Service + 'static) -> Self {
        Self { wire: Arc::new(wire), is_twin: false }
    }

    /// Two processes of the same service work side by side, as during a deployment.
    #[must_use]
    pub fn twice(self) -> Self {
        Self { is_twin: true, ..self }
    }

    pub(super) fn start(&self, store: &Store) -> Service {
        (self.wire)(store)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("is_twin", &self.is_twin).finish_non_exhaustive()
    }
}

/// A call of a service from outside.
#[derive(Clone)]
pub struct Call {
    pub(super) service: String,
    call: Arc<dyn Fn(Service, Cause) -> BoxFuture<'static, Reply>>,
}

/// What a caller hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer, be it a refusal, in a word.
    Answered(String),
    /// None: it is to be asked again.
    Unanswered(String),
}

impl Call {
    /// A command.
    pub fn run<D: Decider>(service: &str, id: &D::Id, command: D::Command) -> Self {
        let id = id.clone();
        Self::with(service, move |service, cause| {
            let (id, command) = (id.clone(), command.clone());
            async move {
                match service.run::<D>(&id, command, &cause).await {
                    Ok(receipt) if receipt.replayed => Reply::Answered("done before".to_owned()),
                    Ok(_) => Reply::Answered("done".to_owned()),
                    Err(error) if error.retry() == Retry::Never => {
                        Reply::Answered(answered(&error))
                    }
                    Err(error) => Reply::Unanswered(error.to_string()),
                }
            }
        })
    }

    /// Anything that a service can be asked. What it does must be safe to repeat under the same cause.
    pub fn with<F>(service: &str, call: impl Fn(Service, Cause) -> F + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let call = move |service, cause| Box::pin(call(service, cause)) as BoxFuture<'static, _>;
        Self { service: service.to_owned(), call: Arc::new(call) }
    }

    pub(super) fn of(&self, service: Service, cause: Cause) -> BoxFuture<'static, Reply> {
        (self.call)(service, cause)
    }
}

fn answered<R: crate::Refusal>(error: &CommandError<R>) -> String {
    match error {
        CommandError::Refused(refusal) => format!("refused: {}", refusal.code()),
        error => format!("{}: {error}", error.code()),
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("service", &self.service).finish_non_exhaustive()
    }
}
