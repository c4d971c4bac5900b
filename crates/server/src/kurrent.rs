//! The protocol that clients of EventStoreDB and KurrentDB speak.
//!
//! Why: who has services with those clients can point them here, and keep them.
//!
//! Picture:
//! ```text
//!   Streams          read · append · batch · delete · tombstone ─┐
//!   v2 StreamsService  several streams in one append            ─┼─▶ the one context ([`KurrentOptions`])
//!   PersistentSubscriptions  the context's consumer groups      ─┤
//!   Operations, Monitoring, Projections  what there is of them  ─┤
//!   Users            the users of the server, if it has any ─▶ its `Authority`
//!   ServerFeatures, Gossip   what is here, and where            ─┘
//!   all other services       a clear "not served", and what to use instead
//! ```
//! Invariants: the promises are the store's; a client of this protocol gets no weaker ones. What
//! cannot be answered as asked is refused in words, never half answered.
//!
//! `docs/kurrent.md` says method by method what is compatible.

mod answer;
mod append;
mod batch;
mod delete;
mod derived;
mod document;
mod event;
mod expected;
mod features;
mod filter;
mod gossip;
mod home;
mod links;
mod missing;
mod monitoring;
mod name;
mod operations;
pub mod options;
mod persistent;
mod place;
mod projections;
mod read;
mod refusal;
mod shown;
mod streams;
mod users;
mod v2;
mod write;

use crate::Host;
use crate::limits::REQUEST_BYTES_MAX;
use crate::native::mount;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use gossip::SentTo;
use headwater_wire::kurrent::event_store::client::{
    gossip::gossip_server::GossipServer, monitoring::monitoring_server::MonitoringServer,
    operations::operations_server::OperationsServer,
    persistent_subscriptions::persistent_subscriptions_server as persistent_server,
    projections::projections_server::ProjectionsServer,
    server_features::server_features_server as features_server,
    streams::streams_server::StreamsServer, users::users_server::UsersServer,
};
use headwater_wire::kurrent::kurrentdb::protocol::v2::streams::streams_service_server as v2_server;
use home::House;

pub use options::{Advertised, KurrentOptions};

/// The services of this protocol.
pub fn routes(host: &Host, options: &KurrentOptions) -> Router {
    let house = House::new(host.clone(), options.context.clone());
    let streams = StreamsServer::new(streams::Streams::new(house.clone()));
    let v2 = v2_server::StreamsServiceServer::new(v2::StreamsService::new(house.clone()));
    let persistent = persistent::PersistentSubscriptions::new(house.clone());
    let persistent = persistent_server::PersistentSubscriptionsServer::new(persistent);
    let monitoring = MonitoringServer::new(monitoring::Monitoring::new(house.clone()));
    let operations = OperationsServer::new(operations::Operations::new(house.clone()));
    let projections = ProjectionsServer::new(projections::Projections::new(house.clone()));
    let users = UsersServer::new(users::Users::new(house.clone()));
    let reads = read::routes(house.clone());
    let gossip = GossipServer::new(gossip::Gossip::new(house, options.advertised.clone()));
    let features = features::Features::new(host.clone());
    mount(streams.max_decoding_message_size(REQUEST_BYTES_MAX))
        .merge(reads)
        .merge(mount(v2.max_decoding_message_size(REQUEST_BYTES_MAX)))
        .merge(mount(persistent))
        .merge(mount(monitoring))
        .merge(mount(operations))
        .merge(mount(projections))
        .merge(mount(users))
        .merge(mount(features_server::ServerFeaturesServer::new(features)))
        .merge(mount(gossip).layer(from_fn(note_where_it_was_sent)))
        .merge(missing::routes())
}

/// gRPC hides the host that a request was sent to; gossip needs it.
async fn note_where_it_was_sent(mut request: Request, next: Next) -> Response {
    if let Some(authority) = request.uri().authority().cloned() {
        request.extensions_mut().insert(SentTo(authority));
    }
    next.run(request).await
}
