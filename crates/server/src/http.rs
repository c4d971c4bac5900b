//! HTTP/JSON and server-sent events, health and metrics.

use crate::Host;
use axum::Router;

/// The routes of HTTP.
pub fn routes(_host: &Host) -> Router {
    Router::new()
}
