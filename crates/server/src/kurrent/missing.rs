//! Services of the protocol that are not served: each says so, and what takes its place.
//!
//! Why: "not implemented" alone leaves a person searching; and a client that falls back to HTTP
//! must not find something else there.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tonic::Status;

/// A service's name, and what to do instead.
const MISSING: &[(&str, &str)] = &[
    (
        "kurrentdb.protocol.v2.indexes.IndexesService",
        "indexes are not made by clients; $idx-ce- and $idx-et- are always there",
    ),
    ("kurrentdb.protocol.v2.registry.SchemaRegistryService", "schemas are not kept in the server"),
];

/// Answers every method of these services.
pub(super) fn routes() -> Router {
    MISSING.iter().fold(Router::new(), |router, (service, instead)| {
        let path = format!("/{service}/{{*method}}");
        router.route(&path, any(move || async move { unimplemented(instead) }))
    })
}

fn unimplemented(instead: &str) -> Response {
    Status::unimplemented(instead).into_http::<tonic::body::Body>().into_response()
}
