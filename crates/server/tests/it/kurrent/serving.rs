//! What is served, what is not, and where.

use super::site::{EMPTY, Site};
use axum::body::Body;
use headwater_model::Timestamp;
use headwater_model::memory::MemoryContexts;
use headwater_server::Host;
use headwater_server::kurrent::{self, Advertised, KurrentOptions};
use headwater_wire::kurrent::event_store::client::gossip::{EndPoint, gossip_client};
use headwater_wire::kurrent::event_store::client::server_features::server_features_client;
use http::{Request, StatusCode, Uri};
use std::sync::Arc;
use tower::ServiceExt;

/// Clients compare: lower case, and three numbers.
#[tokio::test]
async fn what_is_listed_is_answered() {
    let site = Site::new().await;
    let mut client = server_features_client::ServerFeaturesClient::new(site.router.clone());
    let told = client.get_supported_methods(EMPTY).await.unwrap().into_inner();
    let version: Vec<_> = told.event_store_server_version.split('.').collect();
    assert_eq!(version.len(), 3);
    assert!(version.iter().all(|part| part.parse::<u32>().is_ok()), "{version:?}");
    let has = |service: &str, method: &str| {
        told.methods.iter().any(|m| m.service_name == service && m.method_name == method)
    };
    assert!(has("event_store.client.streams.streams", "batchappend"));
    assert!(has("kurrentdb.protocol.v2.streams.streamsservice", "appendsession"));
    assert!(told.methods.iter().all(|m| m.service_name == m.service_name.to_lowercase()));
    let users = "event_store.client.users.users";
    assert!(!told.methods.iter().any(|m| m.service_name == users), "there are none to ask about");
}

/// Each says what to use instead.
#[tokio::test]
async fn what_is_not_served_says_so() {
    let site = Site::new().await;
    for (path, instead) in [
        ("indexes.IndexesService/CreateIndex", "always there"),
        ("registry.SchemaRegistryService/CreateSchema", "not kept in the server"),
    ] {
        let request = Request::post(format!("/kurrentdb.protocol.v2.{path}"))
            .header("content-type", "application/grpc")
            .body(Body::empty())
            .unwrap();
        let answer = site.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let headers = answer.headers();
        assert_eq!(headers["grpc-status"], "12", "{path}");
        let said = headers["grpc-message"].to_str().unwrap();
        let said = said.replace("%20", " ").replace("%27", "'");
        assert!(said.contains(instead), "{path}: {said}");
    }
}

async fn endpoint(advertised: Option<Advertised>, origin: &'static str) -> EndPoint {
    let contexts = MemoryContexts::new(Arc::new(|| Timestamp::ZERO));
    let (host, _stage) = Host::new(Arc::new(contexts));
    let options = KurrentOptions { advertised, ..KurrentOptions::default() };
    let router = kurrent::routes(&host, &options);
    let origin = Uri::from_static(origin);
    let mut client = gossip_client::GossipClient::with_origin(router, origin);
    let mut told = client.read(EMPTY).await.unwrap().into_inner();
    assert_eq!(told.members.len(), 1);
    let member = told.members.remove(0);
    assert_eq!((member.state, member.is_alive), (8, true), "it leads, alone");
    member.http_end_point.unwrap()
}

/// Who discovers connects to what is said here.
#[tokio::test]
async fn gossip_says_an_address_that_its_client_can_reach() {
    let asked = endpoint(None, "http://store.example:2222").await;
    assert_eq!((asked.address.as_str(), asked.port), ("store.example", 2222));
    let asked = endpoint(None, "http://[::1]").await;
    assert_eq!((asked.address.as_str(), asked.port), ("::1", 2113));
    let advertised = Advertised { host: "outside.example".to_owned(), port: 443 };
    let told = endpoint(Some(advertised), "http://inside:2113").await;
    assert_eq!((told.address.as_str(), told.port), ("outside.example", 443));
}
