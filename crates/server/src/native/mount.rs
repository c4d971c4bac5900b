//! A generated gRPC service as a part of the router.
//!
//! Why not tonic's own router: it answers every path it does not know, and only one part of a
//! router may do that.

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use std::convert::Infallible;
use tonic::codegen::Service;
use tonic::server::NamedService;

/// Answers `/package.Service/Method` for every method of the service.
pub fn mount<S>(service: S) -> Router
where
    S: Service<Request<Body>, Response = Response<tonic::body::Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    Router::new().route_service(&format!("/{}/{{*method}}", S::NAME), service)
}
