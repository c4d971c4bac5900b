//! Appends: every check, in the order in which they are made, and then the writing.
//!
//! Why: which refusal a request gets when several apply is a part of the contract.
//!
//! Picture:
//! ```text
//!   the request itself → known ids → tombstones and expectations, by write → conditions → checkpoints → write
//!   Invalid, TooLarge    replay, IdReused,   Tombstoned, WrongRevision   ConditionFailed  CheckpointMoved
//!                        PartlyRepeated
//! ```
//! Invariants: A1 nothing is written before the last check has passed. A4 known ids are looked up
//! before anything else that can change. A5 refusals name what is.

use super::history::{History, Stream};
use crate::append::WrongRevision;
use crate::{
    Append, AppendError, Appended, Condition, EventId, ExpectedRevision, Position, RecordedEvent,
    Revision, SaveCheckpoint, StreamChange, StreamLife, StreamName, StreamWrite, Timestamp,
};

impl History {
    /// Checks and writes.
    pub(super) fn append(
        &mut self,
        append: Append,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        append.check()?;
        if let Some(first_answer) = self.replay(&append.writes)? {
            return Ok(first_answer);
        }
        for write in &append.writes {
            self.check_stream(&write.stream, write.expected)?;
            self.check_changes(write)?;
        }
        for (n, condition) in append.conditions.iter().enumerate() {
            self.check_condition(n, condition)?;
        }
        for save in &append.checkpoints {
            self.check_checkpoint(save)?;
        }
        Ok(self.apply(append, now))
    }

    /// Checks and writes a change of a whole stream.
    pub(super) fn change_stream(
        &mut self,
        name: &StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        if name.as_str().starts_with("$$") {
            let why = format!("stream {name} holds settings and has none itself");
            return Err(AppendError::Invalid { why });
        }
        self.check_stream(name, expected)?;
        let settings = name.settings_stream();
        let next = |name| self.streams.get(name).map_or(Revision::ZERO, Stream::next);
        let event = change.event(name, next(&settings), next(name));
        self.write(&settings, vec![event], self.instant(now));
        self.change(name, change);
        Ok(Appended {
            position: self.head(),
            revisions: vec![self.streams.get(&settings).and_then(Stream::last)],
            replayed: false,
        })
    }

    fn apply(&mut self, append: Append, now: Timestamp) -> Appended {
        let at = self.instant(now);
        let streams: Vec<_> = append.writes.iter().map(|write| write.stream.clone()).collect();
        for write in in_turns(append.writes, &append.turns) {
            if !write.events.is_empty() {
                let changes = changes(&write);
                self.write(&write.stream, write.events, at);
                changes.into_iter().for_each(|(subject, change)| self.change(&subject, change));
            }
        }
        self.checkpoints.extend(append.checkpoints.into_iter().map(|save| (save.name, save.to)));
        let last = |name| self.streams.get(name).and_then(Stream::last);
        Appended {
            position: self.head(),
            revisions: streams.iter().map(last).collect(),
            replayed: false,
        }
    }

    /// A4: the first answer, if all events stand in their streams already, as they were asked.
    fn replay(&self, writes: &[StreamWrite]) -> Result<Option<Appended>, AppendError> {
        let with_events = || writes.iter().filter(|write| !write.events.is_empty());
        let mut known = Vec::new();
        for write in with_events() {
            known.extend(self.known(write)?);
        }
        if known.is_empty() {
            return Ok(None);
        }
        if known.len() < with_events().count() {
            let repeated = known.swap_remove(0);
            return Err(partly_repeated(&repeated.stream, repeated.ids));
        }
        let position = known.iter().map(|known| known.position).max();
        Ok(Some(Appended {
            position,
            revisions: writes.iter().map(|write| self.revision_then(write, position)).collect(),
            replayed: true,
        }))
    }

    /// What is known of a write: nothing, or all of it in one run of revisions.
    fn known(&self, write: &StreamWrite) -> Result<Option<Known>, AppendError> {
        let Some(stream) = self.streams.get(&write.stream) else { return Ok(None) };
        let revision = |id: &EventId| stream.ids.get(id).copied();
        let ids: Vec<_> = write.events.iter().map(|event| event.id).collect();
        let repeated: Vec<_> =
            ids.iter().copied().filter(|id| stream.ids.contains_key(id)).collect();
        for event in &write.events {
            let Some(revision) = revision(&event.id) else { continue };
            let recorded = self.event_of(stream, revision);
            if !recorded.is_some_and(|recorded| event.same_content(recorded)) {
                let stream = write.stream.clone();
                return Err(AppendError::IdReused { id: event.id, stream, revision });
            }
        }
        let Some(first) = repeated.first().and_then(revision) else { return Ok(None) };
        let in_a_run = |(n, id)| revision(id) == Some(Revision(first.0 + n as u64));
        if !ids.iter().enumerate().all(in_a_run) {
            return Err(partly_repeated(&write.stream, repeated));
        }
        let last = first.0 + ids.len() as u64 - 1;
        let position = stream.positions.get(usize::try_from(last).unwrap_or(usize::MAX));
        let position = *position.expect("A4: an id leads to an event that is there");
        Ok(Some(Known { stream: write.stream.clone(), ids, position }))
    }

    /// The last revision of a write's stream when the append with this position was made; for a
    /// write with events that is its own last event.
    fn revision_then(&self, write: &StreamWrite, position: Option<Position>) -> Option<Revision> {
        let stream = self.streams.get(&write.stream)?;
        match write.events.last() {
            Some(event) => stream.ids.get(&event.id).copied(),
            None => {
                let count = stream.positions.partition_point(|at| Some(*at) <= position);
                stream.last_as_of(count)
            }
        }
    }

    fn check_stream(
        &self,
        name: &StreamName,
        expected: ExpectedRevision,
    ) -> Result<(), AppendError> {
        let stream = self.streams.get(name);
        if stream.is_some_and(|stream| stream.life == StreamLife::Tombstoned) {
            return Err(AppendError::Tombstoned { stream: name.clone() });
        }
        let is_there = stream.is_some_and(Stream::is_there);
        let last = stream.and_then(Stream::last);
        let holds = match expected {
            ExpectedRevision::Any => true,
            ExpectedRevision::NoStream => !is_there,
            ExpectedRevision::Exists => is_there,
            ExpectedRevision::At(revision) => last == Some(revision),
        };
        if holds {
            return Ok(());
        }
        let actual = last.filter(|_| is_there);
        Err(AppendError::WrongRevision(WrongRevision { stream: name.clone(), expected, actual }))
    }

    /// A tombstone is for ever: what is kept of such a stream may still be noted, its life not.
    fn check_changes(&self, write: &StreamWrite) -> Result<(), AppendError> {
        let tombstoned = |name: &StreamName| {
            self.streams.get(name).is_some_and(|stream| stream.life == StreamLife::Tombstoned)
        };
        match changes(write).into_iter().find(|(_, change)| change.is_of_life()) {
            Some((stream, _)) if tombstoned(&stream) => Err(AppendError::Tombstoned { stream }),
            _ => Ok(()),
        }
    }

    fn check_condition(&self, n: usize, condition: &Condition) -> Result<(), AppendError> {
        let behind = condition.after.map_or(0, |after| after.0.saturating_add(1));
        let from = usize::try_from(behind).unwrap_or(usize::MAX);
        let unseen = self.events.get(from..).unwrap_or_default();
        let is_there = |event: &&RecordedEvent| !self.is_released(event);
        let mut unseen = unseen.iter().filter(is_there);
        match unseen.find(|event| condition.query.matches(*event)) {
            None => Ok(()),
            Some(event) => Err(AppendError::ConditionFailed {
                condition: n,
                after: condition.after,
                position: event.position,
            }),
        }
    }

    fn check_checkpoint(&self, save: &SaveCheckpoint) -> Result<(), AppendError> {
        let actual = self.checkpoints.get(&save.name).copied();
        if actual == save.expected {
            return Ok(());
        }
        let name = save.name.clone();
        Err(AppendError::CheckpointMoved { name, expected: save.expected, actual })
    }
}

/// The changes that a write to a settings stream asks for; none for any other.
fn changes(write: &StreamWrite) -> Vec<(StreamName, StreamChange)> {
    let Some(subject) = write.stream.settings_of() else { return Vec::new() };
    let changes = write.events.iter().filter_map(StreamChange::asked_by);
    changes.map(|change| (subject.clone(), change)).collect()
}

/// A write whose events all stand in the stream already.
struct Known {
    stream: StreamName,
    ids: Vec<EventId>,
    /// Of the last of them.
    position: Position,
}

fn partly_repeated(stream: &StreamName, repeated: Vec<EventId>) -> AppendError {
    AppendError::PartlyRepeated { stream: stream.clone(), repeated }
}

/// The writes, cut where another one has its turn.
fn in_turns(mut writes: Vec<StreamWrite>, turns: &[u32]) -> Vec<StreamWrite> {
    if turns.is_empty() {
        return writes;
    }
    let events: Vec<_> = writes.iter_mut().map(|write| std::mem::take(&mut write.events)).collect();
    let mut events: Vec<_> = events.into_iter().map(Vec::into_iter).collect();
    let one = |turn: &u32| {
        let place = *turn as usize;
        let write = writes.get(place).cloned().expect("turns were checked: this write is there");
        let next = events.get_mut(place).and_then(Iterator::next);
        StreamWrite { events: vec![next.expect("turns were checked: it has one more")], ..write }
    };
    turns.iter().map(one).collect()
}
