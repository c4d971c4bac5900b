//! What if: history once more, through other code, in a store of its own.
//!
//! Why: a rule is changed, and somebody asks what it would have done last year. What came from outside is
//! replayed at its time; what the services made of it is made anew; and both are compared, stream by stream.
//!
//! Picture:
//! ```text
//!   history ─ of others, and what callers asked of ours ─▶ scratch, at the same times ─▶ changed readers, sagas, timers
//!      └──────────── what ours had made of it ──────────── compared ────────────────────────── what they make now
//! ```
//! Not here: commands of callers are not decided again. A store keeps what came of them, and that is replayed.

use super::World;
use crate::{Service, Store};
use headwater_model::{
    Append, AppendError, ContextName, EventStore, ExpectedRevision, From, NewEvent, Query,
    QueryItem, ReadAll, ReadError, RecordedEvent, StreamName,
};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What would be otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhatIf {
    /// Events that were replayed.
    pub replayed_count: usize,
    /// Streams that are as they were.
    pub same_count: usize,
    /// Of each stream that is not, the first event that is another.
    pub first_differences: Vec<Otherwise>,
}

/// The first event of a stream that is another.
#[derive(Clone, Debug, PartialEq)]
pub struct Otherwise {
    /// The context.
    pub context: ContextName,
    /// The stream.
    pub stream: StreamName,
    /// Which of its events, from 0.
    pub index: usize,
    /// What was there; `None`: the stream was at its end.
    pub was: Option<RecordedEvent>,
    /// What is there now; `None`: it is at its end.
    pub is: Option<RecordedEvent>,
}

/// Replays `history` through the services that `wire` makes over the store that it is given, and compares what
/// comes of it with what came of it.
///
/// # Errors
/// A history that cannot be read, or an event that the scratch store refuses.
///
/// # Panics
/// Within a runtime, where it would block others.
pub fn what_if(
    history: &Store,
    wire: impl FnOnce(&Store) -> Vec<Service>,
) -> Result<WhatIf, WhatIfError> {
    let past = super::block_on(read(history))?;
    let begin = past.iter().filter_map(|(_, events)| events.first()).map(|event| event.recorded_at);
    let mut world = World::at(begin.min().unwrap_or(super::TEST_BEGIN));
    let services = wire(&world.store.clone());
    let own: Vec<_> = services.iter().map(|service| service.name().clone()).collect();
    services.into_iter().for_each(|service| drop(world.start(service)));
    let replayed = outside(&past, &own);
    for (context, event) in &replayed {
        let wait = event.recorded_at.since(world.now());
        world.advance(wait);
        let store = world.block_on(world.store.context((*context).clone()))?;
        world.block_on(store.append(again(event)))?;
        world.settle();
    }
    let end = past.iter().filter_map(|(_, events)| events.last()).map(|event| event.recorded_at);
    let wait = end.max().map_or(std::time::Duration::ZERO, |end| end.since(world.now()));
    world.advance(wait);
    let mut report = WhatIf { replayed_count: replayed.len(), ..WhatIf::default() };
    for (store, was) in past.iter().filter(|(store, _)| own.contains(store.context())) {
        let is = world.block_on(world.store.context(store.context().clone()))?;
        let is = world.block_on(all(&*is))?;
        compare(store.context(), was, &is, &mut report);
    }
    Ok(report)
}

/// Why history could not be replayed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WhatIfError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event of it was refused.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// All events of a context, the system's included, in order.
async fn all(store: &dyn EventStore) -> Result<Vec<RecordedEvent>, ReadError> {
    let system = QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() };
    let query = Query { items: vec![QueryItem::default(), system] };
    let (mut events, mut read) = (Vec::new(), ReadAll::forwards(query));
    loop {
        let page = store.read_all(read.clone()).await?;
        events.extend(page.events);
        match page.next {
            Some(next) => read.from = From::At(next),
            None => return Ok(events),
        }
    }
}

async fn read(
    history: &Store,
) -> Result<Vec<(Arc<dyn EventStore>, Vec<RecordedEvent>)>, ReadError> {
    let mut past = Vec::new();
    for name in history.contexts().names().await? {
        let store = history.context(name).await?;
        let events = all(&*store).await?;
        past.push((store, events));
    }
    Ok(past)
}

type Past = [(Arc<dyn EventStore>, Vec<RecordedEvent>)];

/// What came from outside, in the order of its times: all of other contexts, and what readers of ours have not made.
fn outside<'a>(past: &'a Past, own: &[ContextName]) -> Vec<(&'a ContextName, &'a RecordedEvent)> {
    let ids: HashSet<String> = past
        .iter()
        .flat_map(|(_, events)| events.iter().map(|event| event.id.to_string()))
        .collect();
    let is_made = |event: &RecordedEvent| {
        event.metadata.causation.as_ref().is_some_and(|cause| ids.contains(&**cause))
    };
    let mut found = Vec::new();
    for (store, events) in past {
        let is_own = own.contains(store.context());
        let is_outside = |event: &&RecordedEvent| match is_own {
            true => !event.stream.is_system() && !is_made(event),
            false => !event.stream.as_str().starts_with("$$"),
        };
        found.extend(events.iter().filter(is_outside).map(|event| (store.context(), event)));
    }
    found.sort_by_key(|(_, event)| event.recorded_at);
    found
}

fn again(event: &RecordedEvent) -> Append {
    let again = NewEvent {
        id: event.id,
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        content_type: event.content_type,
        payload: event.payload.clone(),
        metadata: event.metadata.clone(),
        tags: event.tags.clone(),
    };
    Append::to(event.stream.clone(), ExpectedRevision::Any, vec![again])
}

fn compare(
    context: &ContextName,
    was: &[RecordedEvent],
    is: &[RecordedEvent],
    report: &mut WhatIf,
) {
    let (was, is) = (by_stream(was), by_stream(is));
    let mut streams: Vec<_> = was.keys().chain(is.keys()).collect();
    streams.sort();
    streams.dedup();
    for stream in streams {
        let of = |side: &BTreeMap<StreamName, Vec<RecordedEvent>>| {
            side.get(stream).cloned().unwrap_or_default()
        };
        let (was, is) = (of(&was), of(&is));
        let differs = |n: &usize| match (was.get(*n), is.get(*n)) {
            (Some(was), Some(is)) => says(was) != says(is),
            _ => true,
        };
        match (0..was.len().max(is.len())).find(differs) {
            None => report.same_count += 1,
            Some(index) => report.first_differences.push(Otherwise {
                context: context.clone(),
                stream: stream.clone(),
                index,
                was: was.get(index).cloned(),
                is: is.get(index).cloned(),
            }),
        }
    }
}

fn by_stream(events: &[RecordedEvent]) -> BTreeMap<StreamName, Vec<RecordedEvent>> {
    let mut streams = BTreeMap::<_, Vec<_>>::new();
    for event in events.iter().filter(|event| !event.stream.is_system()) {
        streams.entry(event.stream.clone()).or_default().push(event.clone());
    }
    streams
}

/// What an event says, whenever and under whatever id.
fn says(event: &RecordedEvent) -> (&str, u32, &[u8]) {
    (event.event_type.as_str(), event.schema_version, &event.payload)
}
