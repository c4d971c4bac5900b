//! A service behind the gateway: where it is, and whether it is worth asking.
//!
//! Why: proxied requests and composed ones must share one breaker per service, or each would have
//! to find out for itself that the service is down.
//! Invariant: an answer of any status is an answer; only silence counts against a service.

use crate::breaker::{Breaker, BreakerSettings};
use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use headwater::http::Problem;
use std::time::{Duration, Instant};

/// A service, by name and address.
#[derive(Debug)]
pub struct Upstream {
    name: &'static str,
    base: String,
    client: reqwest::Client,
    breaker: Breaker,
}

/// What a service answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, as they came.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// It has not answered for a while and is left alone.
    #[error("the {name} service is not answering and is left alone for {left_ms} ms more")]
    Resting {
        /// Which.
        name: &'static str,
        /// How long still.
        left_ms: u64,
    },
    /// No answer within the time limit.
    #[error("the {name} service did not answer within {limit_ms} ms")]
    TooSlow {
        /// Which.
        name: &'static str,
        /// The limit.
        limit_ms: u64,
    },
    /// No connection, or one that broke.
    #[error("the {name} service cannot be reached: {why}")]
    Unreachable {
        /// Which.
        name: &'static str,
        /// The network's words.
        why: String,
    },
}

impl Upstream {
    /// The service `name` at `base`, `http://127.0.0.1:8081`.
    pub fn new(
        name: &'static str,
        base: impl Into<String>,
        client: reqwest::Client,
        breaker: BreakerSettings,
    ) -> Self {
        Self { name, base: base.into(), client, breaker: Breaker::new(breaker) }
    }

    /// What the service is called in answers.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Begins a request for a path with its query.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request and waits for the whole answer, at most for `limit`.
    ///
    /// # Errors
    /// [`Silence`] says why there is no answer.
    pub async fn send(
        &self,
        request: reqwest::RequestBuilder,
        limit: Duration,
    ) -> Result<Answer, Silence> {
        self.within(limit, receive(request)).await
    }

    /// Sends a request and waits for the head of its answer, at most for `limit`: the body may never end.
    ///
    /// # Errors
    /// [`Silence`] says why there is no answer.
    pub async fn open(
        &self,
        request: reqwest::RequestBuilder,
        limit: Duration,
    ) -> Result<reqwest::Response, Silence> {
        self.within(limit, request.send()).await
    }

    async fn within<T>(
        &self,
        limit: Duration,
        answer: impl Future<Output = Result<T, reqwest::Error>>,
    ) -> Result<T, Silence> {
        let name = self.name;
        let call = self.breaker.admit(Instant::now()).map_err(|resting| Silence::Resting {
            name,
            left_ms: u64::try_from(resting.left.as_millis()).unwrap_or(u64::MAX),
        })?;
        let silence = match tokio::time::timeout(limit, answer).await {
            Ok(Ok(answer)) => {
                call.answered();
                return Ok(answer);
            }
            Ok(Err(error)) => Silence::Unreachable { name, why: innermost(&error) },
            Err(_elapsed) => Silence::TooSlow {
                name,
                limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            },
        };
        call.unanswered(Instant::now());
        tracing::warn!(service = name, %silence, "no answer");
        Err(silence)
    }
}

async fn receive(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    Ok(Answer { status, headers, body: response.bytes().await? })
}

/// The cause that says something: the layers above it repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

impl IntoResponse for Silence {
    fn into_response(self) -> Response {
        let (status, code, again_s) = match &self {
            Self::Resting { left_ms, .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "gateway.resting", left_ms.div_ceil(1_000).max(1))
            }
            Self::TooSlow { .. } => (StatusCode::GATEWAY_TIMEOUT, "gateway.too_slow", 1),
            Self::Unreachable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "gateway.unreachable", 1),
        };
        let mut response = Problem::new(status, code, self).into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(again_s));
        response
    }
}
