//! `headwater.v1` over gRPC: every capability of the ports.
//!
//! Picture: `appending` and `pipeline` write, `reading` and `subscribing` read, `contexts` opens,
//! `groups` and `joining` share, `backup` copies, `scavenge` tidies; what a message means is said in `headwater-wire`.

mod appending;
mod backup;
mod contexts;
mod groups;
mod joining;
mod mount;
mod pipeline;
mod reading;
mod scavenge;
mod service;
mod subscribing;

use crate::Host;
use crate::limits::{GROUP_REQUEST_BYTES_MAX, REQUEST_BYTES_MAX};
use axum::Router;
use headwater_wire::v1::backup_server::BackupServer;
use headwater_wire::v1::consumer_groups_server::ConsumerGroupsServer;
use headwater_wire::v1::contexts_server::ContextsServer;
use headwater_wire::v1::event_store_server::EventStoreServer;
use headwater_wire::v1::scavenge_server::ScavengeServer;

pub use mount::mount;

/// The services of this protocol.
pub fn routes(host: &Host) -> Router {
    let store = EventStoreServer::new(service::EventStoreService::new(host.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    let contexts = ContextsServer::new(contexts::ContextsService::new(host.clone()));
    let groups = ConsumerGroupsServer::new(groups::GroupsService::new(host.clone()))
        .max_decoding_message_size(GROUP_REQUEST_BYTES_MAX);
    let backup = BackupServer::new(backup::BackupService::new(host.clone()));
    let scavenge = ScavengeServer::new(scavenge::ScavengeService::new(host.clone()));
    mount(store)
        .merge(mount(contexts))
        .merge(mount(groups))
        .merge(mount(backup))
        .merge(mount(scavenge))
}
