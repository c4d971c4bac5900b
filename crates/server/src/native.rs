//! `headwater.v1` over gRPC.

mod contexts;
mod mount;

use crate::Host;
use axum::Router;
use headwater_wire::v1::contexts_server::ContextsServer;

pub use mount::mount;

/// The services of this protocol.
pub fn routes(host: &Host) -> Router {
    mount(ContextsServer::new(contexts::ContextsService::new(host.clone())))
}
