//! The same batch by each protocol, with the forbidden stream at each place: nothing of it is written,
//! and each client is told in the words that it knows.

use super::site::{Site, scope};
use headwater_client::Client;
use headwater_model::{
    Append, Contexts, EventId, EventType, ExpectedRevision, NewEvent, StreamName,
};
use headwater_wire::kurrent::event_store::client as shared;
use headwater_wire::kurrent::event_store::client::streams::{self as pb, streams_client};
use headwater_wire::kurrent::kurrentdb::protocol::v2::streams as v2;
use serde_json::json;
use tonic::transport::Endpoint;
use tonic::{Code, Request};
use uuid::Uuid;

/// Orders may be written, secrets not; in the context that every protocol sees.
async fn site() -> (Site, Client, String) {
    let site = Site::new().await;
    let root = site.root().await;
    let secret = site
        .caller(&root, "ana", &[(false, "append,read,manage", "default", "category:order")])
        .await;
    let own = site.by_token(&secret).await;
    own.context("default".try_into().unwrap()).await.unwrap();
    (site, root, secret)
}

fn places() -> Vec<Vec<&'static str>> {
    let mut all = Vec::new();
    for place in 0..3 {
        let mut names = vec!["order-1", "order-2"];
        names.insert(place, "secret-1");
        all.push(names);
    }
    all
}

async fn untouched(site: &Site) {
    let beneath = site.contexts.context("default".try_into().unwrap()).await.unwrap();
    assert_eq!(beneath.head().await.unwrap().1, None, "A1: nothing of it is written");
}

fn event() -> NewEvent {
    NewEvent::json(EventId(Uuid::now_v7()), EventType::new("Happened").unwrap(), "{}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_one_forbidden_stream_is_refused_whole_by_headwater_v1() {
    let (site, _, secret) = site().await;
    let context =
        site.by_token(&secret).await.context("default".try_into().unwrap()).await.unwrap();
    for names in places() {
        let mut append = Append::default();
        for name in &names {
            let stream = StreamName::new(*name).unwrap();
            append = append.and(stream, ExpectedRevision::Any, vec![event()]);
        }
        let error = context.append(append).await.unwrap_err();
        assert_eq!(error.code(), "access.denied", "{names:?}");
        let words = "ana (token t-1) may not append stream secret-1 of default";
        assert_eq!(error.to_string(), words);
    }
    untouched(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_one_forbidden_stream_is_refused_whole_by_http() {
    let (site, _, secret) = site().await;
    for names in places() {
        let write =
            |name: &&str| json!({ "stream": name, "expected": "any", "events": [{ "type": "A" }] });
        let writes: Vec<_> = names.iter().map(write).collect();
        let request = reqwest::Client::new().post(site.http("/v1/contexts/default/appends"));
        let request = request.bearer_auth(&secret).json(&json!({ "writes": writes }));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 403, "{names:?}");
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "access.denied");
        assert_eq!(problem["what"], "stream secret-1 of default");
    }
    untouched(&site).await;
}

fn authorized<T>(message: T, secret: &str) -> Request<T> {
    let mut request = Request::new(message);
    let basic =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("ana:{secret}"));
    request.metadata_mut().insert("authorization", format!("Basic {basic}").parse().unwrap());
    request
}

fn stream_identifier(name: &str) -> Option<shared::StreamIdentifier> {
    Some(shared::StreamIdentifier { stream_name: name.to_owned().into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_one_forbidden_stream_is_refused_whole_by_version_2_of_kurrentdb() {
    let (site, _, secret) = site().await;
    let channel = Endpoint::from_shared(site.http("")).unwrap().connect().await.unwrap();
    let mut client = v2::streams_service_client::StreamsServiceClient::new(channel);
    for names in places() {
        let record = |name: &&str| v2::AppendRecord {
            record_id: Some(Uuid::now_v7().to_string()),
            stream: (*name).to_owned(),
            schema: Some(v2::SchemaInfo {
                format: v2::SchemaFormat::Json.into(),
                name: "Happened".to_owned(),
                ..Default::default()
            }),
            data: "{}".into(),
            ..Default::default()
        };
        let records = names.iter().map(record).collect();
        let asked = v2::AppendRecordsRequest { records, checks: vec![] };
        let status = client.append_records(authorized(asked, &secret)).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{names:?}: {status:?}");
        let session = names.iter().map(|name| v2::AppendRequest {
            stream: (*name).to_owned(),
            expected_revision: None,
            records: vec![v2::AppendRecord { stream: String::new(), ..record(name) }],
        });
        let session = futures_util::stream::iter(session.collect::<Vec<_>>());
        let status = client.append_session(authorized(session, &secret)).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{names:?}: {status:?}");
    }
    untouched(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_1_of_kurrentdb_says_access_denied_as_its_clients_know_it() {
    let (site, root, secret) = site().await;
    let channel = Endpoint::from_shared(site.http("")).unwrap().connect().await.unwrap();
    let mut client = streams_client::StreamsClient::new(channel);
    let options = |name: &str| pb::append_req::Options {
        stream_identifier: stream_identifier(name),
        expected_stream_revision: Some(pb::append_req::options::ExpectedStreamRevision::Any(
            shared::Empty {},
        )),
    };
    let content = |name: &str| pb::append_req::Content::Options(options(name));
    let append = |name: &str| {
        let request = pb::AppendReq { content: Some(content(name)) };
        authorized(futures_util::stream::iter([request]), &secret)
    };
    client.append(append("order-1")).await.unwrap();
    let status = client.append(append("secret-1")).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(status.metadata().get("exception").unwrap(), "access-denied");
    // A deny that comes later holds for the next call of an open connection.
    let who = "user:ana".into();
    let grant = headwater_wire::v1::MakeGrantRequest {
        deny: true,
        who,
        scope: Some(scope("append", "*", &["*"])),
    };
    root.access().make_grant(grant).await.unwrap();
    let status = client.append(append("order-1")).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}
