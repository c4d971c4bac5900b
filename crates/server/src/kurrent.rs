//! The protocol that clients of KurrentDB speak.

use crate::Host;
use axum::Router;

/// The services of this protocol.
pub fn routes(_host: &Host) -> Router {
    Router::new()
}
