//! Why a request was not even asked of the store.
//!
//! Why: what is wrong with a request as HTTP knows it (its address, headers, body) has codes of its
//! own, beginning with `http.`; what the store says keeps the store's.

use headwater_model::{EventId, ExpectedRevision, InvalidName, Retry, Revision, StreamName};
use http::StatusCode;

/// What is wrong with a request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// No page has this address.
    #[error("nothing is at {path}; / says what is where")]
    Page {
        /// The path as given.
        path: String,
    },
    /// The page takes other methods.
    #[error("this page does not take {method}; the header Allow says what it takes")]
    Method {
        /// The method as given.
        method: String,
    },
    /// Nobody wrote to the stream.
    #[error("stream {stream} has no events and no settings")]
    NoStream {
        /// Its name.
        stream: StreamName,
    },
    /// There is no such event, or it is hidden.
    #[error("there is no such event: {what}")]
    NoEvent {
        /// Which.
        what: Sought,
    },
    /// The variable part of the path is no name, number or id.
    #[error("{{{name}}} of the path is not possible: {why}")]
    Path {
        /// Which part.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The address is longer than any page's.
    #[error("the address has {bytes} bytes, at most {bytes_max} are read")]
    AddressTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// What stands behind the `?`.
    #[error("the query's `{name}` is not possible: {why}")]
    Query {
        /// Which parameter.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A header.
    #[error("the header {name} is not possible: {why}")]
    Header {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing is said about the stream that is written to.
    #[error(
        "say what you believe about the stream: If-Match: \"5\" (its last revision), If-Match: * \
         (it has events), If-None-Match: * (it has none), or ?expected=any (whatever is there)"
    )]
    NoExpectation,
    /// What is said about the stream cannot be.
    #[error("a stream cannot be both: {one}, and {other}")]
    Contradiction {
        /// One thing.
        one: ExpectedRevision,
        /// And another.
        other: ExpectedRevision,
    },
    /// A tail that does not say where it begins.
    #[error("say where the tail begins: ?from=start, ?from=end, ?from=5, or Last-Event-ID")]
    NoStart,
    /// The body is of a kind that is not read here.
    #[error("a body of {given} is not read here; send {accepted}")]
    MediaType {
        /// What the request says.
        given: String,
        /// What is read.
        accepted: &'static str,
    },
    /// None of what the client accepts is written here.
    #[error("none of {given} is written here; accept {offered}")]
    NotAcceptable {
        /// What the request says.
        given: String,
        /// What is written.
        offered: String,
    },
    /// The body has more bytes than are read.
    #[error("the body has more than {bytes_max} bytes")]
    BodyTooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The body broke off.
    #[error("the body broke off: {why}")]
    BodyBroken {
        /// How.
        why: String,
    },
    /// The body is no JSON.
    #[error("the body is no JSON: {why}")]
    Json {
        /// Where and why.
        why: String,
    },
    /// The body is JSON that does not fit.
    #[error("the body does not fit at {pointer}: {why}")]
    Body {
        /// Where, as a JSON pointer.
        pointer: String,
        /// What is wrong there.
        why: String,
    },
    /// More tails than are served at one time.
    #[error("{count_max} tails are being served, which is all that are; come again later")]
    TooManyTails {
        /// The limit.
        count_max: usize,
    },
    /// More members than are kept for callers of HTTP.
    #[error("{count_max} members are kept for callers of HTTP, which is all that are; come later")]
    TooManyMembers {
        /// The limit.
        count_max: usize,
    },
    /// No answer within the limit.
    #[error(
        "no answer within {seconds} s; an append may or may not have been made: ask again with \
         the same ids"
    )]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// A defect of ours.
    #[error("the server failed; its log says how")]
    Panicked,
    /// The server is about to stop.
    #[error("the server is stopping; another one may answer")]
    Stopping,
}

/// Which event was looked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Sought {
    /// By its place in a stream.
    #[error("{0} at revision {1}")]
    Revision(StreamName, Revision),
    /// By its id in a stream.
    #[error("{0} with id {1}")]
    Id(StreamName, EventId),
    /// By its place in the context.
    #[error("position {0}")]
    Position(headwater_model::Position),
}

impl Refused {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Page { .. } => "http.page",
            Self::Method { .. } => "http.method",
            Self::NoStream { .. } => "http.no_stream",
            Self::NoEvent { .. } => "http.no_event",
            Self::Path { .. } => "http.path",
            Self::AddressTooLong { .. } => "http.address_too_long",
            Self::Query { .. } => "http.query",
            Self::Header { .. } => "http.header",
            Self::NoExpectation => "http.no_expectation",
            Self::Contradiction { .. } => "http.contradiction",
            Self::NoStart => "http.no_start",
            Self::MediaType { .. } => "http.media_type",
            Self::NotAcceptable { .. } => "http.not_acceptable",
            Self::BodyTooLarge { .. } => "http.body_too_large",
            Self::BodyBroken { .. } => "http.body_broken",
            Self::Json { .. } => "http.json",
            Self::Body { .. } => "http.body",
            Self::TooManyTails { .. } => "http.too_many_tails",
            Self::TooManyMembers { .. } => "http.too_many_members",
            Self::TooSlow { .. } => "http.too_slow",
            Self::Panicked => "http.panicked",
            Self::Stopping => "http.stopping",
        }
    }

    /// What the caller can do.
    pub const fn retry(&self) -> Retry {
        match self {
            Self::TooManyTails { .. }
            | Self::TooManyMembers { .. }
            | Self::TooSlow { .. }
            | Self::Stopping => Retry::Later,
            Self::NoStream { .. } | Self::NoEvent { .. } => Retry::AfterReload,
            _ => Retry::Never,
        }
    }

    /// The status it is answered with.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Page { .. } | Self::NoStream { .. } | Self::NoEvent { .. } => {
                StatusCode::NOT_FOUND
            }
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Path { .. }
            | Self::Query { .. }
            | Self::Header { .. }
            | Self::NoStart
            | Self::BodyBroken { .. }
            | Self::Json { .. } => StatusCode::BAD_REQUEST,
            Self::AddressTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::NoExpectation => StatusCode::PRECONDITION_REQUIRED,
            Self::Contradiction { .. } => StatusCode::PRECONDITION_FAILED,
            Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyTails { .. }
            | Self::TooManyMembers { .. }
            | Self::TooSlow { .. }
            | Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A variable part of the path that is no name.
    pub(super) fn name(part: &str, why: &InvalidName) -> Self {
        Self::Path { name: part.to_owned(), why: why.to_string() }
    }

    /// A parameter behind the `?`.
    pub(super) fn query(name: &str, why: impl ToString) -> Self {
        Self::Query { name: name.to_owned(), why: why.to_string() }
    }

    /// A place in the body.
    pub(super) fn body(pointer: impl Into<String>, why: impl ToString) -> Self {
        Self::Body { pointer: pointer.into(), why: why.to_string() }
    }
}
