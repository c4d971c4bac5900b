//! Problems: why a request was not answered as hoped, as RFC 9457 writes it.
//!
//! Why: a client decides by `code`, a person reads `detail`, a machine in between goes by the
//! status, and who lost a race finds in the answer what was expected and what is (A5).
//!
//! | what | status |
//! |---|---|
//! | `append.wrong_revision` | 412, with `stream`, `expected`, `actual` |
//! | `append.condition_failed`, `append.checkpoint_moved`, `append.id_reused`, `append.partly_repeated` | 409 |
//! | `append.tombstoned`, `read.diverged` | 410 |
//! | `append.too_large` | 413 |
//! | `append.invalid`, `append.condition_too_broad` | 422 |
//! | `read.invalid` | 400 |
//! | `access.unauthenticated` | 401 and `WWW-Authenticate` |
//! | `access.denied` | 403, with `who`, `verb`, `what` |
//! | `access.user_exists`, `access.last_admin`, `access.open`, `access.admin_first` | 409 |
//! | `access.no_user`, `access.no_token`, `access.no_grant` | 404 |
//! | `access.invalid` | 422 |
//! | `context.not_found` | 404, with `context`, and `nearest` if one is |
//! | `group.not_found` | 404 |
//! | `group.exists`, `group.fixed`, `group.not_yours`, `group.not_a_member` | 409, with `deliveries` |
//! | `group.diverged` | 410 |
//! | `group.invalid` | 422 |
//! | `group.too_many_members` | 503 and `Retry-After` |
//! | `scavenge.under_way` | 409 |
//! | `scavenge.not_here`, `scavenge.invalid` | 422 |
//! | `store.full` | 507 and `Retry-After` |
//! | `append.unknown`, `group.unknown`, `scavenge.unknown` and the rest of `store.…` | 503 and `Retry-After` |
//! | `store.corrupt` | 500, and the reason in the log |
//! | `http.…` | as `Refused` in this folder says |

use super::refused::Refused;
use crate::access::NotAdministered;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use headwater_access::AccessError;
use headwater_model::{
    AppendError, Checkpoint, Corrupt, Denied, ExpectedRevision, GroupError, NoContext, ReadError,
    Retry, ScavengeError, Unavailable,
};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The media type of a problem.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// When to try again after an outage. Most pass within a second or need a person.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// When to try again on a full disk: somebody must make room.
const RETRY_AFTER_FULL_SECONDS: HeaderValue = HeaderValue::from_static("30");

/// How to say who asks.
const CHALLENGE: HeaderValue = HeaderValue::from_static(
    r#"Basic realm="headwater", charset="UTF-8", Bearer realm="headwater""#,
);

/// Why a request was not answered as hoped. Boxed, because answers that are good pay for its size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem(Box<Written>);

/// As it is written.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
#[schemars(rename = "Problem")]
pub(super) struct Written {
    /// `urn:headwater:error:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable: decide by this.
    code: &'static str,
    /// For a person.
    detail: String,
    /// What can be done: `never` (the same request fails the same way for ever), `after_reload`
    /// (read, decide, ask again), `later` (the same request may succeed).
    retry: &'static str,
    /// What is wrong in the body, and where.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    errors: Vec<Wrong>,
    /// What was expected and what is, by the code.
    #[serde(flatten)]
    found: Map<String, Value>,
}

/// One thing that is wrong in a body.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
struct Wrong {
    /// Where, as a JSON pointer (RFC 6901) behind `#`.
    pointer: String,
    /// What.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, retry: Retry, detail: impl ToString) -> Self {
        Self(Box::new(Written {
            kind: format!("urn:headwater:error:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            code,
            detail: detail.to_string(),
            retry: retry_name(retry),
            errors: Vec::new(),
            found: Map::new(),
        }))
    }

    /// What was found, by name.
    fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.0.found.insert(name.to_owned(), value);
        self
    }

    /// As it is written.
    pub(super) const fn written(&self) -> &Written {
        &self.0
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).expect("a status becomes a number and back")
    }
}

const fn retry_name(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "never",
        Retry::AfterReload => "after_reload",
        Retry::Later => "later",
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self.0).expect("texts and numbers are JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS),
            StatusCode::INSUFFICIENT_STORAGE => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_FULL_SECONDS)
            }
            StatusCode::UNAUTHORIZED => headers.insert(WWW_AUTHENTICATE, CHALLENGE),
            _ => None,
        };
        response
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = refused.status();
        let mut problem = Self::new(status, refused.code(), refused.retry(), &refused);
        if let Refused::Body { pointer, why } = refused {
            let pointer = format!("#{pointer}");
            problem.0.errors.push(Wrong { pointer, detail: why });
        }
        problem
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        let (code, retry) = (error.code(), error.retry());
        let of = |status| Self::new(status, code, retry, &error);
        match &error {
            AppendError::WrongRevision(wrong) => of(StatusCode::PRECONDITION_FAILED)
                .with("stream", &wrong.stream)
                .with("expected", expected(wrong.expected))
                .with("actual", wrong.actual),
            AppendError::ConditionFailed { condition, after, position } => of(StatusCode::CONFLICT)
                .with("condition", condition)
                .with("after", after)
                .with("position", position),
            AppendError::ConditionTooBroad { condition, unseen, examined_max } => {
                of(StatusCode::UNPROCESSABLE_ENTITY)
                    .with("condition", condition)
                    .with("unseen", unseen)
                    .with("examined_max", examined_max)
            }
            AppendError::CheckpointMoved { name, expected, actual } => of(StatusCode::CONFLICT)
                .with("checkpoint", name)
                .with("expected", expected.map(checkpoint))
                .with("actual", actual.map(checkpoint)),
            AppendError::IdReused { id, stream, revision } => of(StatusCode::CONFLICT)
                .with("id", id)
                .with("stream", stream)
                .with("revision", revision),
            AppendError::PartlyRepeated { stream, repeated } => {
                of(StatusCode::CONFLICT).with("stream", stream).with("repeated", repeated)
            }
            AppendError::Tombstoned { stream } => of(StatusCode::GONE).with("stream", stream),
            AppendError::TooLarge { what, size, size_max } => of(StatusCode::PAYLOAD_TOO_LARGE)
                .with("what", what)
                .with("size", size)
                .with("size_max", size_max),
            AppendError::Invalid { .. } => of(StatusCode::UNPROCESSABLE_ENTITY),
            AppendError::Unknown(_) => of(StatusCode::SERVICE_UNAVAILABLE),
            AppendError::Unavailable(cause) => unavailable(cause, retry),
            AppendError::Corrupt(cause) => corrupt(cause),
            AppendError::Denied(cause) => denied(cause),
            AppendError::NoContext(cause) => no_context(cause),
        }
    }
}

impl From<ScavengeError> for Problem {
    fn from(error: ScavengeError) -> Self {
        let (code, retry) = (error.code(), error.retry());
        let of = |status| Self::new(status, code, retry, &error);
        match &error {
            ScavengeError::UnderWay => of(StatusCode::CONFLICT),
            ScavengeError::NotHere { .. } | ScavengeError::Invalid { .. } => {
                of(StatusCode::UNPROCESSABLE_ENTITY)
            }
            ScavengeError::Unknown(_) => of(StatusCode::SERVICE_UNAVAILABLE),
            ScavengeError::Unavailable(cause) => unavailable(cause, retry),
            ScavengeError::Corrupt(cause) => corrupt(cause),
            ScavengeError::Denied(cause) => denied(cause),
            ScavengeError::NoContext(cause) => no_context(cause),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let (code, retry) = (error.code(), error.retry());
        let of = |status| Self::new(status, code, retry, &error);
        match &error {
            ReadError::Diverged { position, had, is } => of(StatusCode::GONE)
                .with("position", position)
                .with("had_incarnation", had)
                .with("incarnation", is),
            ReadError::Invalid { .. } => of(StatusCode::BAD_REQUEST),
            ReadError::Unavailable(cause) => unavailable(cause, retry),
            ReadError::Corrupt(cause) => corrupt(cause),
            ReadError::Denied(cause) => denied(cause),
            ReadError::NoContext(cause) => no_context(cause),
        }
    }
}

impl From<GroupError> for Problem {
    fn from(error: GroupError) -> Self {
        let (code, retry) = (error.code(), error.retry());
        let of = |status| Self::new(status, code, retry, &error);
        match &error {
            GroupError::NotFound { .. } => of(StatusCode::NOT_FOUND),
            GroupError::Exists { .. }
            | GroupError::Fixed { .. }
            | GroupError::NotAMember { .. } => of(StatusCode::CONFLICT),
            GroupError::NotYours { deliveries } => {
                of(StatusCode::CONFLICT).with("deliveries", deliveries)
            }
            GroupError::Diverged { had, is } => of(StatusCode::GONE)
                .with("position", had.position)
                .with("had_incarnation", had.incarnation)
                .with("incarnation", is),
            GroupError::Invalid { .. } => of(StatusCode::UNPROCESSABLE_ENTITY),
            GroupError::TooManyMembers { count_max, .. } => {
                of(StatusCode::SERVICE_UNAVAILABLE).with("count_max", count_max)
            }
            GroupError::Unknown(_) => of(StatusCode::SERVICE_UNAVAILABLE),
            GroupError::Unavailable(cause) => unavailable(cause, retry),
            GroupError::Corrupt(cause) => corrupt(cause),
            GroupError::Denied(cause) => denied(cause),
            GroupError::NoContext(cause) => no_context(cause),
        }
    }
}

impl From<NotAdministered> for Problem {
    fn from(error: NotAdministered) -> Self {
        let of = |status| Self::new(status, error.code(), error.retry(), &error);
        match &error {
            NotAdministered::Denied(cause) => denied(cause),
            NotAdministered::Append(cause) => cause.clone().into(),
            NotAdministered::Open | NotAdministered::AdminFirst => of(StatusCode::CONFLICT),
            NotAdministered::Overtaken => of(StatusCode::NOT_FOUND),
            NotAdministered::Access(cause) => match cause {
                AccessError::NoUser(_) | AccessError::NoToken(_) | AccessError::NoGrant(_) => {
                    of(StatusCode::NOT_FOUND)
                }
                AccessError::UserExists(_)
                | AccessError::LastAdmin(_)
                | AccessError::NobodyLeft(_) => of(StatusCode::CONFLICT),
                AccessError::Busy => of(StatusCode::SERVICE_UNAVAILABLE),
                AccessError::Invalid { .. } => of(StatusCode::UNPROCESSABLE_ENTITY),
            },
        }
    }
}

fn unavailable(cause: &Unavailable, retry: Retry) -> Problem {
    let status = match cause {
        Unavailable::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
        Unavailable::Poisoned { .. }
        | Unavailable::Closed
        | Unavailable::Locked { .. }
        | Unavailable::Fenced { .. }
        | Unavailable::Io { .. } => StatusCode::SERVICE_UNAVAILABLE,
    };
    Problem::new(status, cause.code(), retry, cause)
}

fn denied(cause: &Denied) -> Problem {
    let of = |status| Problem::new(status, cause.code(), Retry::Never, cause);
    match cause {
        Denied::Forbidden { who, verb, what } => {
            of(StatusCode::FORBIDDEN).with("who", who).with("verb", verb).with("what", what)
        }
        Denied::Unauthenticated { .. } => of(StatusCode::UNAUTHORIZED),
    }
}

fn no_context(cause: &NoContext) -> Problem {
    let problem = Problem::new(StatusCode::NOT_FOUND, cause.code(), Retry::AfterReload, cause);
    let problem = problem.with("context", &cause.context);
    match &cause.nearest {
        Some(nearest) => problem.with("nearest", nearest),
        None => problem,
    }
}

/// Which file it was is for who runs the server, not for who asks it.
fn corrupt(cause: &Corrupt) -> Problem {
    tracing::error!(%cause, "damage was found");
    let detail = "the store found damage; the server's log says where";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "store.corrupt", Retry::Never, detail)
}

/// As it is given in a request.
fn expected(expected: ExpectedRevision) -> Value {
    match expected {
        ExpectedRevision::Any => "any".into(),
        ExpectedRevision::NoStream => "none".into(),
        ExpectedRevision::Exists => "exists".into(),
        ExpectedRevision::At(revision) => revision.0.into(),
    }
}

fn checkpoint(checkpoint: Checkpoint) -> Value {
    json!({ "incarnation": checkpoint.incarnation, "position": checkpoint.position })
}
