//! Version 2: what its checks mean, and the details of its refusals.

use super::site::{EMPTY, Expected, Recorded, Site};
use headwater_model::{ExpectedRevision, StreamChange, StreamName};
use headwater_wire::kurrent::google::rpc;
use headwater_wire::kurrent::kurrentdb::protocol::v2::streams as pb;
use pb::consistency_check::{StreamStateCheck, Type};
use pb::errors::consistency_violation::Type as Found;
use pb::streams_service_client::StreamsServiceClient;
use prost::Message;
use tonic::{Code, Status};

fn record(stream: &str) -> pb::AppendRecord {
    let schema = pb::SchemaInfo {
        format: pb::SchemaFormat::Json.into(),
        name: "Moved".to_owned(),
        id: None,
    };
    pb::AppendRecord {
        record_id: None,
        schema: Some(schema),
        data: "{}".into(),
        stream: stream.to_owned(),
        ..pb::AppendRecord::default()
    }
}

async fn append(
    site: &Site,
    streams: &[&str],
    checks: &[(&str, i64)],
) -> Result<pb::AppendRecordsResponse, Status> {
    let checks = checks.iter().map(|(stream, expected_state)| pb::ConsistencyCheck {
        r#type: Some(Type::StreamState(StreamStateCheck {
            stream: (*stream).to_owned(),
            expected_state: *expected_state,
        })),
    });
    let request = pb::AppendRecordsRequest {
        records: streams.iter().map(|stream| record(stream)).collect(),
        checks: checks.collect(),
    };
    let mut client = StreamsServiceClient::new(site.router.clone());
    Ok(client.append_records(request).await?.into_inner())
}

/// The checks that failed: which, and what was found.
fn violations(status: &Status) -> Vec<(i32, i64)> {
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    let rich = rpc::Status::decode(status.details()).unwrap();
    let detail = rich.details.unwrap();
    let name = "kurrentdb.protocol.v2.streams.errors.AppendConsistencyViolationErrorDetails";
    assert_eq!(detail.type_url, format!("type.googleapis.com/{name}"));
    let detail = pb::errors::AppendConsistencyViolationErrorDetails::decode(&*detail.value);
    let found = |violation: pb::errors::ConsistencyViolation| {
        let Some(Found::StreamState(state)) = violation.r#type else { panic!("{violation:?}") };
        (violation.check_index, state.actual_state)
    };
    detail.unwrap().violations.into_iter().map(found).collect()
}

/// A1: every state that a check can name, held and not held, also of streams not written to.
#[tokio::test]
async fn every_state_of_a_stream_can_be_checked() {
    let site = Site::new().await;
    let any = ExpectedRevision::Any;
    for name in ["there", "deleted", "tombstoned"] {
        site.append(name, Expected::Any(EMPTY), [1, 2]).await.unwrap();
    }
    for (name, change) in
        [("deleted", StreamChange::Delete), ("tombstoned", StreamChange::Tombstone)]
    {
        let name = StreamName::new(name).unwrap();
        site.store.change_stream(name, any, change).await.unwrap();
    }
    let holding = [("never", -1), ("there", 1), ("deleted", -5), ("tombstoned", -6)];
    append(&site, &["new-1"], &holding).await.unwrap();
    append(&site, &["new-1"], &[("there", -4), ("never", -2), ("deleted", -1)]).await.unwrap();
    let failing =
        [("never", -4), ("there", -1), ("deleted", 1), ("tombstoned", -6), ("there2", -5)];
    let refused = append(&site, &["new-1"], &failing).await.unwrap_err();
    assert_eq!(violations(&refused), [(0, -1), (1, 1), (2, -5), (4, -1)]);
    let refused = append(&site, &["new-1"], &[("tombstoned", -2)]).await.unwrap_err();
    assert_eq!(violations(&refused), [(0, -6)]);
    assert_eq!(site.events("new-1").await.len(), 2, "A5: refused appends write nothing");
}

/// Records of a stream stay in order, and so do all of them; each stream is told where it came to.
///
/// They stood stream by stream, and a reader of everything saw the last record of one stream before the
/// first of another that it answered.
#[tokio::test]
async fn records_of_several_streams_are_one_append() {
    let site = Site::new().await;
    let done = append(&site, &["one", "two", "one"], &[]).await.unwrap();
    let places: Vec<_> = done.revisions.iter().map(|r| (r.stream.as_str(), r.revision)).collect();
    assert_eq!((places, done.position), (vec![("one", 1), ("two", 0)], 3));
    let place = |event: &Recorded| event.commit_position;
    let (one, two) = (site.events("one").await, site.events("two").await);
    assert!(
        place(&one[0]) < place(&two[0]) && place(&two[0]) < place(&one[1]),
        "as they were sent"
    );
    let shown = &site.events("two").await[0];
    let metadata: serde_json::Value = serde_json::from_slice(&shown.custom_metadata).unwrap();
    assert_eq!(metadata, serde_json::json!({ "$schema.name": "Moved", "$schema.format": "Json" }));
}

/// D3.
#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let site = Site::new().await;
    for (streams, checks) in [
        (&[][..], &[][..]),
        (&["one"], &[("two", -3)]),
        (&["one"], &[("two", 0), ("two", 0)]),
        (&["$ce-one"], &[]),
    ] {
        let refused = append(&site, streams, checks).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
    let mut client = StreamsServiceClient::new(site.router.clone());
    let nothing = client.append_session(futures_util::stream::empty::<pb::AppendRequest>()).await;
    assert_eq!(nothing.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(site.store.head().await.unwrap().1, None);
}
