//! Random requests, most of them meant to be right.
//!
//! Why: a run in which nothing is accepted proves nothing, one in which nothing is refused little.

use super::world::{World, ready};
use headwater_conformance::sample::{event_of, reader, stream, tag};
use headwater_model::{
    Append, Checkpoint, Condition, EventStore, ExpectedRevision, Incarnation, NewEvent, Position,
    Query, Revision, SaveCheckpoint, StreamName, StreamWrite,
};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

const STREAM_COUNT: u32 = 5;
const TAGS: [&str; 3] = ["course:1", "course:2", "student:1"];

pub(crate) struct Workload {
    pub(crate) random: Xoshiro256PlusPlus,
    next_id: u128,
}

impl Workload {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Xoshiro256PlusPlus::seed_from_u64(seed), next_id: 0 }
    }

    pub(crate) fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    /// A new request, or one that was made before.
    pub(crate) fn request(&mut self, world: &World) -> Append {
        let asked = &world.operations;
        if !asked.is_empty() && self.one_in(6) {
            let which = self.random.random_range(0..asked.len());
            return self.again(&asked[which].append);
        }
        let write_count = self.random.random_range(1..=3_u32);
        let first = self.random.random_range(0..STREAM_COUNT);
        let mut append = Append::default();
        for n in 0..write_count {
            let name = stream(&format!("order-{}", (first + n) % STREAM_COUNT));
            let expected = self.expected(world, &name);
            let events = self.events();
            append.writes.push(StreamWrite { stream: name, expected, events });
        }
        if self.one_in(4) {
            append.conditions.push(self.condition(world));
        }
        if append.event_count() > 0 && self.one_in(3) {
            append.checkpoints.push(self.checkpoint(world));
        }
        append
    }

    /// The same, or nearly.
    fn again(&mut self, asked: &Append) -> Append {
        let mut append = asked.clone();
        let Some(write) = append.writes.iter_mut().find(|write| !write.events.is_empty()) else {
            return append;
        };
        match self.random.random_range(0..8_u32) {
            0 => write.expected = ExpectedRevision::Any,
            1 => drop(write.events.pop()),
            2 => write.events[0].schema_version += 1,
            _ => {}
        }
        append
    }

    fn expected(&mut self, world: &World, name: &StreamName) -> ExpectedRevision {
        let state = ready(world.store().stream(name.clone())).expect("nothing to wait for");
        let last = state.ok().and_then(|state| state.last);
        match self.random.random_range(0..12_u32) {
            0..5 => ExpectedRevision::Any,
            5..10 => last.map_or(ExpectedRevision::NoStream, ExpectedRevision::At),
            10 => ExpectedRevision::Exists,
            _ => ExpectedRevision::At(Revision(self.random.random_range(0..9))),
        }
    }

    fn events(&mut self) -> Vec<NewEvent> {
        let count = self.random.random_range(0..4_u32);
        (0..count).map(|_| self.event()).collect()
    }

    pub(crate) fn event(&mut self) -> NewEvent {
        self.next_id += 1;
        let tags: Vec<_> = TAGS.into_iter().filter(|_| self.one_in(3)).collect();
        let bytes = match self.one_in(12) {
            true => self.random.random_range(0..9_000_usize),
            false => self.random.random_range(0..300),
        };
        let payload = (0..bytes).map(|_| self.random.random::<u8>()).collect::<Vec<_>>();
        NewEvent { payload: payload.into(), ..event_of(self.next_id, "SeatTaken", &tags) }
    }

    fn head(world: &World) -> Option<Position> {
        ready(world.store().head()).and_then(Result::ok).and_then(|(_, last)| last)
    }

    fn condition(&mut self, world: &World) -> Condition {
        let wanted = TAGS[self.random.random_range(0..TAGS.len())];
        let unseen = if self.one_in(3) { self.random.random_range(0..20) } else { 0 };
        let after = Self::head(world).map(|last| Position(last.0.saturating_sub(unseen)));
        Condition { query: Query::tags([tag(wanted)]), after }
    }

    fn checkpoint(&mut self, world: &World) -> SaveCheckpoint {
        let name = reader(&format!("reader-{}", self.random.random_range(0..3_u32)));
        let stands = ready(world.store().checkpoint(name.clone()));
        let stands = stands.expect("nothing to wait for").ok().flatten();
        let position = Position(self.random.random_range(0..1_000));
        let to = Checkpoint { incarnation: Incarnation(0), position };
        let expected = if self.one_in(8) { Some(to) } else { stands };
        SaveCheckpoint { name, expected, to }
    }
}
