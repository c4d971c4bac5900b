//! Starts: that a reader with [`Start::Now`](headwater_model::Start) began before there was anything.
//!
//! Why: a checkpoint names a position, and an empty context has none. Without a record, a reader that
//! restarts before its first input would take a later moment for "now" and skip what came between.

use super::session::Stop;
use crate::decide::asking::ask;
use bytestring::ByteString;
use headwater_model::{
    Append, AppendError, CheckpointName, EventStore, EventType, ExpectedRevision, NewEvent,
    StreamName,
};

/// The type of the event that tells of such a start.
const READER_STARTED: &str = "$ReaderStarted";

fn stream(reader: &CheckpointName) -> Result<StreamName, Stop> {
    Ok(StreamName::system(format!("$started-{reader}"))?)
}

/// Records the start.
pub(super) async fn is_before_the_first_event(
    own: &dyn EventStore,
    reader: &CheckpointName,
) -> Result<(), Stop> {
    let stream = stream(reader)?;
    let id = crate::Cause::keyed(stream.as_str()).id();
    let started =
        NewEvent::json(id, EventType::new(ByteString::from_static(READER_STARTED))?, "{}");
    let append = Append::to(stream, ExpectedRevision::NoStream, vec![started]);
    match ask(own, append).await.answer {
        // Another instance has recorded it: the same start.
        Ok(_) | Err(AppendError::WrongRevision(_)) => Ok(()),
        Err(error) => Err(Stop::by(error.retry(), error)),
    }
}

/// Whether the start was recorded.
pub(super) async fn was_before_the_first_event(
    own: &dyn EventStore,
    reader: &CheckpointName,
) -> Result<bool, Stop> {
    Ok(own.stream(stream(reader)?).await?.last.is_some())
}
