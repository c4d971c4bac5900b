//! A5, D3: requests that contradict themselves or pass a limit are refused before anything else.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, all, event, head, refused, save, stream, to};
use bytes::Bytes;
use headwater_model::limits::{
    APPEND_CHECKPOINT_COUNT_MAX, APPEND_EVENT_COUNT_MAX, METADATA_BYTES_MAX, PAYLOAD_BYTES_MAX,
    STREAM_NAME_GIVEN_BYTES_MAX, TAG_COUNT_MAX,
};
use headwater_model::{
    Append, AppendError, ExpectedRevision, Metadata, NewEvent, Query, Revision, StreamChange,
    StreamName, Tag,
};

async fn is_invalid(c: &mut impl Candidate, append: Append) {
    let store = exam_context(c).await;
    let refusal = refused(&*store, append).await;
    assert!(matches!(refusal, AppendError::Invalid { .. }), "{refusal}");
    assert_eq!(head(&*store).await, None, "A5: nothing was written");
}

/// Two expectations about one stream in one request contradict each other.
pub async fn a_stream_may_be_written_once_in_an_append(c: &mut impl Candidate) {
    let twice = to("order-1", [1]).and(stream("order-1"), ExpectedRevision::Any, vec![event(2)]);
    is_invalid(c, twice).await;
}

/// A4 would make the second a replay of the first.
pub async fn an_id_may_stand_once_in_a_write(c: &mut impl Candidate) {
    is_invalid(c, to("order-1", [1, 1])).await;
}

/// C2.
pub async fn a_checkpoint_may_be_saved_once_in_an_append(c: &mut impl Candidate) {
    let twice = to("order-1", [1]).saving(save("reader", None, 1)).saving(save("reader", None, 2));
    is_invalid(c, twice).await;
}

/// Who could write there could tombstone a stream by hand.
pub async fn settings_streams_take_changes_only(c: &mut impl Candidate) {
    is_invalid(c, to("$$order-1", [1])).await;
    let first = Revision::ZERO;
    let of_settings = StreamChange::Delete.event(&stream("$$order-1"), first, first);
    let append = |events| Append::to(stream("$$$$order-1"), ExpectedRevision::Any, events);
    is_invalid(c, append(vec![of_settings])).await;
}

fn one(event: NewEvent) -> Append {
    Append::to(stream("order-1"), ExpectedRevision::Any, vec![event])
}

fn of_payload(bytes: usize) -> NewEvent {
    NewEvent { payload: Bytes::from(vec![b' '; bytes]), ..event(1) }
}

fn of_metadata(bytes: usize) -> NewEvent {
    let text = "m".repeat(bytes).into();
    NewEvent { metadata: Metadata { actor: Some(text), ..Metadata::default() }, ..event(1) }
}

fn of_tags(count: usize) -> NewEvent {
    let tags = (0..count).filter_map(|n| Tag::new(format!("tag:{n}")).ok()).collect();
    NewEvent { tags, ..event(1) }
}

/// A5.
pub async fn turns_name_each_event_once(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for turns in [vec![0], vec![0, 0, 1], vec![0, 1, 1], vec![0, 0, 2], vec![0, 0, u32::MAX]] {
        let both = to("order-1", [1, 2]).and(stream("order-2"), ExpectedRevision::Any, vec![]);
        let error = refused(&*store, Append { turns: turns.clone(), ..both }).await;
        assert!(matches!(error, AppendError::Invalid { .. }), "{turns:?}: {error}");
    }
    assert_eq!(head(&*store).await, None, "nothing was written");
}

/// A5.
pub async fn too_large_is_refused_with_both_figures(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let too_many = APPEND_EVENT_COUNT_MAX + 1;
    let saves = (0..=APPEND_CHECKPOINT_COUNT_MAX).map(|n| save(&format!("reader/{n}"), None, 1));
    let many_large: Vec<_> =
        (1..6).map(|n| NewEvent { id: event(n).id, ..of_payload(PAYLOAD_BYTES_MAX) }).collect();
    let table = [
        (one(of_payload(PAYLOAD_BYTES_MAX + 1)), Some((PAYLOAD_BYTES_MAX + 1, PAYLOAD_BYTES_MAX))),
        (
            one(of_metadata(METADATA_BYTES_MAX + 1)),
            Some((METADATA_BYTES_MAX + 1, METADATA_BYTES_MAX)),
        ),
        (one(of_tags(TAG_COUNT_MAX + 1)), Some((TAG_COUNT_MAX + 1, TAG_COUNT_MAX))),
        (to("order-1", 0..too_many as u128), Some((too_many, APPEND_EVENT_COUNT_MAX))),
        (
            Append { checkpoints: saves.collect(), ..Append::default() },
            Some((APPEND_CHECKPOINT_COUNT_MAX + 1, APPEND_CHECKPOINT_COUNT_MAX)),
        ),
        (Append::to(stream("order-1"), ExpectedRevision::Any, many_large), None),
    ];
    for (append, figures) in table {
        match (refused(&*store, append).await, figures) {
            (AppendError::TooLarge { size, size_max, .. }, Some(expected)) => {
                assert_eq!((size, size_max), (expected.0 as u64, expected.1 as u64));
            }
            (AppendError::TooLarge { size, size_max, .. }, None) => assert!(size > size_max),
            (other, _) => panic!("it is too large, not: {other}"),
        }
    }
    assert_eq!(head(&*store).await, None);
}

/// A limit that is stated is a promise too.
pub async fn the_largest_allowed_is_taken(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let name = StreamName::new("s".repeat(STREAM_NAME_GIVEN_BYTES_MAX));
    let name = name.expect("a name of the largest length");
    let largest = NewEvent {
        metadata: of_metadata(METADATA_BYTES_MAX).metadata,
        tags: of_tags(TAG_COUNT_MAX).tags,
        ..of_payload(PAYLOAD_BYTES_MAX)
    };
    accepted(&*store, Append::to(name.clone(), ExpectedRevision::NoStream, vec![largest.clone()]))
        .await;
    accepted(&*store, to("order-2", 0..APPEND_EVENT_COUNT_MAX as u128)).await;
    let events = all(&*store, Query::all()).await;
    assert_eq!(events.len(), APPEND_EVENT_COUNT_MAX + 1);
    assert!(largest.same_content(&events[0]));
    let delete = headwater_model::StreamChange::Delete;
    store.change_stream(name, ExpectedRevision::Exists, delete).await.expect("its `$$` is a name");
}
