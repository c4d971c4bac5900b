//! Sealing: a closed part of the tail becomes a run.
//!
//! Why: memory holds what is open; once a segment is full, what is known of it is sorted and
//! written, and the memory is free for the next.

use super::error::IndexError;
use super::key::{Key, Kind};
use super::run::{Footer, Id, LongList, Plan, RunBuilder, SHORT_COUNT_MAX, Stamp, write_places};
use super::tail::{Part, Posting, StreamSlot, TermSlot};
use headwater_env::File;
use headwater_model::Timestamp;
use std::sync::Arc;

/// Writes what `part` knows, durably. The part must be closed: nothing may be added meanwhile.
pub(crate) fn seal(part: &Part, file: Arc<dyn File>, stamp: Stamp) -> Result<Footer, IndexError> {
    let closed = part.closed();
    let terms = closed.terms();
    let streams = closed.streams();
    let plan = Plan { stamp, first: part.first(), level: 0, keys_max: terms.len() + streams.len() };
    let mut builder = RunBuilder::new(file, plan);
    builder.segment(|writer, first| {
        let segment = (part.segment(), first);
        write_places(writer, segment, closed.places(), closed.times())
    })?;
    for term in terms {
        add_term(&mut builder, term)?;
    }
    for stream in streams {
        add_stream(&mut builder, stream)?;
    }
    let time = |change: Option<&(u32, Timestamp)>| change.map_or(Timestamp::ZERO, |own| own.1);
    let times = closed.times();
    Ok(builder.finish(time(times.first()), time(times.last()))?)
}

fn add_term(builder: &mut RunBuilder, slot: &TermSlot) -> Result<(), IndexError> {
    let key = Key::of_bytes(slot.kind(), slot.name());
    let ordinals = slot.postings();
    if ordinals.len() <= SHORT_COUNT_MAX {
        return Ok(builder.short(key, None, ordinals, &[])?);
    }
    let list = LongList { revision: None, count: ordinals.len(), last: last(ordinals) };
    let no_ids = None::<std::iter::Empty<Result<Id, IndexError>>>;
    builder.long(key, list, ordinals.iter().copied().map(Ok), no_ids)
}

fn add_stream(builder: &mut RunBuilder, slot: &StreamSlot) -> Result<(), IndexError> {
    let key = Key::of_bytes(Kind::Stream, slot.name());
    let revision = Some(slot.revision());
    let ordinals: Vec<u32> = slot.postings().iter().map(|own| own.ordinal).collect();
    if ordinals.len() <= SHORT_COUNT_MAX {
        let fingerprints: Vec<u32> = slot.postings().iter().map(|own| own.fingerprint).collect();
        return Ok(builder.short(key, revision, &ordinals, &fingerprints)?);
    }
    let id = |own: &Posting| (own.fingerprint, own.ordinal);
    let mut ids: Vec<Id> = slot.postings().iter().map(id).collect();
    ids.sort_unstable();
    let list = LongList { revision, count: ordinals.len(), last: last(&ordinals) };
    builder.long(key, list, ordinals.into_iter().map(Ok), Some(ids.into_iter().map(Ok)))
}

fn last(ordinals: &[u32]) -> u32 {
    *ordinals.last().expect("a slot is made for its first event")
}
