//! Expectations: what a writer believes about a stream, against what is.

use super::View;
use super::overlay::{Loaded, Overlay};
use headwater_model::append::WrongRevision;
use headwater_model::{AppendError, ExpectedRevision, StreamLife, StreamName};

pub(super) fn check<V: View>(
    overlay: &Overlay<'_, '_, V>,
    name: &StreamName,
    stream: Loaded,
    expected: ExpectedRevision,
) -> Result<(), AppendError> {
    let last = overlay.last(stream);
    let life = overlay.mark(name).life(last);
    if life == StreamLife::Tombstoned {
        return Err(AppendError::Tombstoned { stream: name.clone() });
    }
    let actual = last.filter(|_| life == StreamLife::Alive);
    let holds = match expected {
        ExpectedRevision::Any => true,
        ExpectedRevision::NoStream => actual.is_none(),
        ExpectedRevision::Exists => actual.is_some(),
        // Also of a deleted stream: who knows its last event has seen the deletion coming.
        ExpectedRevision::At(revision) => last == Some(revision),
    };
    if holds {
        return Ok(());
    }
    Err(AppendError::WrongRevision(WrongRevision { stream: name.clone(), expected, actual }))
}
