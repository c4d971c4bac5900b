//! Carrying out a command: look it up, load, decide, append; again if someone else wrote first.
//!
//! Picture:
//! ```text
//!   take turn ─▶ state (cached or read) ─▶ carried out before? ─▶ its first answer
//!                    ▲                           │ no
//!                    │                        decide ─▶ no, or nothing to do: look again if cached
//!                    │                           │ events
//!                    └── someone wrote first ◀─ append at what was read ─▶ receipt
//! ```
//! Invariants: A1 the append demands what was read. A4 ids derive from the cause, so a retry finds
//! its first answer; it is looked up *before* deciding. A5 lost replies are resolved by asking again.
//! R2 an answer without events rests on what is stored now, never on a cached state alone.

pub(crate) mod asking;
pub(crate) mod cache;
mod earlier;
mod intent;
pub(crate) mod snapshot;
pub(crate) mod state;
pub(crate) mod turns;

pub(crate) use intent::{ErasedIntent, Intent, Setback};

use crate::command::CommandDigest;
use crate::limits::COMMAND_ATTEMPTS_MAX;
use crate::planted::{Bug, planted};
use crate::{Boundary, Cause, Command, CommandError, Decider, LoadError, Receipt};
use asking::{Asked, ask};
use cache::{Caches, StateCache};
use headwater_model::{
    Append, AppendError, Appended, AsOf, EventId, EventStore, ExpectedRevision, NewEvent,
    StreamName,
};
use snapshot::{Snapshots, load_latest};
use state::{Folded, Scope, load_query, load_stream, unless_more};
use std::sync::Arc;

type Answer<D, T> = Result<T, CommandError<<D as Decider>::Refusal>>;

/// One command, until it is answered.
pub(crate) struct Errand<'a, D: Decider> {
    store: &'a dyn EventStore,
    cache: Arc<StateCache<D>>,
    snapshots: Option<Arc<Snapshots<D>>>,
    stream: StreamName,
    scope: Scope,
    command: D::Command,
    command_id: EventId,
    command_name: &'static str,
    digest: CommandDigest,
    cause: Cause,
}

/// A state, and whether it is what the store holds now or may be older.
struct Held<D> {
    folded: Folded<D>,
    fresh: bool,
}

/// What one try came to.
enum Try<D: Decider> {
    Done(Receipt<D::Event>),
    /// Someone wrote in between; here is what is known now, if anything.
    Again(Option<Held<D>>),
}

impl<'a, D: Decider> Errand<'a, D> {
    pub(crate) fn new(
        store: &'a dyn EventStore,
        caches: &Caches,
        id: &D::Id,
        command: D::Command,
        cause: &Cause,
    ) -> Answer<D, Self> {
        let stream = id.stream().map_err(CommandError::InvalidName)?;
        let scope = Scope::of::<D>(&stream, id).map_err(CommandError::InvalidName)?;
        let (command_name, payload) = command.encode().map_err(CommandError::Unencodable)?;
        Ok(Self {
            command_id: cause.command_id(&stream),
            digest: CommandDigest::of(command_name, &payload),
            cause: cause.stamped(store.now()),
            store,
            cache: caches.of::<D>(),
            snapshots: caches.snapshots::<D>(),
            stream,
            scope,
            command,
            command_name,
        })
    }

    /// Where the events go.
    pub(crate) fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// Tries until there is an answer.
    pub(crate) async fn run(self) -> Answer<D, Receipt<D::Event>> {
        let cached = self.cache.take(&self.stream);
        let mut held = cached.map(|folded| Held { folded, fresh: false });
        for _ in 0..COMMAND_ATTEMPTS_MAX {
            match self.attempt(held).await? {
                Try::Done(receipt) => return Ok(receipt),
                Try::Again(known) => held = known,
            }
        }
        let (stream, attempts) = (self.stream, COMMAND_ATTEMPTS_MAX);
        Err(CommandError::Contended { stream, attempts })
    }

    async fn attempt(&self, held: Option<Held<D>>) -> Answer<D, Try<D>> {
        let Held { folded, fresh } = match held {
            Some(held) => held,
            None => Held { folded: self.load(Folded::empty()).await?, fresh: true },
        };
        // A stream that never had an event holds no earlier answer.
        let used = folded.last.is_some() || matches!(self.scope, Scope::Query(_));
        if used && let Some(receipt) = self.earlier().await? {
            self.keep(folded);
            return Ok(Try::Done(receipt));
        }
        match folded.state.decide(self.command.clone(), &self.cause) {
            Ok(events) if !events.is_empty() => self.append(folded, events).await,
            // R2: others may have written since this state was cached; no append will tell.
            answer if !fresh && !planted(Bug::StaleAnswer) => {
                drop(answer);
                let folded = self.load(folded).await?;
                Ok(Try::Again(Some(Held { folded, fresh: true })))
            }
            Ok(events) => {
                let receipt = self.receipt(folded.as_of, events);
                self.keep(folded);
                Ok(Try::Done(receipt))
            }
            Err(refusal) => {
                self.keep(folded);
                Err(CommandError::Refused(refusal))
            }
        }
    }

    async fn append(&self, folded: Folded<D>, events: Vec<D::Event>) -> Answer<D, Try<D>> {
        let metadata = self.cause.metadata(self.command_name, self.digest);
        let stored = state::encode(&events, self.command_id, &metadata);
        let append = self.demanding(&folded, stored.map_err(CommandError::Unencodable)?);
        let Asked { answer, lost_replies } = ask(self.store, append).await;
        match answer {
            Ok(appended) if !appended.replayed || lost_replies => {
                self.keep(after(folded, &events, &appended));
                Ok(Try::Done(self.receipt(appended.position, events)))
            }
            Err(AppendError::WrongRevision(_) | AppendError::ConditionFailed { .. }) => {
                Ok(Try::Again(None))
            }
            // The command was carried out since we looked, by another process or a first try.
            Ok(_) | Err(AppendError::IdReused { .. } | AppendError::PartlyRepeated { .. }) => {
                match self.earlier().await? {
                    Some(receipt) => Ok(Try::Done(receipt)),
                    None => Ok(Try::Again(None)),
                }
            }
            Err(error) => Err(CommandError::from_append(error)),
        }
    }

    /// The append that holds only if nothing came in since the state was read.
    fn demanding(&self, folded: &Folded<D>, events: Vec<NewEvent>) -> Append {
        let stream = self.stream.clone();
        match &self.scope {
            Scope::Stream => Append::to(stream, folded.expected(), events),
            Scope::Query(query) => {
                let mut append = Append::to(stream, ExpectedRevision::Any, events);
                append.conditions.push(unless_more(query.clone(), folded));
                append
            }
        }
    }

    async fn load(&self, base: Folded<D>) -> Result<Folded<D>, LoadError> {
        match &self.scope {
            Scope::Stream if base.last.is_none() => {
                load_latest(self.store, self.snapshots.as_deref(), &self.stream).await
            }
            Scope::Stream => load_stream(self.store, &self.stream, AsOf::Now, base).await,
            Scope::Query(query) => load_query(self.store, query, AsOf::Now).await,
        }
    }

    async fn earlier(&self) -> Answer<D, Option<Receipt<D::Event>>> {
        earlier::earlier::<D>(self.store, &self.stream, self.command_id, self.digest).await
    }

    fn receipt(
        &self,
        position: Option<headwater_model::Position>,
        events: Vec<D::Event>,
    ) -> Receipt<D::Event> {
        Receipt { context: self.store.context().clone(), position, events, replayed: false }
    }

    fn keep(&self, folded: Folded<D>) {
        if matches!(self.scope, Scope::Stream) && folded.last.is_some() {
            self.cache.put(self.stream.clone(), folded);
        }
    }
}

/// The state after its own events.
fn after<D: Decider>(folded: Folded<D>, events: &[D::Event], appended: &Appended) -> Folded<D> {
    Folded {
        state: events.iter().fold(folded.state, Decider::evolve),
        last: appended.revisions.first().copied().flatten(),
        as_of: appended.position,
    }
}
