//! A context that is not there, asked for by each protocol: one code, and the name that was meant if
//! whoever asks may see it.
//!
//! `read.invalid`, `append.invalid`, `group.invalid` and `http.no_context` were four answers to one slip
//! of the keyboard.

use super::site::Site;
use headwater_model::{
    AppendError, ContextName, Contexts, GroupError, NoContext, ReadError, ScavengeError,
};
use headwater_wire::v1::consumer_groups_client::ConsumerGroupsClient;
use headwater_wire::v1::event_store_client::EventStoreClient;
use headwater_wire::v1::scavenge_client::ScavengeClient;
use headwater_wire::{group_status, scavenge_status, status, v1};
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

/// Contexts `orders` and `vault`, and somebody who may do much everywhere but in the vault.
async fn site() -> (Site, String) {
    let site = Site::new().await;
    let root = site.root().await;
    for name in ["orders", "vault"] {
        site.contexts.context(name.try_into().unwrap()).await.unwrap();
    }
    let all = "read,append,change,consume,manage,observe,administer";
    let grants = [
        (false, "read,append,consume,manage", "*", "*"),
        // Scavenging is about the system's streams, too.
        (false, "manage", "*", "$*"),
        (true, all, "vault", "*"),
    ];
    let secret = site.caller(&root, "ana", &grants).await;
    (site, secret)
}

fn asking<T>(secret: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
    request
}

fn none(context: &str, nearest: Option<&str>) -> NoContext {
    let name = |text: &str| ContextName::new(text.to_owned()).unwrap();
    NoContext { context: name(context), nearest: nearest.map(name) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_is_not_there_has_one_code_by_headwater_v1() {
    let (site, secret) = site().await;
    let channel: Channel = Endpoint::from_shared(site.http("")).unwrap().connect().await.unwrap();
    let (context, cause) = (bytes::Bytes::from("oders"), none("oders", Some("orders")));
    let mut events = EventStoreClient::new(channel.clone());
    let head = v1::GetHeadRequest { context: context.clone() };
    let refused = events.get_head(asking(&secret, head)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.message(), "there is no context oders; did you mean orders?");
    assert_eq!(status::read(&refused), Some(ReadError::NoContext(cause.clone())));

    let append = Some(v1::Append::default());
    let append = v1::AppendRequest { context: context.clone(), append };
    let reply = events.append(asking(&secret, append)).await.unwrap().into_inner();
    let Some(v1::append_reply::Outcome::Error(error)) = reply.outcome else { panic!("refused") };
    assert_eq!(&error.code[..], b"context.not_found");
    assert_eq!(AppendError::try_from(error), Ok(AppendError::NoContext(cause.clone())));

    let mut groups = ConsumerGroupsClient::new(channel.clone());
    let list = v1::ListGroupsRequest { context: context.clone() };
    let refused = groups.list_groups(asking(&secret, list)).await.unwrap_err();
    assert_eq!(group_status::read(&refused), Some(GroupError::NoContext(cause.clone())));

    let mut scavenge = ScavengeClient::new(channel);
    let start = v1::GetScavengeRequest { context };
    let refused = scavenge.get_scavenge(asking(&secret, start)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(scavenge_status::read(&refused), Some(ScavengeError::NoContext(cause)));
}

async fn told(site: &Site, secret: &str, method: &str, path: &str) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method.parse().unwrap(), site.http(path)).bearer_auth(secret);
    let answer =
        request.header("content-type", "application/json").body("[]").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_is_not_there_has_the_same_code_over_http() {
    let (site, secret) = site().await;
    for (method, path) in [
        ("GET", "/v1/contexts/oders"),
        ("GET", "/v1/contexts/oders/events"),
        ("GET", "/v1/contexts/oders/groups"),
        ("GET", "/v1/contexts/oders/scavenge"),
        ("GET", "/v1/contexts/oders/checkpoints/reader"),
    ] {
        let (status, problem) = told(&site, &secret, method, path).await;
        assert_eq!((status, &problem["code"]), (404, &json!("context.not_found")), "{path}");
        assert_eq!((&problem["context"], &problem["nearest"]), (&json!("oders"), &json!("orders")));
        assert_eq!(problem["retry"], "after_reload");
    }
    let names = site.contexts.names().await.unwrap();
    assert!(names.iter().all(|name| name.as_str() != "oders"), "asking makes none: {names:?}");
}

/// Who has nothing in a context is not told that it is there, not even by a guess.
#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_context_that_one_may_not_see_is_not_suggested() {
    let (site, secret) = site().await;
    let (status, problem) = told(&site, &secret, "GET", "/v1/contexts/vaullt").await;
    assert_eq!((status, &problem["code"]), (404, &json!("context.not_found")));
    assert_eq!(problem["nearest"], Value::Null, "{problem}");
    assert_eq!(problem["detail"], "there is no context vaullt");
    let (status, problem) = told(&site, &secret, "GET", "/v1/contexts/vault").await;
    assert_eq!((status, &problem["code"]), (403, &json!("access.denied")));
}
