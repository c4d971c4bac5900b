//! What a writer believes about a stream, in the many forms of this protocol.
//!
//! Why: five messages say the same with five sets of fields; here they meet.

use headwater_model::{ExpectedRevision, Revision};
use headwater_wire::kurrent::event_store::client as shared;
use headwater_wire::kurrent::event_store::client::streams as pb;

/// An expectation that can be shown in every form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Expected(pub(super) ExpectedRevision);

impl From<ExpectedRevision> for Expected {
    fn from(expected: ExpectedRevision) -> Self {
        Self(expected)
    }
}

/// From a message whose variants are called as in version 1.
macro_rules! from_options {
    ($options:path, $at:ident) => {
        impl From<Option<$options>> for Expected {
            fn from(option: Option<$options>) -> Self {
                use $options as Asked;
                Self(match option {
                    Some(Asked::$at(revision)) => ExpectedRevision::At(Revision(revision)),
                    Some(Asked::NoStream(_)) => ExpectedRevision::NoStream,
                    Some(Asked::StreamExists(_)) => ExpectedRevision::Exists,
                    Some(Asked::Any(_)) | None => ExpectedRevision::Any,
                })
            }
        }
    };
}

from_options!(pb::append_req::options::ExpectedStreamRevision, Revision);
from_options!(pb::delete_req::options::ExpectedStreamRevision, Revision);
from_options!(pb::tombstone_req::options::ExpectedStreamRevision, Revision);
from_options!(pb::batch_append_req::options::ExpectedStreamPosition, StreamPosition);

impl Expected {
    /// As one number: a revision, or −1 no stream, −2 anything, −4 the stream is there.
    pub(super) fn as_number(self) -> i64 {
        match self.0 {
            ExpectedRevision::At(revision) => i64::try_from(revision.0).unwrap_or(i64::MAX),
            ExpectedRevision::NoStream => -1,
            ExpectedRevision::Any => -2,
            ExpectedRevision::Exists => -4,
        }
    }

    /// From that number; `None`: it means nothing.
    pub(super) fn of_number(number: i64) -> Option<Self> {
        Some(Self(match number {
            -1 => ExpectedRevision::NoStream,
            -2 => ExpectedRevision::Any,
            -4 => ExpectedRevision::Exists,
            number => ExpectedRevision::At(Revision(u64::try_from(number).ok()?)),
        }))
    }

    /// As the answer of a batch repeats it.
    pub(super) const fn echoed(self) -> pb::batch_append_resp::ExpectedStreamPosition {
        use pb::batch_append_resp::ExpectedStreamPosition as Said;
        match self.0 {
            ExpectedRevision::At(revision) => Said::StreamPosition(revision.0),
            ExpectedRevision::NoStream => Said::NoStream(()),
            ExpectedRevision::Any => Said::Any(()),
            ExpectedRevision::Exists => Said::StreamExists(()),
        }
    }

    /// As the detail of an error: this was expected, that is.
    pub(super) fn conflict_detail(self, actual: Option<u64>) -> shared::WrongExpectedVersion {
        use shared::wrong_expected_version::{
            CurrentStreamRevisionOption as Current, ExpectedStreamPositionOption as Said,
        };
        let current = actual.map_or(Current::CurrentNoStream(()), Current::CurrentStreamRevision);
        let expected = match self.0 {
            ExpectedRevision::At(revision) => Said::ExpectedStreamPosition(revision.0),
            ExpectedRevision::NoStream => Said::ExpectedNoStream(()),
            ExpectedRevision::Any => Said::ExpectedAny(()),
            ExpectedRevision::Exists => Said::ExpectedStreamExists(()),
        };
        shared::WrongExpectedVersion {
            current_stream_revision_option: Some(current),
            expected_stream_position_option: Some(expected),
        }
    }

    /// As the body of an answer, for the clients of 20.6 and for all later ones. Those of 20.6 know
    /// no "expected no stream": they are told "anything".
    pub(super) fn conflict_body(
        self,
        actual: Option<u64>,
    ) -> pb::append_resp::WrongExpectedVersion {
        use option::CurrentRevisionOption as Current;
        use option::CurrentRevisionOption2060 as OldCurrent;
        use option::ExpectedRevisionOption as Said;
        use option::ExpectedRevisionOption2060 as OldSaid;
        use pb::append_resp::wrong_expected_version as option;
        let empty = || shared::Empty {};
        let (old, said) = match self.0 {
            ExpectedRevision::At(Revision(at)) => {
                (OldSaid::ExpectedRevision2060(at), Said::ExpectedRevision(at))
            }
            ExpectedRevision::Exists => {
                (OldSaid::StreamExists2060(empty()), Said::ExpectedStreamExists(empty()))
            }
            ExpectedRevision::NoStream => {
                (OldSaid::Any2060(empty()), Said::ExpectedNoStream(empty()))
            }
            ExpectedRevision::Any => (OldSaid::Any2060(empty()), Said::ExpectedAny(empty())),
        };
        let (old_current, current) = match actual {
            Some(at) => (OldCurrent::CurrentRevision2060(at), Current::CurrentRevision(at)),
            None => (OldCurrent::NoStream2060(empty()), Current::CurrentNoStream(empty())),
        };
        pb::append_resp::WrongExpectedVersion {
            current_revision_option_20_6_0: Some(old_current),
            expected_revision_option_20_6_0: Some(old),
            current_revision_option: Some(current),
            expected_revision_option: Some(said),
        }
    }
}
