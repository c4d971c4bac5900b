//! What whoever runs the server asks of it.
//!
//! | page | answers |
//! |---|---|
//! | `/livez` | 200 while the process answers at all: restart it if not |
//! | `/readyz` | 200 if work may be sent here, 503 while it stops or its contexts do not answer |
//! | `/metrics` | what was counted, for Prometheus |

use super::ask::Ask;
use super::problem::Problem;
use super::refused::Refused;
use super::stream::fresh;
use crate::metrics::Name;
use axum::response::{IntoResponse, Response};
use headwater_access::Verb;
use headwater_model::ReadError;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Serialize;

/// Plain text.
pub(super) const TEXT: &str = "text/plain";

/// Prometheus's own.
pub(super) const PROMETHEUS: &str = "text/plain; version=0.0.4";

/// Whether work may be sent here.
#[derive(Serialize, JsonSchema)]
pub(super) struct Ready {
    /// It may.
    ready: bool,
    /// Contexts that are served.
    contexts: usize,
}

/// The process lives.
pub(super) async fn live(_: Ask) -> Result<Response, Problem> {
    Ok(text(TEXT, "alive\n".to_owned()))
}

/// Whether work may be sent here.
pub(super) async fn ready(ask: Ask) -> Result<Response, Problem> {
    let host = ask.face.host();
    if !host.is_ready() {
        return Err(Refused::Stopping.into());
    }
    let contexts = host.unguarded().names().await?.len();
    Ok(fresh(&Ready { ready: true, contexts }))
}

/// What was counted.
pub(super) async fn metrics(ask: Ask) -> Result<Response, Problem> {
    ask.caller.may(Verb::Observe).map_err(ReadError::Denied)?;
    let host = ask.face.host();
    for name in ask.face.known() {
        let (_, head) = host.unguarded().context(name.clone()).await?.head().await?;
        if let Some(head) = head {
            host.metrics().gauge(Name::HeadPosition, &[("context", name.as_str())]).set(head.0);
        }
    }
    Ok(text(PROMETHEUS, host.metrics().text()))
}

/// An answer in plain text.
pub(super) fn text(media_type: &'static str, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, text).into_response()
}
