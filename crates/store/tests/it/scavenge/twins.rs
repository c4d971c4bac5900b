//! A store on files and the reference in memory, which are asked the same.

use crate::sim::world::{everything, ready};
use headwater_conformance::sample::{event_of, id, reader, stream, tag};
use headwater_env::{SeededEntropy, SimDisk, VirtualClock};
use headwater_model::memory::MemoryStore;
use headwater_model::{
    Append, AsOf, Checkpoint, Condition, ContextName, Direction, EventStore, ExpectedRevision,
    From, Incarnation, NewEvent, Position, Query, ReadAll, ReadError, ReadStream, RecordedEvent,
    Revision, SaveCheckpoint, ScavengeAsked, ScavengeError, ScavengePhase, ScavengeProgress,
    StreamChange, StreamName, StreamSettings, StreamWrite, Timestamp,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::path::Path;
use std::sync::Arc;

/// Some blocks, so that a run of some dozen appends seals several and they can become smaller.
pub(super) const SEGMENT_BYTES: u32 = 16_384;

pub(super) const DIR: &str = "/twin";

/// Everything is worth it.
pub(super) const ALL: ScavengeAsked =
    ScavengeAsked { bytes_per_second_max: u64::MAX, freed_percent_min: 0 };

const STREAM_COUNT: u32 = 6;
const TAGS: [&str; 2] = ["course:1", "course:2"];

/// The same store twice.
pub(super) struct Twins {
    pub(super) disk: SimDisk,
    pub(super) clock: VirtualClock,
    pub(super) store: Option<EmbeddedContext>,
    pub(super) memory: MemoryStore,
    pub(super) random: Xoshiro256PlusPlus,
    next_id: u128,
    asked: Vec<Append>,
}

impl Twins {
    pub(super) fn new(seed: u64) -> Self {
        let clock = VirtualClock::at(Timestamp::from_micros(1_000_000));
        let told = clock.clone();
        let memory = MemoryStore::new(
            ContextName::new("twin").expect("a name"),
            Arc::new(move || headwater_env::Clock::now(&told)),
        );
        let mut twins = Self {
            disk: SimDisk::new(seed),
            clock,
            store: None,
            memory,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            next_id: 0,
            asked: Vec::new(),
        };
        twins.open().expect("a good day");
        twins
    }

    pub(super) fn open(&mut self) -> Result<(), ReadError> {
        self.store = None;
        let environment = Environment {
            disk: Arc::new(self.disk.clone()),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(7)),
        };
        let name = ContextName::new("twin").expect("a name");
        let options = Options::inline(SEGMENT_BYTES);
        self.store = Some(EmbeddedContext::open(&environment, name, Path::new(DIR), &options)?);
        Ok(())
    }

    pub(super) fn store(&self) -> &EmbeddedContext {
        self.store.as_ref().expect("it is open")
    }

    /// A random step, asked of both: the answers are the same.
    pub(super) fn step(&mut self) {
        let now = headwater_env::Clock::now(&self.clock).as_micros();
        self.clock.set(Timestamp::from_micros(now + self.random.random_range(0..3_000_000)));
        match self.random.random_range(0..10_u32) {
            0 => self.change(),
            1 if !self.asked.is_empty() => {
                let which = self.random.random_range(0..self.asked.len());
                let again = self.asked[which].clone();
                self.append(again);
            }
            _ => {
                let append = self.request();
                self.asked.push(append.clone());
                self.append(append);
            }
        }
    }

    pub(super) fn append(&mut self, append: Append) {
        let ours = self.store().append_blocking(append.clone());
        let theirs = ready(self.memory.append(append.clone())).expect("nothing to wait for");
        assert_eq!(ours, theirs, "the answer to {append:?}");
    }

    fn change(&mut self) {
        let name = self.a_stream();
        let pick = |random: &mut Xoshiro256PlusPlus, n: u64| {
            random.random_ratio(1, 2).then(|| random.random_range(0..n))
        };
        let change = match self.random.random_range(0..12_u32) {
            0 => StreamChange::Delete,
            1 if self.random.random_ratio(1, 3) => StreamChange::Tombstone,
            _ => StreamChange::Settings(StreamSettings {
                count_max: pick(&mut self.random, 12),
                age_max_ms: pick(&mut self.random, 40_000),
                truncate_before: pick(&mut self.random, 30).map(Revision),
            }),
        };
        self.change_to(&name, change);
    }

    pub(super) fn change_to(&mut self, name: &StreamName, change: StreamChange) {
        let any = ExpectedRevision::Any;
        let ours = ready(self.store().change_stream(name.clone(), any, change));
        let theirs = ready(self.memory.change_stream(name.clone(), any, change));
        assert_eq!(ours, theirs, "the answer to {change:?}");
    }

    fn a_stream(&mut self) -> StreamName {
        stream(&format!("order-{}", self.random.random_range(0..STREAM_COUNT)))
    }

    fn request(&mut self) -> Append {
        let mut append = Append::default();
        let first = self.random.random_range(0..STREAM_COUNT);
        for n in 0..self.random.random_range(1..=2_u32) {
            let name = stream(&format!("order-{}", (first + n) % STREAM_COUNT));
            let expected = match self.random.random_range(0..6_u32) {
                0 => ExpectedRevision::NoStream,
                1 => ExpectedRevision::Exists,
                2 => ExpectedRevision::At(Revision(self.random.random_range(0..20))),
                _ => ExpectedRevision::Any,
            };
            let count = self.random.random_range(0..4_u32);
            let events = (0..count).map(|_| self.event()).collect();
            append.writes.push(StreamWrite { stream: name, expected, events });
        }
        if self.random.random_ratio(1, 4) {
            let wanted = TAGS[self.random.random_range(0..TAGS.len())];
            let query = Query::tags([tag(wanted)]);
            let after = Some(Position(self.random.random_range(0..200)));
            append.conditions.push(Condition { query, after });
        }
        if append.event_count() > 0 && self.random.random_ratio(1, 2) {
            let name = reader("counter");
            let expected = ready(self.memory.checkpoint(name.clone()));
            let expected = expected.expect("nothing to wait for").expect("it is there");
            let position = Position(self.random.random_range(0..1_000));
            let to = Checkpoint { incarnation: Incarnation(0), position };
            append.checkpoints.push(SaveCheckpoint { name, expected, to });
        }
        append
    }

    pub(super) fn event(&mut self) -> NewEvent {
        self.next_id += 1;
        let tags: Vec<_> = TAGS.into_iter().filter(|_| self.random.random_ratio(1, 3)).collect();
        let bytes = self.random.random_range(0..900_usize);
        let payload = (0..bytes).map(|_| self.random.random::<u8>()).collect::<Vec<_>>();
        NewEvent { payload: payload.into(), ..event_of(self.next_id, "SeatTaken", &tags) }
    }

    /// Scavenges both, to the end.
    pub(super) fn scavenge(&self, asked: ScavengeAsked) -> ScavengeProgress {
        ready(self.memory.scavenge().expect("it can").start_scavenge(asked))
            .expect("nothing to wait for")
            .expect("nothing can fail");
        let done = self.scavenge_files(asked).expect("a good day");
        assert_eq!(done.phase, ScavengePhase::Done, "{done:?}");
        done
    }

    pub(super) fn scavenge_files(
        &self,
        asked: ScavengeAsked,
    ) -> Result<ScavengeProgress, ScavengeError> {
        let store = self.store();
        let port = store.scavenge().expect("it can");
        ready(port.start_scavenge(asked)).expect("nothing to wait for")?;
        while store.scavenge_step()? {}
        ready(port.scavenge_progress()).expect("nothing to wait for")
    }

    /// Bytes of all segments.
    pub(super) fn segment_bytes(&self) -> u64 {
        let paths = self.disk.paths().into_iter();
        let segments = paths.filter(|path| path.extension().is_some_and(|own| own == "seg"));
        segments.map(|path| self.disk.bytes(&path).map_or(0, |bytes| bytes.len() as u64)).sum()
    }

    /// Everything that can be asked has the same answer.
    pub(super) fn compare(&mut self) {
        let head = ready(self.memory.head()).expect("nothing to wait for").expect("it is there").1;
        let until = head.map_or(1, |head| head.0 + 1);
        let moments = [
            AsOf::Now,
            AsOf::Position(Position(self.random.random_range(0..until))),
            AsOf::Time(Timestamp::from_micros(self.random.random_range(1..60_000_000))),
        ];
        for as_of in moments {
            for direction in [Direction::Forwards, Direction::Backwards] {
                for query in [everything(), Query::tags([tag(TAGS[0])])] {
                    let count_max = self.random.random_range(1..40);
                    let read = ReadAll { direction, as_of, count_max, ..ReadAll::forwards(query) };
                    self.compare_all(read);
                }
                for n in 0..STREAM_COUNT {
                    let name = stream(&format!("order-{n}"));
                    let count_max = self.random.random_range(1..20);
                    let read =
                        ReadStream { direction, as_of, count_max, ..ReadStream::forwards(name) };
                    self.compare_stream(read);
                }
            }
        }
        self.compare_states();
    }

    /// Pages end at the same events. How far a page looked behind its last event may differ: what
    /// was removed costs no look.
    fn compare_all(&self, read: ReadAll) {
        let mut mine = Some(read.clone());
        let mut other = Some(read.clone());
        while mine.is_some() || other.is_some() {
            let ours = mine.take().map(|read| (self.store().read_all_blocking(&read), read));
            let theirs = other.take().map(|read| {
                (ready(self.memory.read_all(read.clone())).expect("nothing to wait for"), read)
            });
            let mut shown = [Vec::new(), Vec::new()];
            let next = [&mut mine, &mut other];
            for ((answer, shown), next) in [ours, theirs].into_iter().zip(&mut shown).zip(next) {
                let Some((page, read)) = answer else { continue };
                let page = page.expect("a page");
                *next = page.next.map(|at| ReadAll { from: From::At(at), ..read });
                *shown = page.events;
            }
            assert_eq!(shown[0], shown[1], "{read:?}");
        }
    }

    fn compare_stream(&self, mut read: ReadStream) {
        loop {
            let ours = self.store().read_stream_blocking(&read);
            let theirs = ready(self.memory.read_stream(read.clone()));
            let theirs = theirs.expect("nothing to wait for");
            assert_eq!(ours, theirs, "{read:?}");
            match theirs.expect("a page").next {
                Some(next) => read.from = From::At(next),
                None => return,
            }
        }
    }

    fn compare_states(&self) {
        for prefix in ["", "$"] {
            let ours = ready(self.store().streams(prefix.to_owned(), None, 1_000));
            let theirs = ready(self.memory.streams(prefix.to_owned(), None, 1_000));
            assert_eq!(ours, theirs, "the streams of {prefix:?}");
        }
        for n in 0..STREAM_COUNT {
            let name = stream(&format!("order-{n}"));
            let ours = ready(self.store().stream(name.clone()));
            assert_eq!(ours, ready(self.memory.stream(name.clone())), "the state of {name}");
            for n in (1..=self.next_id).step_by(7) {
                let ours = ready(self.store().find(name.clone(), id(n)));
                let theirs = ready(self.memory.find(name.clone(), id(n)));
                assert_eq!(ours, theirs, "A4: event {n} of {name}");
            }
        }
        let name = reader("counter");
        let ours = ready(self.store().checkpoint(name.clone()));
        assert_eq!(ours, ready(self.memory.checkpoint(name)), "C2: the checkpoint");
    }

    /// What shows, to be compared with what shows later.
    pub(super) fn shows(&self) -> Vec<RecordedEvent> {
        let mut read = ReadAll { count_max: 500, ..ReadAll::forwards(everything()) };
        let mut events = Vec::new();
        loop {
            let page = self.store().read_all_blocking(&read).expect("a page");
            events.extend(page.events);
            match page.next {
                Some(next) => read.from = From::At(next),
                None => return events,
            }
        }
    }

    /// What the verifier finds, which reads every byte.
    pub(super) fn verified(&mut self) -> headwater_store::verify::Report {
        self.store = None;
        let disk: Arc<dyn headwater_env::Disk> = Arc::new(self.disk.clone());
        let report = headwater_store::verify(&disk, Path::new(DIR)).expect("the disk answers");
        let told: Vec<_> = report.damage().take(3).map(ToString::to_string).collect();
        assert!(told.is_empty(), "{told:#?}");
        report
    }

    /// Takes away what can be built again.
    pub(super) fn forget_index(&mut self) {
        self.store = None;
        for path in self.disk.paths() {
            let is_built = |name: &str| path.starts_with(Path::new(DIR).join(name));
            let is_held = path.extension().is_some_and(|own| own == "held");
            if is_built("index") || is_built("held") && is_held {
                self.disk.take_away(&path);
            }
        }
    }
}
