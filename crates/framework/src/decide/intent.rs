//! Intents: a reaction's command to a decider, carried out within a batch.
//!
//! Why: a reaction may run commands on several deciders; the batch holds their states side by side
//! without knowing their types.

use super::snapshot::load_latest;
use super::state::{Folded, Scope, encode, load_query, unless_more};
use crate::command::CommandDigest;
use crate::react::batch::{Batch, Decided};
use crate::react::session::Stop;
use crate::{Boundary, Cause, Command, Decider, LoadError, Refusal};
use futures_util::future::BoxFuture;
use headwater_model::{AsOf, InvalidName, NewEvent, StreamName};

/// A command to a decider, kept until it is carried out.
pub(crate) struct Intent<D: Decider> {
    id: D::Id,
    command: D::Command,
}

impl<D: Decider> Intent<D> {
    pub(crate) fn new(id: D::Id, command: D::Command) -> Self {
        Self { id, command }
    }
}

/// An [`Intent`] whose decider's type is not known.
pub(crate) trait ErasedIntent: Send + Sync {
    /// Decides, and adds what comes of it to the batch.
    fn carry_out<'a>(
        &'a self,
        batch: &'a mut Batch,
        cause: &'a Cause,
    ) -> BoxFuture<'a, Result<(), Setback>>;
}

/// Why an intent was not carried out.
#[derive(Debug)]
pub(crate) enum Setback {
    /// The input is at fault: it is parked with this code and reason.
    Parks {
        /// The refusal's code, or the error's.
        code: &'static str,
        /// In words.
        why: String,
    },
    /// Two states of one batch were read at different moments: do the batch again.
    Torn,
    /// The state could not be loaded: the reader stops here, for now or until it is seen to.
    Load(LoadError),
    /// The reader stops here for another reason.
    Stopped(Stop),
}

impl From<Stop> for Setback {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl From<InvalidName> for Setback {
    fn from(error: InvalidName) -> Self {
        Self::Stopped(Stop::from(error))
    }
}

impl From<LoadError> for Setback {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl Setback {
    fn parks(code: &'static str, why: impl ToString) -> Self {
        Self::Parks { code, why: why.to_string() }
    }
}

impl<D: Decider> ErasedIntent for Intent<D> {
    fn carry_out<'a>(
        &'a self,
        batch: &'a mut Batch,
        cause: &'a Cause,
    ) -> BoxFuture<'a, Result<(), Setback>> {
        Box::pin(async move {
            let invalid = |error| Setback::parks("command.invalid_name", error);
            let stream = self.id.stream().map_err(invalid)?;
            match Scope::of::<D>(&stream, &self.id).map_err(invalid)? {
                Scope::Stream => self.on_stream(stream, batch, cause).await,
                Scope::Query(query) => self.on_query(stream, query, batch, cause).await,
            }
        })
    }
}

impl<D: Decider> Intent<D> {
    async fn on_stream(
        &self,
        stream: StreamName,
        batch: &mut Batch,
        cause: &Cause,
    ) -> Result<(), Setback> {
        let mut held = match batch.take_state::<D>(&stream) {
            Some(held) => held,
            None => {
                let cached = batch.caches().of::<D>().take(&stream);
                let folded = match cached {
                    Some(folded) => folded,
                    None => {
                        let snapshots = batch.caches().snapshots::<D>();
                        load_latest(&**batch.store(), snapshots.as_deref(), &stream)
                            .await
                            .map_err(Setback::Load)?
                    }
                };
                batch.touch(&stream, folded.expected())?;
                Decided { folded, seen: 0 }
            }
        };
        held = batch.catch_up(&stream, held).map_err(Setback::Load)?;
        let (events, stored) = match self.decide(&held.folded, &stream, cause) {
            Ok(decided) => decided,
            Err(setback) => {
                // Nothing was folded: the state is as good as before.
                batch.put_state(stream, held);
                return Err(setback);
            }
        };
        held.seen += stored.len();
        held.folded.state = events.iter().fold(held.folded.state, Decider::evolve);
        batch.add(&stream, stored);
        batch.put_state(stream, held);
        Ok(())
    }

    async fn on_query(
        &self,
        stream: StreamName,
        query: headwater_model::Query,
        batch: &mut Batch,
        cause: &Cause,
    ) -> Result<(), Setback> {
        let loaded = load_query::<D>(&**batch.store(), &query, AsOf::Now).await;
        let folded = loaded.map_err(Setback::Load)?;
        let condition = unless_more(query.clone(), &folded);
        let folded = batch.fold_pending(&query, folded).map_err(Setback::Load)?;
        let (_, stored) = self.decide(&folded, &stream, cause)?;
        batch.demand(condition);
        batch.add(&stream, stored);
        Ok(())
    }

    fn decide(
        &self,
        folded: &Folded<D>,
        stream: &StreamName,
        cause: &Cause,
    ) -> Result<(Vec<D::Event>, Vec<NewEvent>), Setback> {
        let encoded = self.command.encode();
        let (name, payload) = encoded.map_err(|error| Setback::parks(error.code(), error))?;
        let decided = folded.state.decide(self.command.clone(), cause);
        let events = decided.map_err(|refusal| Setback::parks(refusal.code(), refusal))?;
        let metadata = cause.metadata(name, CommandDigest::of(name, &payload));
        let stored = encode(&events, cause.command_id(stream), &metadata);
        Ok((events, stored.map_err(|error| Setback::parks(error.code(), error))?))
    }
}
