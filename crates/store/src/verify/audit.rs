//! Counting out again what the promises say of all commits together.
//!
//! Memory: about ten bytes for each event and forty for each stream. Names are told apart by 128
//! bits, ids within a stream by 64: enough that chance does not find a fault.

use super::decode::{self, Record};
use super::index::Indexed;
use super::{DAMAGE_COUNT_MAX, Place, Report, shown};
use hashbrown::{HashMap, HashSet};
use headwater_model::Position;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

pub(super) struct Audit {
    next: Position,
    recorded_at: u64,
    /// The next revision of each stream.
    streams: HashMap<u128, u64>,
    ids: HashSet<u64>,
    checkpoints: HashSet<Vec<u8>>,
    report: Report,
}

impl Audit {
    pub(super) fn new() -> Self {
        Self {
            next: Position::ZERO,
            recorded_at: 0,
            streams: HashMap::new(),
            ids: HashSet::new(),
            checkpoints: HashSet::new(),
            report: Report::default(),
        }
    }

    /// Looks at the next commit.
    pub(super) fn commit(&mut self, place: &Place, body: &[u8], mut index: Option<&mut Indexed>) {
        self.report.commit_count += 1;
        let commit = match decode::commit(body) {
            Ok(commit) => commit,
            Err((at, why)) => return self.tell(place, at, why),
        };
        if commit.first != self.next.0 {
            let why = format!(
                "A3: the commit begins at position {}, the last one was {}",
                commit.first,
                shown(self.next)
            );
            self.tell(place, 0, why);
            self.next = Position(commit.first);
        }
        for record in &commit.records {
            self.record(place, record, commit.recorded_at);
            if let Some(index) = index.as_deref_mut()
                && let Err(why) = index.agrees(self.next, place, record)
            {
                self.tell(place, record.at, why);
            }
            self.next = Position(self.next.0.saturating_add(1));
        }
        self.report.event_count += commit.records.len() as u64;
        self.controls(place, &commit);
    }

    fn record(&mut self, place: &Place, record: &Record, commit_recorded_at: u64) {
        let (stored, actual) = record.checksums;
        if stored != actual {
            let position = self.next;
            let why = format!("D1: the record of position {position} has another checksum");
            self.tell(place, record.at, why);
        }
        if record.recorded_at != commit_recorded_at || record.recorded_at < self.recorded_at {
            let (last, this) = (self.recorded_at, record.recorded_at);
            let why = format!("A6: recorded at {this} µs behind an event of {last} µs");
            self.tell(place, record.at, why);
        }
        self.recorded_at = self.recorded_at.max(record.recorded_at);

        let stream = xxh3_128(record.stream.as_bytes());
        let expected = self.streams.insert(stream, record.revision.saturating_add(1)).unwrap_or(0);
        if record.revision != expected {
            let (name, revision) = (&record.stream, record.revision);
            let why = format!("A3: stream {name} goes on at revision {revision}, not {expected}");
            self.tell(place, record.at, why);
        }
        if !self.ids.insert(xxh3_64_with_seed(record.id.as_bytes(), stream as u64)) {
            let why = format!("A4: event {} stands twice in stream {}", record.id, record.stream);
            self.tell(place, record.at, why);
        }
    }

    fn controls(&mut self, place: &Place, commit: &decode::Commit) {
        for (n, (kind, content)) in commit.controls.iter().enumerate() {
            let is_first = self.report.commit_count == 1 && n == 0;
            if (*kind == 1) != is_first {
                let why = "a context is born in its first commit, and only there".to_owned();
                self.tell(place, 0, why);
            }
            // A checkpoint's name stands behind two numbers.
            let behind = content.iter().enumerate().filter(|(_, byte)| **byte < 128).nth(1);
            if let (3, Some((end, _))) = (kind, behind) {
                self.checkpoints.insert(content[end + 1..].to_vec());
            }
        }
    }

    pub(super) fn tell(&mut self, place: &Place, within: usize, why: String) {
        if self.report.contradictions.len() < DAMAGE_COUNT_MAX {
            self.report.contradictions.push(place.corrupt(within, why));
        }
    }

    /// The position behind the last event.
    pub(super) fn next(&self) -> Position {
        self.next
    }

    pub(super) fn report(self) -> Report {
        Report {
            stream_count: self.streams.len() as u64,
            checkpoint_count: self.checkpoints.len() as u64,
            ..self.report
        }
    }
}
