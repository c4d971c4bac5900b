//! Datasets: many streams of ten events, whose events lie far apart.
//!
//! Why: a stream's events never stand side by side in a real store; a bench where they do measures
//! something else.
//!
//! Picture: streams live in generations of 100,000; in each, every stream gets its first event, then
//! every stream its second, and so on. A read of ten events touches ten places, 100,000 events apart.

use crate::event::{Event, Source, stream_name};

/// Events of every stream.
pub(crate) const STREAM_EVENT_COUNT: u64 = 10;

/// Streams that are written to in the same stretch of time.
const GENERATION_STREAM_COUNT: u64 = 100_000;

/// Events of one append while filling.
const APPEND_COUNT: usize = 2_500;

/// How many events there are, and the order they come in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dataset {
    /// All of them.
    pub(crate) event_count: u64,
}

impl Dataset {
    /// So many streams.
    pub(crate) fn stream_count(self) -> u64 {
        self.event_count / STREAM_EVENT_COUNT
    }

    /// Stream and revision of each event in turn.
    fn places(self) -> impl Iterator<Item = (u64, u64)> {
        let streams = self.stream_count();
        (0..streams).step_by(usize::try_from(GENERATION_STREAM_COUNT).unwrap_or(1)).flat_map(
            move |first| {
                let end = (first + GENERATION_STREAM_COUNT).min(streams);
                (0..STREAM_EVENT_COUNT)
                    .flat_map(move |revision| (first..end).map(move |stream| (stream, revision)))
            },
        )
    }

    /// The events in appends. None holds two events of one stream, or depends on the ones right
    /// before it, so several may be under way.
    pub(crate) fn appends(self) -> impl Iterator<Item = Vec<Event>> {
        let mut source = Source::new(self.event_count);
        let mut places = self.places().peekable();
        std::iter::from_fn(move || {
            let (_, revision) = *places.peek()?;
            let mut events = Vec::with_capacity(APPEND_COUNT);
            while events.len() < APPEND_COUNT
                && let Some((stream, _)) = places.next_if(|(_, other)| *other == revision)
            {
                events.push(source.event(&stream_name(stream), revision));
            }
            Some(events)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_stream_has_ten_events_in_order_and_no_append_has_two_of_one() {
        let dataset = Dataset { event_count: 60_000 };
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        for events in dataset.appends() {
            let mut streams: Vec<&str> = events.iter().map(|e| e.stream.as_str()).collect();
            streams.dedup();
            assert_eq!(streams.len(), events.len());
            for event in events {
                let revision = next.entry(event.stream.to_string()).or_default();
                assert_eq!(event.revision, *revision);
                *revision += 1;
            }
        }
        assert_eq!(next.len() as u64, dataset.stream_count());
        assert!(next.values().all(|events| *events == STREAM_EVENT_COUNT));
    }
}
