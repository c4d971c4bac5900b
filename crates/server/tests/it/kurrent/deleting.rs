//! Deletions and settings: the trailers, and what others than these clients see.

use super::site::{
    Content, EMPTY, Expected, Recorded, Site, event, identifier, of_all, of_stream, recorded,
    refusal, said,
};
use headwater_model::{ExpectedRevision, StreamChange, StreamLife, StreamName, StreamSettings};
use headwater_wire::kurrent::event_store::client::streams as pb;
use pb::delete_req::options::ExpectedStreamRevision as OfDelete;
use pb::tombstone_req::options::ExpectedStreamRevision as OfTombstone;
use tonic::{Code, Status};

async fn delete(site: &Site, stream: &str, expected: OfDelete) -> Result<(), Status> {
    let options = pb::delete_req::Options {
        stream_identifier: Some(identifier(stream)),
        expected_stream_revision: Some(expected),
    };
    site.streams().delete(pb::DeleteReq { options: Some(options) }).await.map(|_| ())
}

async fn tombstone(site: &Site, stream: &str, expected: OfTombstone) -> Result<(), Status> {
    let options = pb::tombstone_req::Options {
        stream_identifier: Some(identifier(stream)),
        expected_stream_revision: Some(expected),
    };
    site.streams().tombstone(pb::TombstoneReq { options: Some(options) }).await.map(|_| ())
}

fn order() -> StreamName {
    StreamName::new("order-1").unwrap()
}

fn data(event: &Recorded) -> &str {
    std::str::from_utf8(&event.data).unwrap()
}

/// A5, by trailers and by the words that one client reads.
#[tokio::test]
async fn a_refused_deletion_says_what_is() {
    let site = Site::new().await;
    let refused = delete(&site, "order-1", OfDelete::Any(EMPTY)).await.unwrap_err();
    let trailers = said(&[
        ("exception", "wrong-expected-version"),
        ("expected-version", "-2"),
        ("stream-name", "order-1"),
    ]);
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, trailers));
    site.append("order-1", Expected::Any(EMPTY), [1, 2]).await.unwrap();
    let refused = tombstone(&site, "order-1", OfTombstone::Revision(0)).await.unwrap_err();
    let words = "Append failed due to WrongExpectedVersion. Stream: order-1, Expected version: 0, \
                 Actual version: 1";
    assert_eq!(refused.message(), words);
    let trailers = said(&[
        ("actual-version", "1"),
        ("exception", "wrong-expected-version"),
        ("expected-version", "0"),
        ("stream-name", "order-1"),
    ]);
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, trailers));
}

#[tokio::test]
async fn a_tombstoned_stream_says_so_wherever_it_is_asked() {
    let site = Site::new().await;
    site.append("größe-1", Expected::Any(EMPTY), [1]).await.unwrap();
    tombstone(&site, "größe-1", OfTombstone::Any(EMPTY)).await.unwrap();
    let refused = [
        site.read(of_stream("größe-1")).await.unwrap_err(),
        site.append("größe-1", Expected::Any(EMPTY), [2]).await.unwrap_err(),
        delete(&site, "größe-1", OfDelete::Any(EMPTY)).await.unwrap_err(),
        tombstone(&site, "größe-1", OfTombstone::Any(EMPTY)).await.unwrap_err(),
    ];
    for refused in refused {
        assert_eq!(refused.message(), "Event stream 'größe-1' is deleted.");
        // A trailer is ASCII.
        let trailers =
            said(&[("exception", "stream-deleted"), ("stream-name", "gr%C3%B6%C3%9Fe-1")]);
        assert_eq!(refusal(&refused), (Code::FailedPrecondition, trailers));
    }
    let all: Vec<_> = site.read(of_all()).await.unwrap().into_iter().map(recorded).collect();
    let last = all.last().unwrap();
    assert_eq!(last.metadata["type"], "$streamDeleted");
    assert_eq!(last.stream_revision, i64::MAX as u64);
    assert_eq!(last.stream_identifier, Some(identifier("größe-1")));
}

/// What others change is shown in this protocol's words, and what its clients change takes effect.
#[tokio::test]
async fn settings_are_the_same_whoever_sets_them() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1, 2, 3]).await.unwrap();
    let kept = StreamSettings {
        count_max: Some(2),
        age_max_ms: Some(1_500),
        truncate_before: Some(headwater_model::Revision(1)),
    };
    let change = StreamChange::Settings(kept);
    site.store.change_stream(order(), ExpectedRevision::Any, change).await.unwrap();
    let shown = site.events("$$order-1").await;
    assert_eq!(shown[0].metadata["type"], "$metadata");
    assert_eq!(data(&shown[0]), r#"{"$maxAge":2,"$maxCount":2,"$tb":1}"#);

    let text = r#"{ "$maxCount" : 1, "mine":[ 1 ] }"#;
    let document = event(9, "$metadata", text);
    site.append_events("$$order-1", Expected::Revision(0), [document]).await.unwrap();
    let shown = site.events("$$order-1").await;
    assert_eq!((data(&shown[1]), shown[1].stream_revision), (text, 1));
    assert_eq!(shown[1].id, Some(super::site::text_id(9)));
    let state = site.store.stream(order()).await.unwrap();
    assert_eq!(state.settings, StreamSettings { count_max: Some(1), ..Default::default() });
    assert_eq!(site.events("order-1").await.len(), 1);
}

/// A deletion is one of the store's, and a deletion by others is shown as one.
#[tokio::test]
async fn a_deletion_is_the_same_whoever_makes_it() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1]).await.unwrap();
    delete(&site, "order-1", OfDelete::Revision(0)).await.unwrap();
    assert_eq!(site.store.stream(order()).await.unwrap().life, StreamLife::Deleted);
    let contents = site.read(of_stream("order-1")).await.unwrap();
    assert!(matches!(contents[..], [Content::StreamNotFound(_)]), "{contents:?}");
    site.append("order-1", Expected::NoStream(EMPTY), [2]).await.unwrap();
    let change = StreamChange::Delete;
    site.store.change_stream(order(), ExpectedRevision::Any, change).await.unwrap();
    let shown = site.events("$$order-1").await;
    let gone = r#"{"$tb":9223372036854775807}"#;
    assert_eq!(shown.iter().map(data).collect::<Vec<_>>(), [gone, gone]);
}

/// `$tb` of the largest revision is a deletion, too.
#[tokio::test]
async fn settings_can_delete() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1]).await.unwrap();
    let text = r#"{"$tb":9223372036854775807,"mine":1}"#;
    site.append_events("$$order-1", Expected::Any(EMPTY), [event(2, "$metadata", text)])
        .await
        .unwrap();
    assert_eq!(site.store.stream(order()).await.unwrap().life, StreamLife::Deleted);
    for nonsense in ["[]", r#"{"$maxCount":"many"}"#, "\u{1}"] {
        let document = event(3, "$metadata", nonsense);
        let refused = site.append_events("$$order-1", Expected::Any(EMPTY), [document]).await;
        assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument, "{nonsense}");
    }
}
