//! What every store refuses before it looks at anything: requests that contradict themselves or
//! pass a limit.
//!
//! Why: one place, so that every store refuses the same requests with the same words.
//! Invariant: the answer depends on the request alone. A5: it names both numbers.

use super::{Append, AppendError, StreamWrite};
use crate::limits::{
    APPEND_BYTES_MAX, APPEND_CHECKPOINT_COUNT_MAX, APPEND_EVENT_COUNT_MAX, METADATA_BYTES_MAX,
    PAYLOAD_BYTES_MAX, QUERY_ITEM_COUNT_MAX, TAG_COUNT_MAX,
};
use crate::{NewEvent, Query, StreamChange};
use hashbrown::HashSet;

impl Append {
    /// Whether the request is one that a store may look at.
    ///
    /// Streams whose name begins with `$$` hold the settings of others: they are written by
    /// [`crate::EventStore::change_stream`], and take no other events than those that record such a
    /// change ([`StreamChange::asked_by`]).
    ///
    /// # Errors
    /// [`AppendError::Invalid`] or [`AppendError::TooLarge`], about the first thing found.
    pub fn check(&self) -> Result<(), AppendError> {
        at_most("the events of the append", self.event_count(), APPEND_EVENT_COUNT_MAX)?;
        let checkpoints = self.checkpoints.len();
        at_most("the checkpoints of the append", checkpoints, APPEND_CHECKPOINT_COUNT_MAX)?;
        let mut streams = HashSet::with_capacity(self.writes.len());
        for write in &self.writes {
            if !streams.insert(write.stream.as_str()) {
                return Err(invalid(format!("stream {} is written twice", write.stream)));
            }
            check_write(write)?;
        }
        self.check_turns()?;
        at_most("the bytes of the append", self.bytes(), APPEND_BYTES_MAX)?;
        for condition in &self.conditions {
            check_query(&condition.query)?;
        }
        let mut names = HashSet::new();
        match self.checkpoints.iter().find(|save| !names.insert(save.name.as_str())) {
            Some(twice) => Err(invalid(format!("checkpoint {} is saved twice", twice.name))),
            None => Ok(()),
        }
    }

    /// Turns name each event once, or none at all.
    fn check_turns(&self) -> Result<(), AppendError> {
        if self.turns.is_empty() {
            return Ok(());
        }
        let mut left: Vec<usize> = self.writes.iter().map(|write| write.events.len()).collect();
        for turn in &self.turns {
            let own = usize::try_from(*turn).ok().and_then(|place| left.get_mut(place));
            match own {
                Some(own) if *own > 0 => *own -= 1,
                _ => return Err(invalid(format!("write {turn} has no event for its turn"))),
            }
        }
        match left.iter().position(|left| *left > 0) {
            Some(place) => Err(invalid(format!("an event of write {place} has no turn"))),
            None => Ok(()),
        }
    }

    /// Bytes of all that its events say, names included.
    pub fn bytes(&self) -> usize {
        let of = |write: &StreamWrite| {
            let events = write.events.iter().map(NewEvent::bytes).sum::<usize>();
            write.stream.as_str().len() * write.events.len() + events
        };
        self.writes.iter().map(of).sum()
    }
}

impl NewEvent {
    /// Bytes of all that it says: payload, metadata, type and tags.
    pub fn bytes(&self) -> usize {
        self.payload.len()
            + self.metadata.bytes()
            + self.event_type.as_str().len()
            + self.tags.iter().map(|tag| tag.as_str().len()).sum::<usize>()
    }
}

fn check_write(write: &StreamWrite) -> Result<(), AppendError> {
    check_settings(write)?;
    let mut ids = HashSet::with_capacity(write.events.len());
    for event in &write.events {
        if !ids.insert(event.id) {
            return Err(invalid(format!("event {} stands twice in {}", event.id, write.stream)));
        }
        at_most("the bytes of a payload", event.payload.len(), PAYLOAD_BYTES_MAX)?;
        at_most("the bytes of an event's metadata", event.metadata.bytes(), METADATA_BYTES_MAX)?;
        at_most("the tags of an event", event.tags.len(), TAG_COUNT_MAX)?;
    }
    Ok(())
}

/// A settings stream says what is kept of another stream, and nothing else.
fn check_settings(write: &StreamWrite) -> Result<(), AppendError> {
    let stream = &write.stream;
    if !stream.as_str().starts_with("$$") {
        return Ok(());
    }
    if stream.settings_of().is_none_or(|subject| subject.as_str().starts_with("$$")) {
        return Err(invalid(format!("stream {stream} would hold the settings of settings")));
    }
    match write.events.iter().find(|event| StreamChange::asked_by(event).is_none()) {
        Some(event) => {
            let (id, kind) = (event.id, &event.event_type);
            let why = format!(
                "stream {stream} takes only changes of its stream; event {id} of type {kind} is none"
            );
            Err(invalid(why))
        }
        None => Ok(()),
    }
}

fn check_query(query: &Query) -> Result<(), AppendError> {
    at_most("the size of a condition's query", query.size(), QUERY_ITEM_COUNT_MAX)
}

fn at_most(what: &'static str, size: usize, size_max: usize) -> Result<(), AppendError> {
    if size <= size_max {
        return Ok(());
    }
    Err(AppendError::TooLarge { what, size: size as u64, size_max: size_max as u64 })
}

fn invalid(why: String) -> AppendError {
    AppendError::Invalid { why }
}
