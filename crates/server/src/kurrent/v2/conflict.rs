//! Refusals of version 2: the code, a sentence, and one detail in `grpc-status-details-bin`.

use super::super::expected::Expected;
use super::super::refusal::Refusal;
use headwater_model::AppendError;
use headwater_model::append::WrongRevision;
use headwater_model::limits::{APPEND_BYTES_MAX, APPEND_EVENT_COUNT_MAX};
use headwater_wire::kurrent::google::rpc;
use headwater_wire::kurrent::kurrentdb::protocol::v2::streams::errors as pb;
use prost::Message;
use tonic::{Code, Status};

/// What a check of a stream found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Violation {
    /// Which of the checks.
    pub(super) check: usize,
    pub(super) stream: String,
    pub(super) expected: i64,
    pub(super) actual: i64,
}

/// Why an append of version 2 was not made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Conflict {
    /// The store's refusal.
    Append(AppendError),
    /// A stream stands twice in a session.
    Twice { stream: String },
    /// More than one append holds.
    TooLarge { bytes: usize, count: usize },
    /// These checks do not hold.
    Violated(Vec<Violation>),
}

impl From<Conflict> for Status {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::Append(error) => of_append(error),
            Conflict::Twice { stream } => {
                let why = format!(
                    "Stream '{stream}' already has an append in this session. Appending to the \
                     same stream more than once is not supported."
                );
                let detail = pb::StreamAlreadyInAppendSessionErrorDetails { stream };
                status(Code::Aborted, why, "StreamAlreadyInAppendSession", &detail)
            }
            Conflict::TooLarge { bytes, count } => {
                let why = format!(
                    "The total size of the append transaction exceeds the maximum: {bytes} bytes \
                     of {APPEND_BYTES_MAX}, {count} records of {APPEND_EVENT_COUNT_MAX}."
                );
                too_large(why, bytes as u64, APPEND_BYTES_MAX as u64)
            }
            Conflict::Violated(violations) => violated(violations),
        }
    }
}

fn of_append(error: AppendError) -> Status {
    match error {
        AppendError::WrongRevision(wrong) => conflict(wrong),
        AppendError::Tombstoned { stream } => {
            let why = format!("Stream '{stream}' has been tombstoned.");
            let detail = pb::StreamTombstonedErrorDetails { stream: stream.to_string() };
            status(Code::FailedPrecondition, why, "StreamTombstoned", &detail)
        }
        AppendError::TooLarge { what, size, size_max } => {
            let why = format!(
                "The size of the append transaction exceeds the maximum: {what}: {size} of {size_max}."
            );
            too_large(why, size, size_max)
        }
        other => Refusal::from(other).into(),
    }
}

/// As an event that is too large is refused by version 1, here with its stream.
pub(super) fn of_refusal(refusal: Refusal) -> Status {
    let Refusal::EventTooLarge { stream, id, size, size_max } = refusal else {
        return refusal.into();
    };
    let why = format!(
        "The size of record {id} of stream '{stream}' exceeds the maximum: {size} of {size_max} bytes."
    );
    let detail = pb::AppendRecordSizeExceededErrorDetails {
        stream,
        record_id: id.to_string(),
        size: clamped(size),
        max_size: clamped(size_max),
    };
    status(Code::InvalidArgument, why, "AppendRecordSizeExceeded", &detail)
}

fn conflict(WrongRevision { stream, expected, actual }: WrongRevision) -> Status {
    let expected_revision = Expected(expected).as_number();
    let actual_revision = actual.map_or(-1, |revision| revision.0.cast_signed());
    let why = format!(
        "Append failed due to a revision conflict on stream '{stream}'. Expected revision: \
         {expected_revision}. Actual revision: {actual_revision}."
    );
    let stream = stream.to_string();
    let detail =
        pb::StreamRevisionConflictErrorDetails { stream, expected_revision, actual_revision };
    status(Code::FailedPrecondition, why, "StreamRevisionConflict", &detail)
}

fn violated(violations: Vec<Violation>) -> Status {
    use pb::consistency_violation::{StreamStateViolation, Type};
    let said = violations.iter().map(|violation| {
        let Violation { check, stream, expected, actual } = violation;
        format!("check {check}: stream '{stream}' is at {actual}, expected {expected}")
    });
    let said = said.collect::<Vec<_>>().join("; ");
    let why = format!("Append failed due to a consistency violation. {said}.");
    let violations = violations.into_iter().map(|violation| pb::ConsistencyViolation {
        check_index: i32::try_from(violation.check).unwrap_or(i32::MAX),
        r#type: Some(Type::StreamState(StreamStateViolation {
            stream: violation.stream,
            expected_state: violation.expected,
            actual_state: violation.actual,
        })),
    });
    let detail = pb::AppendConsistencyViolationErrorDetails { violations: violations.collect() };
    status(Code::FailedPrecondition, why, "AppendConsistencyViolation", &detail)
}

fn too_large(why: String, size: u64, size_max: u64) -> Status {
    let detail = pb::AppendTransactionSizeExceededErrorDetails {
        size: clamped(size),
        max_size: clamped(size_max),
    };
    status(Code::Aborted, why, "AppendTransactionSizeExceeded", &detail)
}

fn clamped(size: u64) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

fn status(code: Code, message: String, name: &str, detail: &impl Message) -> Status {
    let package = "kurrentdb.protocol.v2.streams.errors";
    let type_url = format!("type.googleapis.com/{package}.{name}ErrorDetails");
    let details = Some(prost_types::Any { type_url, value: detail.encode_to_vec() });
    let rich = rpc::Status { code: code as i32, message: message.clone(), details };
    Status::with_details(code, message, rich.encode_to_vec().into())
}
