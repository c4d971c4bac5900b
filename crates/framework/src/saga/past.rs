//! Instances as they were.

use super::instance::Instance;
use super::{LoadedSaga, Saga, record};
use crate::LoadError;
use headwater_model::{AsOf, EventStore, From, ReadStream};

/// An instance, folded from the steps that it had taken at this moment.
pub(crate) async fn load<S: Saga>(
    store: &dyn EventStore,
    id: &S::Id,
    at: AsOf,
) -> Result<LoadedSaga<S::State>, LoadError> {
    let mut instance = Instance::<S>::default();
    let mut read = ReadStream { as_of: at, ..ReadStream::forwards(record::stream::<S>(id)?) };
    loop {
        let page = store.read_stream(read.clone()).await?;
        for event in &page.events {
            instance = instance.apply_recorded(store.context(), event)?;
        }
        match page.next {
            Some(next) => read.from = From::At(next),
            None => break,
        }
    }
    Ok(LoadedSaga {
        standing: instance.standing.into(),
        dues: instance.timers.iter().map(|set| set.due).collect(),
        unanswered_count: instance.requests.len(),
        held_count: instance.held.len(),
        state: instance.state,
    })
}
