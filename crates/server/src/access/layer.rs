//! The layer around all protocols: who asks is known before anything of the request is read but its
//! head.
//!
//! Invariants: D3, a request without credentials is refused before its body is read. Credentials that
//! are wrong are refused everywhere, also on pages that need none.

use super::authority::Authority;
use super::identity::{Credentials, Identity};
use crate::Host;
use crate::tls::PeerCertificate;
use crate::{http as face, routes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headwater_model::{Denied, ReadError};
use headwater_wire::status;

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
        Err(denied) if host.authority().is_some() => return refused(&request, denied),
        // Nobody looks at them.
        Err(_) => None,
    };
    let identity = match (host.authority(), claimed) {
        (None, _) => Ok(Identity::Anybody),
        (Some(authority), Some(credentials)) => authority.believe(credentials).await,
        (Some(authority), None) => without_credentials(authority, &request),
    };
    match identity {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(denied) => refused(&request, denied),
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
fn refused(request: &Request, denied: Denied) -> Response {
    if routes::is_grpc(request.headers()) {
        let status = status::of(&ReadError::Denied(denied));
        return status.into_http::<tonic::body::Body>().into_response();
    }
    face::denied(denied)
}
