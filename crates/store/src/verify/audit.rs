//! Counting out again what the promises say of all commits together.
//!
//! Memory: about ten bytes for each event and forty for each stream. Names are told apart by 128
//! bits, ids within a stream by 64: enough that chance does not find a fault.

use super::decode::{self, Part, Record};
use super::index::Indexed;
use super::{DAMAGE_COUNT_MAX, Place, Report, shown};
use hashbrown::{HashMap, HashSet};
use headwater_model::{Corrupt, Position};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

pub(super) struct Audit {
    next: Position,
    recorded_at: u64,
    /// The next revision of each stream.
    streams: HashMap<u128, u64>,
    ids: HashSet<u64>,
    checkpoints: HashSet<Vec<u8>>,
    /// Where streams go on of which something is gone, and where that is.
    begins: HashMap<u128, (u64, String, Corrupt)>,
    /// The last event of each stream of which the index says otherwise.
    otherwise: HashMap<u128, (u64, Corrupt)>,
    /// Events whose ids were met before in their streams.
    twice: Vec<(u128, Corrupt)>,
    /// The first revision that stays, by stream.
    released: HashMap<u128, u64>,
    /// How many revisions are missing.
    missing_count: u64,
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
            begins: HashMap::new(),
            otherwise: HashMap::new(),
            twice: Vec::new(),
            released: HashMap::new(),
            missing_count: 0,
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
        for part in &commit.records {
            self.part(place, part, commit.recorded_at);
            if let (Part::Event(record) | Part::Last(record), Some(index)) =
                (part, index.as_deref_mut())
                && let Err(why) = index.agrees(self.next, place, record)
            {
                // The index may know nothing of what was given up, wherever its bytes still are.
                let stream = xxh3_128(record.stream.as_bytes());
                let otherwise = (record.revision, place.corrupt(record.at, why));
                self.otherwise.insert(stream, otherwise);
            }
            self.next = Position(self.next.0.saturating_add(part.count()));
            self.report.event_count += part.count();
        }
        self.controls(place, &commit);
    }

    fn part(&mut self, place: &Place, part: &Part, commit_recorded_at: u64) {
        let (at, (stored, actual), recorded_at) = match part {
            Part::Event(own) | Part::Last(own) => (own.at, own.checksums, own.recorded_at),
            Part::Gone(own) => (own.at, own.checksums, own.recorded_at),
        };
        if stored != actual {
            let position = self.next;
            let why = format!("D1: the record of position {position} has another checksum");
            self.tell(place, at, why);
        }
        if recorded_at != commit_recorded_at || recorded_at < self.recorded_at {
            let last = self.recorded_at;
            let why = format!("A6: recorded at {recorded_at} µs behind an event of {last} µs");
            self.tell(place, at, why);
        }
        self.recorded_at = self.recorded_at.max(recorded_at);
        if !matches!(part, Part::Event(_)) {
            self.report.removed_count += part.count();
        }
        match part {
            Part::Event(record) | Part::Last(record) => self.record(place, record),
            Part::Gone(gap) => self.missing_count += gap.count,
        }
    }

    fn record(&mut self, place: &Place, record: &Record) {
        let stream = xxh3_128(record.stream.as_bytes());
        let expected = self.streams.insert(stream, record.revision.saturating_add(1)).unwrap_or(0);
        if record.revision != expected {
            let (name, revision) = (&record.stream, record.revision);
            let why = format!("A3: stream {name} goes on at revision {revision}, not {expected}");
            let begins = (revision, name.clone(), place.corrupt(record.at, why));
            self.begins.insert(stream, begins);
            match revision.checked_sub(expected) {
                Some(missing) => self.missing_count = self.missing_count.saturating_sub(missing),
                None => self.missing_count = u64::MAX,
            }
        }
        if !self.ids.insert(xxh3_64_with_seed(record.id.as_bytes(), stream as u64)) {
            let why = format!("A4: event {} stands twice in stream {}", record.id, record.stream);
            self.twice.push((stream, place.corrupt(record.at, why)));
        }
    }

    /// All was looked at: what is missing, and what stands twice, must have been given up.
    pub(super) fn finish(&mut self, place: &Place) {
        let released = |stream: &u128| self.released.get(stream).copied().unwrap_or(0);
        let mut told: Vec<Corrupt> = Vec::new();
        for (stream, (begins, _, cause)) in &self.begins {
            if *begins > released(stream) {
                told.push(cause.clone());
            }
        }
        let otherwise = self.otherwise.iter();
        let unknown = otherwise.filter(|(stream, (revision, _))| *revision >= released(stream));
        told.extend(unknown.map(|(_, (_, cause))| cause.clone()));
        told.extend(
            self.twice.iter().filter(|(own, _)| released(own) == 0).map(|(_, c)| c.clone()),
        );
        told.sort_by(|one, other| (&one.file, one.at).cmp(&(&other.file, other.at)));
        if told.is_empty() && self.missing_count != 0 {
            let why = "A3: not as many revisions are missing as positions are gone".to_owned();
            self.tell(place, 0, why);
        }
        let room = DAMAGE_COUNT_MAX.saturating_sub(self.report.contradictions.len());
        self.report.contradictions.extend(told.into_iter().take(room));
    }

    /// How many events were removed.
    pub(super) fn removed_count(&self) -> u64 {
        self.report.removed_count
    }

    fn controls(&mut self, place: &Place, commit: &decode::Commit) {
        for (n, (kind, content)) in commit.controls.iter().enumerate() {
            let is_first = self.report.commit_count == 1 && n == 0;
            if (*kind == 1) != is_first {
                let why = "a context is born in its first commit, and only there".to_owned();
                self.tell(place, 0, why);
            }
            // The name stands behind two numbers.
            let mut ends = content.iter().enumerate().filter(|(_, byte)| **byte < 128);
            let (Some((one, _)), Some((two, _))) = (ends.next(), ends.next()) else { continue };
            let name = &content[two + 1..];
            match kind {
                3 => drop(self.checkpoints.insert(name.to_vec())),
                8 => {
                    let groups = content[one + 1..=two].iter().rev();
                    let before = groups.fold(0_u128, |n, byte| n << 7 | u128::from(byte & 127));
                    let before = u64::try_from(before).unwrap_or(u64::MAX);
                    let known = self.released.entry(xxh3_128(name)).or_default();
                    *known = before.max(*known);
                }
                _ => {}
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
