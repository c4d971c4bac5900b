//! The framework's own types as parts of HTTP requests and answers.
//!
//! Why: a handler takes a [`Cause`] and an [`After`] as it takes a body, and gives a [`Receipt`]
//! back with its answer; none of the three is read or written by hand, so no route forgets one.
//!
//! Picture:
//! ```text
//!   Idempotency-Key: "k"  ┐                             ┌ Headwater-Position: orders:123
//!   traceparent: 00-…     ├─▶ Cause ─▶ run ─▶ Receipt ─▶┤
//!   POST /orders, actor   ┘                             └ Idempotent-Replayed: true
//!   GET /orders/1?after=orders:123 ─▶ After ─▶ read_model
//! ```
//! Invariants: A4 the same key from the same actor on the same route is the same request for ever;
//! without a key each request is its own.

mod problem;

pub use problem::Problem;

use crate::{After, Cause, Receipt};
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponseParts, ResponseParts};
use bytestring::ByteString;
use headwater_model::EventId;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::convert::Infallible;
use uuid::Uuid;

/// The request's own name, chosen by who sends it: a retry carries the same.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that the answer is that of an earlier request with the same key.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The place of what was recorded, to be given back as `?after=`.
pub const HEADWATER_POSITION: HeaderName = HeaderName::from_static("headwater-position");

/// W3C trace context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Bytes of an idempotency key. A UUID has 36; nobody needs a page.
const KEY_BYTES_MAX: usize = 255;

/// On whose behalf a request is made. Whoever authenticates requests puts it into their extensions;
/// a header that anybody can write is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(pub ByteString);

impl<S: Send + Sync> FromRequestParts<S> for Cause {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let actor = parts.extensions.get::<Actor>().map(|actor| &*actor.0);
        let cause = match key(&parts.headers)? {
            Some(key) => {
                let route = format!("{} {}", parts.method, parts.uri.path());
                Cause::request(&route, actor, key)
            }
            None => {
                let fresh = Cause::of(EventId(Uuid::now_v7()));
                actor.map_or(fresh.clone(), |actor| fresh.on_behalf_of(actor))
            }
        };
        let trace = match traceparent(&parts.headers) {
            Some(given) => given.to_owned(),
            None => root_trace(&cause),
        };
        Ok(cause.traced(trace))
    }
}

/// The key, with or without the quotes that the header's standard wants.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let refused = |why| Problem::new(StatusCode::BAD_REQUEST, "request.idempotency_key", why);
    let text = value.to_str().map_err(|_| refused("the Idempotency-Key is not plain text"))?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    match text.len() {
        0 => Err(refused("the Idempotency-Key is empty")),
        1..=KEY_BYTES_MAX => Ok(Some(text)),
        _ => Err(refused("the Idempotency-Key has more than 255 bytes")),
    }
}

/// The trace context, if it is one: what is malformed is ignored, as its standard asks.
pub fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let mut part = |length: usize| {
        let hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        parts.next().filter(|part| part.len() == length && part.chars().all(hex))
    };
    let not_zero = |part: &&str| part.bytes().any(|byte| byte != b'0');
    let format = part(2)?;
    part(32).filter(not_zero)?;
    part(16).filter(not_zero)?;
    part(2)?;
    let later_format = parts.next().is_some();
    (format != "ff" && (format != "00" || !later_format)).then_some(text)
}

/// A trace that begins here, named by the request itself: a retry lands in the same trace. Nobody records
/// it: where somebody does, the request has a `traceparent` by the time it gets here.
fn root_trace(cause: &Cause) -> String {
    let span = cause.id().derive_named("span").0.simple().to_string();
    format!("00-{}-{}-00", cause.id().0.simple(), &span[..16])
}

impl<S: Send + Sync> FromRequestParts<S> for After {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let tokens: Vec<_> = form_urlencoded::parse(query.as_bytes())
            .filter_map(|(name, token)| (name == "after").then_some(token))
            .collect();
        Ok(tokens.join(",").parse::<After>()?)
    }
}

/// Tells where the events stand, and whether they were there before.
impl<E> IntoResponseParts for Receipt<E> {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        // A context's name may hold letters that a header cannot; then there is no token to give.
        let token = self.token().and_then(|token| HeaderValue::try_from(token).ok());
        if let Some(token) = token {
            parts.headers_mut().insert(HEADWATER_POSITION, token);
        }
        if self.replayed {
            parts.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests;
