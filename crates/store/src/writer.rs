//! The writer: plans a group, commits it, applies it, and only then lets readers see it.
//!
//! Why: one object, one thread at a time, no waiting inside: what threads do with it is the
//! queue's business, and a simulation drives it alone.
//!
//! Picture:
//! ```text
//!   requests ─▶ plan ─▶ journal ········▶ durable ─▶ held ─▶ publish ─▶ answers
//!                 │        └─▶ index         │ refused: the index forgets
//!                 │ refused                  │
//!                 └──────────────────────────┴────────────────────────▶ answers
//! ```
//! Invariants: A2 no answer before the journal returned. R2 no answer before readers can see it.
//! D2 after a failure of which nobody knows what it left, nothing is planned any more.

use crate::apply::{self, Indexed, Parts};
use crate::commit::{CommitBuilder, INSTANT_MAX, Malformed};
use crate::group::{Due, Rest};
use crate::limits;
use crate::log::Log;
use crate::open::birth;
use crate::plan::{self, Group, Look, Planned, Request, Standing, Terms, View};
use crate::planted::{Bug, planted};
use crate::read::{Fetch, Moment, first_match};
use crate::state::{Head, State, index_error};
use headwater_env::Clock;
use headwater_journal_file::{Overlap, Place, Room};
use headwater_model::{
    AppendError, Appended, Checkpoint, CheckpointName, ContextName, Corrupt, EventId, JournalError,
    LostReply, Position, Query, ReadError, Revision, StreamName, Timestamp, Unavailable,
};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What one request is answered.
pub type AppendAnswer = Result<Appended, AppendError>;

/// Writes one context.
pub struct Writer {
    log: Log,
    state: Arc<State>,
    clock: Arc<dyn Clock>,
    clock_leap_max: Duration,
    buffer: Vec<u8>,
    /// The segment of the last commit.
    segment: u32,
    /// Why nothing is planned any more.
    halted: Option<Unavailable>,
}

impl Writer {
    pub(crate) fn new(
        log: Log,
        state: Arc<State>,
        clock: Arc<dyn Clock>,
        clock_leap_max: Duration,
    ) -> Self {
        let segment = state.segments.end().segment;
        Self { log, state, clock, clock_leap_max, buffer: Vec::new(), segment, halted: None }
    }

    /// Writes the first commit of a context.
    pub(crate) fn begin(&mut self, id: Uuid, name: &ContextName) -> Result<(), AppendError> {
        let before = self.state.head();
        let now = self.clock.now().min(INSTANT_MAX);
        self.write_body(before, before, &birth(id, name, now), Overlap::InTurn, &mut || {})
    }

    /// Commits `requests` as one, as many of the first as fit, at least one; answers those, and gives
    /// the others back. What is due from before is given while the device is at work.
    pub(crate) fn commit(
        &mut self,
        mut requests: Vec<Request>,
        due: Due,
    ) -> (Vec<AppendAnswer>, Vec<Request>) {
        let state = Arc::clone(&self.state);
        // A6: until the commit is published, nobody is told of an instant that it may have.
        let told = state.told();
        let (before, Group { planned, commit }) = match self.plan(*told, &requests) {
            Ok(planned) => planned,
            Err(cause) => {
                let refusal = |_: &Request| Err(AppendError::Unavailable(cause.clone()));
                return (requests.iter().map(refusal).collect(), Vec::new());
            }
        };
        let unplanned = requests.split_off(planned.len());
        if commit.is_empty() {
            return (answers(planned, Ok(())), unplanned);
        }
        let work = commit.event_count() + limits::ANSWER_WORK * due.count();
        let overlap = match work < limits::OVERLAP_WORK_MIN {
            true => Overlap::InTurn,
            false => Overlap::IfPossible,
        };
        let mut meanwhile = Some(move || {
            let rest = due.give_one();
            // Nobody waits while what was asked is given back to the allocator.
            drop(requests);
            rest
        });
        let mut rest = Rest::default();
        let mut meanwhile = || meanwhile.take().map_or((), |work| rest = work());
        let written = self.write(before, commit, overlap, &mut meanwhile);
        rest.give();
        (answers(planned, written), unplanned)
    }

    /// Plans on what is acknowledged.
    fn plan(
        &mut self,
        told: Option<Timestamp>,
        requests: &[Request],
    ) -> Result<(Head, Group), Unavailable> {
        if let Some(cause) = &self.halted {
            return Err(cause.clone());
        }
        let state = Arc::clone(&self.state);
        let moment = Moment::now(&state);
        let before = moment.head;
        let now = self.checked_now(before)?;
        self.log.set_room(room(requests));
        let view = Planning { state: &state, moment, told };
        let terms = Terms { now, commit_bytes_max: self.commit_bytes_max() };
        let buffer = std::mem::take(&mut self.buffer);
        Ok((before, plan::plan(&view, requests, terms, buffer)))
    }

    /// Bytes of one commit.
    pub(crate) fn commit_bytes_max(&self) -> usize {
        self.log.commit_bytes_max().min(limits::COMMIT_BYTES_MAX)
    }

    /// Notes how far the journal is durable. For idle moments.
    pub(crate) fn note_idle(&mut self) -> Result<(), JournalError> {
        if self.halted.is_some() { Ok(()) } else { self.log.note_idle() }
    }

    /// Notes that nothing follows.
    pub(crate) fn close(self) -> Result<(), JournalError> {
        self.log.close()
    }

    /// The clock's word, unless it leapt.
    fn checked_now(&self, head: Head) -> Result<Timestamp, Unavailable> {
        let now = self.clock.now();
        let leap = now.since(head.recorded_at);
        let leapt = head.recorded_at > Timestamp::ZERO && leap > self.clock_leap_max;
        if !leapt && now <= INSTANT_MAX {
            return Ok(now);
        }
        let why = format!(
            "it shows {now}, the last commit was recorded at {}; set the clock, or allow the leap",
            head.recorded_at
        );
        Err(Unavailable::Io { what: "reading the clock".to_owned(), why })
    }

    fn write(
        &mut self,
        before: Head,
        commit: CommitBuilder,
        overlap: Overlap,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), AppendError> {
        let recorded_at =
            if commit.has_events() { commit.recorded_at() } else { before.recorded_at };
        let behind = Head { next: commit.next(), recorded_at };
        assert!(behind.next >= before.next, "A3: a commit begins behind the one before it");
        let body = commit.finish();
        if planted(Bug::VisibleBeforeDurable) {
            self.state.publish(behind);
        }
        let outcome = self.write_body(before, behind, &body, overlap, meanwhile);
        if outcome.is_ok() {
            self.state.waking.commit(&body, behind.next);
        }
        if body.capacity() <= limits::BUFFER_BYTES_MAX {
            self.buffer = body;
        }
        outcome
    }

    /// Tells the index of the commit while it is on its way. R1: nobody looks behind the head.
    fn write_body(
        &mut self,
        before: Head,
        behind: Head,
        body: &[u8],
        overlap: Overlap,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), AppendError> {
        let state = Arc::clone(&self.state);
        let mut indexed = None;
        let mut work = |place| {
            // First who waits: while they go on, the index is told.
            meanwhile();
            indexed = Some(apply::index(&state, before, place, body, Parts::All));
        };
        match self.log.append(body, overlap, &mut work) {
            Ok(place) => {
                let indexed = indexed.expect("the log does the work of every commit it takes");
                self.took(before, behind, place, indexed)
            }
            Err(_) if planted(Bug::AckBeforeSync) => Ok(()),
            Err(cause) => {
                // A5: a refused commit leaves nothing. One of which nobody knows halts the writer.
                if !planted(Bug::KeepRefusedPostings) {
                    state.index.forget_from(before.next);
                }
                Err(self.failed(cause))
            }
        }
    }

    /// The commit is durable: it becomes the state.
    fn took(
        &mut self,
        before: Head,
        behind: Head,
        place: Place,
        indexed: Result<Indexed<'_>, Malformed>,
    ) -> Result<(), AppendError> {
        if place.segment != self.segment {
            self.state.rolled(place.segment - 1, before);
            self.segment = place.segment;
        }
        match indexed.and_then(|indexed| indexed.hold(&self.state)) {
            Ok(head) => {
                assert_eq!(head, behind, "A3: what was applied is what was planned");
                self.state.publish(head);
                Ok(())
            }
            Err(cause) => {
                let why = format!("a commit could not be applied: {cause}");
                self.halted = Some(Unavailable::Poisoned { why });
                let file = headwater_journal_file::format::segment_file_name(place.segment);
                let at = u64::from(place.at) + cause.at as u64;
                Err(AppendError::Corrupt(Corrupt { file, at, why: cause.to_string() }))
            }
        }
    }

    /// The journal refused, or nobody knows.
    fn failed(&mut self, cause: JournalError) -> AppendError {
        match cause {
            JournalError::TooLarge { bytes, bytes_max } => AppendError::TooLarge {
                what: "the bytes of the commit",
                size: bytes as u64,
                size_max: bytes_max as u64,
            },
            JournalError::HeadMoved { expected, actual } => {
                let why = format!("its head is at {}, here it was {}", actual.next, expected.next);
                let fenced = Unavailable::Fenced { why };
                self.halted = Some(fenced.clone());
                AppendError::Unavailable(fenced)
            }
            JournalError::Unknown(LostReply { why }) => {
                // The slot may hold the commit: whatever is planned now may be planned on too little.
                self.halted = Some(Unavailable::Poisoned { why: why.clone() });
                AppendError::Unknown(LostReply { why })
            }
            JournalError::Unavailable(cause) => {
                if matches!(cause, Unavailable::Poisoned { .. } | Unavailable::Fenced { .. }) {
                    self.halted = Some(cause.clone());
                }
                AppendError::Unavailable(cause)
            }
            JournalError::Corrupt(corrupt) => AppendError::Corrupt(corrupt),
        }
    }
}

/// D2: on a full disk a stream can still be deleted or cut.
fn room(requests: &[Request]) -> Room {
    if requests.iter().all(Request::makes_room) { Room::Reserve } else { Room::Ordinary }
}

/// Each answer as planned, unless it needed the commit and that was not made.
fn answers(planned: Vec<Planned>, written: Result<(), AppendError>) -> Vec<AppendAnswer> {
    let answer = |planned: Planned| match &written {
        Err(cause) if planned.needs_commit => Err(cause.clone()),
        _ => planned.answer,
    };
    planned.into_iter().map(answer).collect()
}

/// The state as the plan looks at it.
pub(crate) struct Planning<'a> {
    pub(crate) state: &'a State,
    pub(crate) moment: Moment,
    pub(crate) told: Option<Timestamp>,
}

impl View for Planning<'_> {
    fn next(&self) -> Position {
        self.moment.head.next
    }

    fn recorded_at(&self) -> Timestamp {
        self.moment.head.recorded_at
    }

    fn told(&self) -> Option<Timestamp> {
        self.told
    }

    fn standing(
        &self,
        stream: &StreamName,
        ids: &[EventId],
        new_before: Position,
    ) -> Result<Standing, ReadError> {
        let snapshot = &self.moment.snapshot;
        let check = snapshot.check(stream.as_str(), ids, new_before).map_err(index_error)?;
        let mut events = Vec::new();
        let fetch = Fetch::new(self.state, snapshot);
        let released = self.state.mark(stream.as_str()).unwrap_or_default().released;
        for (n, position) in check.candidates {
            fetch.each(&[position], |event, page| {
                let is_it = Some(&event.id) == ids.get(n) && event.stream == stream.as_str();
                // A4: as long as the event is kept.
                if is_it && (event.revision >= released || planted(Bug::KeepReleasedIds)) {
                    let malformed = |cause| fetch.malformed(position, &cause);
                    events.push((n, event.to_recorded(page).map_err(malformed)?));
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(Standing { last: check.head.map(|head| head.last), events })
    }

    fn last_revision_before(
        &self,
        stream: &StreamName,
        position: Position,
    ) -> Result<Option<Revision>, ReadError> {
        let then = self.moment.snapshot.as_of(position);
        let found = then.head(stream.as_str()).map_err(index_error)?.map(|head| head.last);
        Ok(self.mark(stream).last_as_of(found))
    }

    fn release_count(&self) -> u64 {
        self.state.held.read().release_count
    }

    fn mark(&self, stream: &StreamName) -> crate::life::StreamMark {
        self.state.mark(stream.as_str()).unwrap_or_default()
    }

    fn first_match(
        &self,
        query: &Query,
        positions: Range<Position>,
        looks_left: &mut u64,
    ) -> Result<Look, ReadError> {
        first_match(self.state, &self.moment, query, positions, looks_left)
    }

    fn checkpoint(&self, name: &CheckpointName) -> Option<Checkpoint> {
        self.state.checkpoint(name)
    }
}
