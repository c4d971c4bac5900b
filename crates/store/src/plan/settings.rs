//! Settings streams that are appended to: what their events say takes effect in the plan.
//!
//! Why: a change is an event of `$$name`; whoever brings that event himself (with an id, an
//! expectation and a document of his own) must have the same effect as a change.
//!
//! Invariant: the mark that the plan leaves is the one that applying its commit leaves.

use super::View;
use super::overlay::Overlay;
use headwater_model::{AppendError, NewEvent, StreamChange, StreamLife, StreamName, StreamWrite};

/// Loads the stream that a settings stream is about, and refuses to end one that ended for ever.
pub(super) fn check<V: View>(
    overlay: &mut Overlay<'_, '_, V>,
    write: &StreamWrite,
) -> Result<(), AppendError> {
    let Some(subject) = write.stream.settings_of() else { return Ok(()) };
    let last = overlay.load(&subject).map(|loaded| overlay.last(loaded))?;
    let tombstoned = overlay.mark(&subject).life(last) == StreamLife::Tombstoned;
    let mut changes = write.events.iter().filter_map(StreamChange::asked_by);
    if tombstoned && changes.any(StreamChange::is_of_life) {
        return Err(AppendError::Tombstoned { stream: subject });
    }
    Ok(())
}

/// An event was written: if it is of a settings stream, its subject is as it says from here on.
pub(super) fn note<V: View>(
    overlay: &mut Overlay<'_, '_, V>,
    stream: &StreamName,
    event: &NewEvent,
) {
    let Some(subject) = stream.settings_of() else { return };
    // Without a loaded subject the write was not checked, which only a planted bug does.
    let (Some(change), Ok(loaded)) = (StreamChange::asked_by(event), overlay.load(&subject)) else {
        return;
    };
    let mark = overlay.mark(&subject).changed(change, overlay.last(loaded));
    overlay.marked(&subject, mark);
}
