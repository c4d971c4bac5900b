//! Whether the index says of each event what the log says.
//!
//! Why: an index that forgets an event hides it from reads; one that names another's place misleads
//! them. Each event of the log is looked up by everything it can be found by.

use super::Place;
use super::audit::Audit;
use super::decode::Record;
use super::read_only::ReadOnly;
use crate::index::{Index, IndexError, IndexOptions, Snapshot, Term};
use hashbrown::HashMap;
use headwater_env::Disk;
use headwater_model::{Direction, EventId, Position};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

/// Memory for index pages while verifying.
const CACHE_BYTES: usize = 64 * 1_024 * 1_024;

/// The sealed part of a context's index.
pub(super) struct Indexed {
    dir: PathBuf,
    snapshot: Option<Snapshot>,
    why_not: Option<String>,
    /// Events of each type, to find what the index has too much.
    types: HashMap<String, u64>,
}

impl Indexed {
    pub(super) fn open(disk: &Arc<dyn Disk>, context: &Path, id: Option<Uuid>) -> Self {
        let dir = context.join("index");
        let disk: Arc<dyn Disk> = Arc::new(ReadOnly::new(Arc::clone(disk)));
        let identity = id.map_or(0, |id| xxh3_64(id.as_bytes()));
        let options =
            IndexOptions { disk, dir: dir.clone(), identity, cache_bytes_max: CACHE_BYTES };
        let (snapshot, why_not) = match Index::open(options) {
            Ok(index) => (Some(index.snapshot(index.end())), None),
            Err(why) => (None, Some(why.to_string())),
        };
        Self { dir, snapshot, why_not, types: HashMap::new() }
    }

    /// Looks an event up by everything it can be found by.
    pub(super) fn agrees(
        &mut self,
        position: Position,
        place: &Place,
        record: &Record,
    ) -> Result<(), String> {
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        if position >= snapshot.until() {
            return Ok(());
        }
        *self.types.entry_ref(record.event_type.as_str()).or_insert(0) += 1;
        match disagreement(snapshot, position, place, record) {
            Ok(None) => Ok(()),
            Ok(Some(what)) => Err(format!("the index disagrees at position {position} on {what}")),
            Err(cause) => Err(cause.to_string()),
        }
    }

    /// Looks for what the index has too much; says how many events it knows.
    pub(super) fn finish(self, audit: &mut Audit) -> u64 {
        let place = Place { file: self.dir, segment: 0, at: 0, is_moved: false };
        let removed = audit.removed_count();
        if let Some(why) = self.why_not {
            audit.tell(&place, 0, why);
        }
        let Some(snapshot) = self.snapshot else { return 0 };
        if snapshot.until() > audit.next() {
            let (knows, are) = (snapshot.until(), audit.next());
            audit.tell(&place, 0, format!("the index knows {knows} events, there are {are}"));
        }
        for (name, count) in self.types {
            match snapshot.postings(Term::Type(&name)) {
                // What was removed may still be in runs that were not built again.
                Ok(postings) if (count..=count + removed).contains(&postings.count()) => {}
                Ok(postings) => {
                    let known = postings.count();
                    let why =
                        format!("the index has {known} events of type {name}, the log {count}");
                    audit.tell(&place, 0, why);
                }
                Err(cause) => audit.tell(&place, 0, cause.to_string()),
            }
        }
        snapshot.until().0
    }
}

/// What the index says otherwise of an event, if anything.
fn disagreement(
    snapshot: &Snapshot,
    position: Position,
    place: &Place,
    record: &Record,
) -> Result<Option<String>, IndexError> {
    let stands = (place.segment, place.at + record.at as u64);
    let located = snapshot.locate(position)?.map(|at| (at.segment, u64::from(at.at)));
    let is_there = match place.is_moved {
        false => located == Some(stands),
        true => located.is_some_and(|(segment, _)| segment == place.segment),
    };
    if !is_there {
        return Ok(Some(format!("its place: {located:?}, it is at {stands:?}")));
    }
    let until_here = snapshot.as_of(position.next());
    let check = until_here.check(&record.stream, &[EventId(record.id)], Position::ZERO)?;
    let head = check.head.map(|head| (head.last.0, head.position));
    if head != Some((record.revision, position)) {
        return Ok(Some(format!("stream {}, which it has at {head:?}", record.stream)));
    }
    if !check.candidates.contains(&(0, position)) {
        return Ok(Some(format!("event {}, which it does not know", record.id)));
    }
    let category = record.stream.split('-').next().unwrap_or_default();
    let mut terms = vec![Term::Type(&record.event_type), Term::Category(category)];
    terms.extend(record.tags.iter().map(|tag| Term::Tag(tag)));
    for term in terms {
        let mut cursor = snapshot.postings(term)?.cursor(Direction::Forwards);
        cursor.seek(position)?;
        if cursor.next()? != Some(position) {
            return Ok(Some(term.to_string()));
        }
    }
    Ok(None)
}
