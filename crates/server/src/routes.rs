//! All protocols behind one router.
//!
//! Why: one port. gRPC paths are `/package.Service/Method`, HTTP's are not, so they never meet.

use crate::access::{AccessService, authenticate};
use crate::{Host, ServerOptions, http, kurrent, native};
use ::http::{HeaderMap, header};
use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use headwater_wire::v1::access_server::AccessServer;
use tonic::Status;

/// The whole server.
pub(crate) fn all(host: &Host, options: &ServerOptions) -> Router {
    native::routes(host)
        .merge(native::mount(AccessServer::new(AccessService::new(host.clone()))))
        .merge(kurrent::routes(host, &options.kurrent))
        .merge(http::routes(host))
        .fallback(nothing_here)
        .layer(from_fn_with_state(host.clone(), authenticate))
}

/// Whoever asks by gRPC is told so in gRPC.
async fn nothing_here(request: Request) -> Response {
    if is_grpc(request.headers()) {
        let why = format!("{} is not served here", request.uri().path());
        return Status::unimplemented(why).into_http::<tonic::body::Body>().into_response();
    }
    http::nothing_here(request.uri())
}

pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| text.starts_with("application/grpc"))
}
