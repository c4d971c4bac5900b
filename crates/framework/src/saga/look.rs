//! A look at an instance: how far it is, and what it waits for.

use super::instance::{Instance, Standing as Stands};
use super::{End, Saga, record};
use crate::{LoadError, Service};
use headwater_model::{EventId, Timestamp};

/// An instance of a saga, as it is now.
#[derive(Debug)]
pub struct LoadedSaga<T> {
    /// What it remembers.
    pub state: T,
    /// Where it stands.
    pub standing: Standing,
    /// When the timers are due that are set, in the order set.
    pub dues: Vec<Timestamp>,
    /// Requests that it has sent and that nobody has answered.
    pub unanswered_count: usize,
    /// What it was told too early, or while it was parked.
    pub held_count: usize,
}

/// Where an instance stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing has started it.
    NotBegun,
    /// It waits for what comes next.
    Running,
    /// It waits for a person.
    Parked {
        /// Under which id it is parked.
        event: EventId,
        /// The refusal's code, or that of another reason.
        code: String,
        /// In words.
        why: String,
    },
    /// It has ended.
    Ended(End),
}

impl From<Stands> for Standing {
    fn from(standing: Stands) -> Self {
        match standing {
            Stands::New => Self::NotBegun,
            Stands::Running => Self::Running,
            Stands::Parked(parked) => {
                Self::Parked { event: parked.event, code: parked.code, why: parked.why }
            }
            Stands::Ended(end) => Self::Ended(end),
        }
    }
}

impl Service {
    /// An instance of a saga, folded from its steps.
    ///
    /// # Errors
    /// [`LoadError`] if its past cannot be read.
    pub async fn load_saga<S: Saga>(&self, id: &S::Id) -> Result<LoadedSaga<S::State>, LoadError> {
        let store = self.own().await?;
        let instance = Instance::<S>::load(&*store, &record::stream::<S>(id)?).await?.state;
        Ok(LoadedSaga {
            standing: instance.standing.into(),
            dues: instance.timers.iter().map(|set| set.due).collect(),
            unanswered_count: instance.requests.len(),
            held_count: instance.held.len(),
            state: instance.state,
        })
    }
}
