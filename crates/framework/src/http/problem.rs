//! Problems: why a request was not answered as hoped, as RFC 9457 writes it.
//!
//! Why: a client decides by `code`, a person reads `detail`, and a machine in between goes by the
//! status. The domain knows kinds of refusals only; here, once, they become statuses.
//!
//! | what | status |
//! |---|---|
//! | refused: invalid, forbidden, not found, conflict | 422, 403, 404, 409 |
//! | the key was used for another command | 422 |
//! | too large | 413 |
//! | contended, unknown, unavailable, a view that is behind | 503 and `Retry-After` |
//! | tombstoned | 410 |
//! | a name that names nothing | 422 |
//! | what only an operator can mend | 500, and the reason in the log |

use crate::{
    CommandError, Failed, InvalidAfter, LoadError, ParkedError, ReadModelError, Refusal,
    RefusalKind, ViewError,
};
use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use headwater_model::{InvalidName, ReadError, Retry};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// When to try again after an outage. Most pass within a second or need a person.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not answered as hoped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<Wrong>,
}

/// One thing that is wrong with a request's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Wrong {
    pointer: String,
    detail: String,
}

/// As it is written.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Wrong],
}

impl Problem {
    /// A problem with a stable code; its page is where the code's owner documents it.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl fmt::Display,
    ) -> Self {
        let (code, detail) = (code.into(), detail.to_string());
        Self { status, code, detail, errors: Vec::new() }
    }

    /// There is no such thing: `order` gives the code `order.not_found`.
    pub fn not_found(what: &str) -> Self {
        let detail = format!("there is no such {what}");
        Self::new(StatusCode::NOT_FOUND, format!("{what}.not_found"), detail)
    }

    /// A request that makes no sense.
    pub fn invalid(code: impl Into<Cow<'static, str>>, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// What only an operator can mend: `error` goes to the log, not to the caller.
    pub fn internal(code: impl Into<Cow<'static, str>>, error: impl fmt::Display) -> Self {
        let code = code.into();
        tracing::error!(%code, %error, "a request failed");
        let detail = "the service failed; its log says how";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
    }

    /// What may have passed when the client asks again.
    pub fn unavailable(code: impl Into<Cow<'static, str>>, detail: impl fmt::Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// Names a place in the body, by its JSON pointer (`/lines/0/quantity`), and what is wrong there.
    #[must_use]
    pub fn at(mut self, pointer: impl fmt::Display, detail: impl fmt::Display) -> Self {
        self.errors.push(Wrong { pointer: format!("#{pointer}"), detail: detail.to_string() });
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What a person reads.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let written = Written {
            kind: format!("urn:headwater:error:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Problem"),
            status: self.status.as_u16(),
            code: &self.code,
            detail: &self.detail,
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&written).expect("texts and numbers are JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

impl<R: Refusal> From<CommandError<R>> for Problem {
    fn from(error: CommandError<R>) -> Self {
        let status = match &error {
            CommandError::Refused(refusal) => match refusal.kind() {
                RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
                RefusalKind::Forbidden => StatusCode::FORBIDDEN,
                RefusalKind::NotFound => StatusCode::NOT_FOUND,
                RefusalKind::Conflict => StatusCode::CONFLICT,
            },
            CommandError::KeyReused { .. } | CommandError::InvalidName(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            CommandError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            CommandError::Tombstoned { .. } => StatusCode::GONE,
            CommandError::Contended { .. }
            | CommandError::Unknown(_)
            | CommandError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            CommandError::Undecodable(_)
            | CommandError::Unencodable(_)
            | CommandError::Corrupt(_)
            | CommandError::Denied(_)
            | CommandError::Rejected { .. } => return Self::internal(error.code(), error),
        };
        Self::new(status, error.code(), error)
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::InvalidName(cause) => cause.into(),
            LoadError::Read(cause) => cause.into(),
            LoadError::Undecodable(_) => Self::internal(error.code(), error),
        }
    }
}

impl From<ReadModelError> for Problem {
    fn from(error: ReadModelError) -> Self {
        match error {
            ReadModelError::Read(cause) => cause.into(),
            ReadModelError::Database(failed) => failed.into(),
            ReadModelError::Behind { .. } => Self::unavailable(error.code(), error),
            ReadModelError::NotWired { .. } => Self::internal(error.code(), error),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error.retry() {
            Retry::Later => Self::unavailable(error.code(), error),
            Retry::Never | Retry::AfterReload => Self::internal(error.code(), error),
        }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        const CODE: &str = "view.database";
        match failed.retry() {
            Retry::Later => {
                tracing::warn!(error = %failed, "a read model is not available");
                Self::unavailable(CODE, "the view's database is not available")
            }
            Retry::Never | Retry::AfterReload => Self::internal(CODE, failed),
        }
    }
}

impl From<ParkedError> for Problem {
    fn from(error: ParkedError) -> Self {
        let status = match &error {
            ParkedError::NoReader { .. } | ParkedError::NotParked { .. } => StatusCode::NOT_FOUND,
            ParkedError::Behind { .. } | ParkedError::NoSaga { .. } => StatusCode::CONFLICT,
            ParkedError::NoReason => StatusCode::UNPROCESSABLE_ENTITY,
            ParkedError::Read(cause) => return cause.clone().into(),
            ParkedError::Stopped { retry: Retry::Never, .. } => StatusCode::INTERNAL_SERVER_ERROR,
            ParkedError::Stopped { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        // Whoever sees to parked inputs is an operator, who is told the reason.
        Self::new(status, error.code(), error)
    }
}

impl From<ViewError> for Problem {
    fn from(error: ViewError) -> Self {
        let status = match &error {
            ViewError::NoView { .. } | ViewError::NoSource { .. } => StatusCode::NOT_FOUND,
            ViewError::Building { .. }
            | ViewError::NotBuilding { .. }
            | ViewError::Raced { .. }
            | ViewError::Back { .. }
            | ViewError::Ahead { .. } => StatusCode::CONFLICT,
            ViewError::NoReason => StatusCode::UNPROCESSABLE_ENTITY,
            ViewError::Read(cause) => return cause.clone().into(),
            ViewError::Stopped { retry: Retry::Never, .. } => StatusCode::INTERNAL_SERVER_ERROR,
            ViewError::Stopped { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        // Whoever sees to views is an operator, who is told the reason.
        Self::new(status, error.code(), error)
    }
}

impl From<InvalidName> for Problem {
    fn from(error: InvalidName) -> Self {
        Self::invalid("command.invalid_name", error)
    }
}

impl From<InvalidAfter> for Problem {
    fn from(error: InvalidAfter) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "request.after", error)
    }
}
