//! Refusals, in the words that the clients of this protocol look for.
//!
//! Why: clients tell errors apart by the trailer `exception`, by a detail inside a message, and one
//! of them by the English text. All three are written here, from one value.
//!
//! Invariant: A5, a refused append says what was expected and what is.

use super::expected::Expected;
use headwater_model::append::WrongRevision;
use headwater_model::{
    AppendError, Denied, GroupError, InvalidName, NoContext, ReadError, Unavailable,
};
use headwater_wire::kurrent::event_store::client as shared;
use headwater_wire::kurrent::google::rpc;
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};
use uuid::Uuid;

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// A request that cannot be meant.
    #[error("{why}")]
    Invalid { why: String },
    /// An event without something that every event of this protocol has.
    #[error("Required metadata property missing: '{property}'")]
    MissingProperty { property: &'static str },
    /// The stream was tombstoned.
    #[error("Event stream '{stream}' is deleted.")]
    Deleted { stream: String },
    /// The stream is not where the writer believed it to be.
    #[error(
        "Append failed due to WrongExpectedVersion. Stream: {stream}, Expected version: {}, Actual version: {}",
        expected.as_number(), actual.map_or(-1, i128::from)
    )]
    WrongVersion { stream: String, expected: Expected, actual: Option<u64> },
    /// The append is too large.
    #[error("Maximum Append Size of {size_max} Exceeded.")]
    AppendTooLarge { size: u64, size_max: u64 },
    /// One of its events is.
    #[error("Event {id} has {size} bytes, the maximum append event size is {size_max}.")]
    EventTooLarge { stream: String, id: Uuid, size: u64, size_max: u64 },
    /// There is no such index.
    #[error("Index '{index}' does not exist.")]
    NoIndex { index: String },
    /// There is no such context.
    #[error(transparent)]
    NoContext(NoContext),
    /// The checkpoint belongs to a history that a restore has cut off.
    #[error("{why}")]
    Diverged { why: String },
    /// What was asked may or may not have been done.
    #[error("Operation timed out: {why}")]
    TimedOut { why: String },
    /// Not now.
    #[error("Server Is Not Ready: {why}")]
    NotReady { why: String },
    /// The store's bytes are not what was written.
    #[error("{why}")]
    Damaged { why: String },
    /// Who asked may not.
    #[error("Access denied: {0}")]
    Denied(Denied),
}

impl Refusal {
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Self::Invalid { why: why.into() }
    }

    /// The code of gRPC.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Invalid { .. }
            | Self::MissingProperty { .. }
            | Self::AppendTooLarge { .. }
            | Self::EventTooLarge { .. } => Code::InvalidArgument,
            Self::Deleted { .. } | Self::WrongVersion { .. } | Self::Diverged { .. } => {
                Code::FailedPrecondition
            }
            Self::NoIndex { .. } | Self::NoContext(_) => Code::NotFound,
            Self::TimedOut { .. } => Code::Aborted,
            Self::NotReady { .. } => Code::Unavailable,
            Self::Damaged { .. } => Code::DataLoss,
            Self::Denied(Denied::Forbidden { .. }) => Code::PermissionDenied,
            Self::Denied(Denied::Unauthenticated { .. }) => Code::Unauthenticated,
        }
    }

    /// What the trailers say: the kind first.
    fn trailers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::MissingProperty { property } => vec![
                ("exception", "missing-required-metadata-property".to_owned()),
                ("required-metadata-properties", (*property).to_owned()),
            ],
            Self::Deleted { stream } => {
                vec![("exception", "stream-deleted".to_owned()), ("stream-name", stream.clone())]
            }
            Self::WrongVersion { stream, expected, actual } => {
                let mut trailers = vec![
                    ("exception", "wrong-expected-version".to_owned()),
                    ("stream-name", stream.clone()),
                    ("expected-version", expected.as_number().to_string()),
                ];
                trailers.extend(actual.map(|actual| ("actual-version", actual.to_string())));
                trailers
            }
            Self::AppendTooLarge { size_max, .. } => vec![
                ("exception", "maximum-append-size-exceeded".to_owned()),
                ("maximum-append-size", size_max.to_string()),
            ],
            Self::EventTooLarge { id, size, size_max, .. } => vec![
                ("exception", "maximum-append-event-size-exceeded".to_owned()),
                ("event-id", id.to_string()),
                ("proposed-append-event-size", size.to_string()),
                ("maximum-append-event-size", size_max.to_string()),
            ],
            Self::NoIndex { index } => {
                vec![("exception", "index-not-found".to_owned()), ("index-name", index.clone())]
            }
            Self::Denied(Denied::Forbidden { .. }) => {
                vec![("exception", "access-denied".to_owned())]
            }
            Self::Denied(Denied::Unauthenticated { .. }) => {
                vec![("exception", "not-authenticated".to_owned())]
            }
            Self::NoContext(_) => vec![("exception", "context-not-found".to_owned())],
            Self::Invalid { .. }
            | Self::Diverged { .. }
            | Self::TimedOut { .. }
            | Self::NotReady { .. }
            | Self::Damaged { .. } => Vec::new(),
        }
    }

    /// The same inside a message, for appends that share a call.
    pub(super) fn in_message(&self) -> rpc::Status {
        let details = match self {
            Self::WrongVersion { expected, actual, .. } => {
                packed("WrongExpectedVersion", &expected.conflict_detail(*actual))
            }
            Self::Deleted { stream } => {
                let stream_name = stream.clone().into_bytes().into();
                let stream_identifier = Some(shared::StreamIdentifier { stream_name });
                packed("StreamDeleted", &shared::StreamDeleted { stream_identifier })
            }
            Self::AppendTooLarge { size_max, .. } => {
                let max_append_size = u32::try_from(*size_max).unwrap_or(u32::MAX);
                packed(
                    "MaximumAppendSizeExceeded",
                    &shared::MaximumAppendSizeExceeded { max_append_size },
                )
            }
            Self::TimedOut { .. } => packed("Timeout", &shared::Timeout {}),
            Self::Denied(_) => packed("AccessDenied", &shared::AccessDenied {}),
            Self::NotReady { .. } | Self::Damaged { .. } => packed("Unknown", &shared::Unknown {}),
            Self::Invalid { .. }
            | Self::MissingProperty { .. }
            | Self::EventTooLarge { .. }
            | Self::NoIndex { .. }
            | Self::NoContext(_)
            | Self::Diverged { .. } => {
                packed("BadRequest", &shared::BadRequest { message: self.to_string() })
            }
        };
        rpc::Status { code: self.code() as i32, message: self.to_string(), details: Some(details) }
    }
}

/// A detail under its name.
fn packed(name: &str, detail: &impl Message) -> prost_types::Any {
    let type_url = format!("type.googleapis.com/event_store.client.{name}");
    prost_types::Any { type_url, value: detail.encode_to_vec() }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        with_trailers(refusal.code(), refusal.to_string(), refusal.trailers())
    }
}

/// An error, with what its trailers say.
pub(super) fn with_trailers(
    code: Code,
    text: String,
    trailers: Vec<(&'static str, String)>,
) -> Status {
    let mut metadata = MetadataMap::new();
    for (key, value) in trailers {
        metadata.insert(key, ascii(&value));
    }
    Status::with_metadata(code, text, metadata)
}

/// Trailers are ASCII; what is not is written as a URL writes it.
fn ascii(value: &str) -> MetadataValue<tonic::metadata::Ascii> {
    let plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    plain.then(|| value.parse().ok()).flatten().unwrap_or_else(|| {
        let escaped: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        escaped.parse().expect("a URL's letters are ASCII")
    })
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Corrupt(corrupt) => Self::Damaged { why: corrupt.to_string() },
            ReadError::Unavailable(cause) => cause.into(),
            ReadError::Denied(cause) => Self::Denied(cause),
            ReadError::NoContext(cause) => Self::NoContext(cause),
            diverged @ ReadError::Diverged { .. } => Self::Diverged { why: diverged.to_string() },
            other => Self::invalid(other.to_string()),
        }
    }
}

impl From<GroupError> for Refusal {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Unknown(lost) => Self::TimedOut { why: lost.to_string() },
            GroupError::Unavailable(cause) => cause.into(),
            GroupError::Corrupt(corrupt) => Self::Damaged { why: corrupt.to_string() },
            GroupError::Denied(cause) => Self::Denied(cause),
            GroupError::NoContext(cause) => Self::NoContext(cause),
            diverged @ GroupError::Diverged { .. } => Self::Diverged { why: diverged.to_string() },
            other => Self::invalid(other.to_string()),
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(cause: Unavailable) -> Self {
        Self::NotReady { why: cause.to_string() }
    }
}

impl From<InvalidName> for Refusal {
    fn from(error: InvalidName) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::WrongRevision(WrongRevision { stream, expected, actual }) => {
                Self::WrongVersion {
                    stream: stream.to_string(),
                    expected: expected.into(),
                    actual: actual.map(|revision| revision.0),
                }
            }
            AppendError::Tombstoned { stream } => Self::Deleted { stream: stream.to_string() },
            AppendError::TooLarge { size, size_max, .. } => Self::AppendTooLarge { size, size_max },
            AppendError::Unknown(lost) => Self::TimedOut { why: lost.to_string() },
            AppendError::Unavailable(cause) => cause.into(),
            AppendError::Denied(cause) => Self::Denied(cause),
            AppendError::NoContext(cause) => Self::NoContext(cause),
            AppendError::Corrupt(corrupt) => Self::Damaged { why: corrupt.to_string() },
            other => Self::invalid(other.to_string()),
        }
    }
}
