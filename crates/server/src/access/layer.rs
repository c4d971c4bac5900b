//! The layer around all protocols: who asks is known before anything of the request is read but its
//! head.
//!
//! Invariants: D3, a request without credentials is refused before its body is read. Credentials that
//! are wrong are refused everywhere, also on pages that need none.

use super::authority::{Authority, Unbelieved};
use super::identity::{Credentials, Identity};
use super::service;
use crate::Host;
use crate::tls::PeerCertificate;
use crate::{http as face, routes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headwater_model::{Denied, ReadError};
use headwater_wire::status;
use tonic::Status;

/// What may be asked by nobody in particular: whether the server is there, what it can do, and how to
/// ask it.
pub const PUBLIC: &[&str] = &[
    "/",
    "/livez",
    "/readyz",
    "/openapi.json",
    "/event_store.client.gossip.Gossip/Read",
    "/event_store.client.server_features.ServerFeatures/GetSupportedMethods",
];

/// Says who asks, or refuses.
pub(crate) async fn authenticate(
    State(host): State<Host>,
    mut request: Request,
    next: Next,
) -> Response {
    let claimed = match Credentials::read(request.headers()) {
        Ok(Some(credentials)) => Some(credentials),
        Ok(None) => None,
        Err(denied) if host.authority().is_some() => return refused(&request, denied.into()),
        // Nobody looks at them.
        Err(_) => None,
    };
    let identity = match (host.authority(), claimed) {
        (None, _) => Ok(Identity::Anybody),
        (Some(authority), Some(credentials)) => authority.believe(credentials).await,
        (Some(authority), None) => without_credentials(authority, &request).map_err(Into::into),
    };
    match identity {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(unbelieved) => refused(&request, unbelieved),
    }
}

fn without_credentials(authority: &Authority, request: &Request) -> Result<Identity, Denied> {
    let certificate = request.extensions().get::<PeerCertificate>();
    if let Some(name) = certificate.and_then(PeerCertificate::common_name) {
        return Ok(Identity::Certificate(name.to_owned()));
    }
    if PUBLIC.contains(&request.uri().path()) {
        return Ok(Identity::Nobody);
    }
    let denied = Denied::Unauthenticated { why: "there are no credentials".to_owned() };
    Err(authority.refused("nobody", denied))
}

/// A refusal, in the protocol that was asked in.
fn refused(request: &Request, unbelieved: Unbelieved) -> Response {
    let grpc = |status: Status| status.into_http::<tonic::body::Body>().into_response();
    match (unbelieved, routes::is_grpc(request.headers())) {
        (Unbelieved::Denied(denied), true) => grpc(status::of(&ReadError::Denied(denied))),
        (Unbelieved::Denied(denied), false) => face::denied(denied),
        (Unbelieved::Busy(error), true) => grpc(service::refused(error.into())),
        (Unbelieved::Busy(error), false) => face::not_administered(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
    use headwater_access::AccessError;

    fn asked(content_type: &str) -> Request {
        Request::builder().header(CONTENT_TYPE, content_type).body(Body::empty()).unwrap()
    }

    #[test]
    fn whose_password_was_not_looked_at_is_told_to_come_again_and_not_that_it_is_wrong() {
        let http = refused(&asked("application/json"), AccessError::Busy.into());
        assert_eq!(http.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(http.headers().contains_key(RETRY_AFTER));
        assert!(!http.headers().contains_key(WWW_AUTHENTICATE));
        let grpc = refused(&asked("application/grpc"), AccessError::Busy.into());
        let status = Status::from_header_map(grpc.headers()).expect("it is told in the head");
        assert_eq!(status.code(), tonic::Code::Unavailable);
        assert_eq!(status.metadata().get("headwater-code").unwrap(), "access.busy");
    }
}
