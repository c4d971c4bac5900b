//! A1, A2, A3, A6: appends are whole, durable, dense and in order.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, all, event, event_of, head, numbers, refused, stream, tag, to};
use bytes::Bytes;
use headwater_model::{
    Append, Appended, ContentType, ExpectedRevision, Metadata, NewEvent, Position, Query,
    ReadStream, Revision, Timestamp,
};
use std::sync::Arc;

/// A3.
pub async fn events_stand_densely_in_their_streams_and_in_the_context(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let both =
        to("order-1", [1, 2]).and(stream("order-2"), ExpectedRevision::NoStream, vec![event(3)]);
    let first = accepted(&*store, both).await;
    let revisions = vec![Some(Revision(1)), Some(Revision(0))];
    assert_eq!(first, Appended { position: Some(Position(2)), revisions, replayed: false });
    accepted(&*store, to("order-1", [4])).await;
    let events = all(&*store, Query::all()).await;
    let places: Vec<_> = events
        .iter()
        .map(|e| (e.position.0, e.stream.to_string(), e.revision.0, e.id.0.as_u128()))
        .collect();
    let expected = [
        (0, "order-1".to_owned(), 0, 1),
        (1, "order-1".to_owned(), 1, 2),
        (2, "order-2".to_owned(), 0, 3),
        (3, "order-1".to_owned(), 2, 4),
    ];
    assert_eq!(places, expected);
}

/// A3, A4: the order of the context is the one that was asked, and a repeated request is known.
pub async fn events_of_several_streams_stand_in_their_turns(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let turns = || Append {
        turns: vec![1, 0, 1, 2, 0],
        ..to("order-1", [1, 2])
            .and(stream("order-2"), ExpectedRevision::NoStream, vec![event(3), event(4)])
            .and(stream("order-3"), ExpectedRevision::NoStream, vec![event(5)])
    };
    let revisions = vec![Some(Revision(1)), Some(Revision(1)), Some(Revision(0))];
    let first = Appended { position: Some(Position(4)), revisions, replayed: false };
    assert_eq!(accepted(&*store, turns()).await, first);
    let events = all(&*store, Query::all()).await;
    let order: Vec<_> = events.iter().map(|e| (e.id.0.as_u128(), e.revision.0)).collect();
    assert_eq!(order, [(3, 0), (1, 0), (4, 1), (5, 0), (2, 1)]);
    let again = accepted(&*store, turns()).await;
    assert_eq!(again, Appended { replayed: true, ..first });
}

/// A1.
pub async fn one_refused_write_refuses_all_of_them(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-2", [1])).await;
    let both =
        to("order-1", [2]).and(stream("order-2"), ExpectedRevision::NoStream, vec![event(3)]);
    refused(&*store, both).await;
    assert_eq!(numbers(&all(&*store, Query::all()).await), [1]);
    let next = accepted(&*store, to("order-1", [4])).await;
    assert_eq!((next.position, next.revisions), (Some(Position(1)), vec![Some(Revision(0))]));
}

/// What is stored is what was said, to the byte.
pub async fn everything_an_event_says_is_read_back(c: &mut impl Candidate) {
    c.set_clock(Timestamp::from_micros(1_773_064_800_000_001));
    let store = exam_context(c).await;
    let full = NewEvent {
        schema_version: 7,
        content_type: ContentType::Binary,
        payload: Bytes::from_static(b"\0\xff\n"),
        metadata: Metadata {
            correlation: Some("c".into()),
            causation: Some("".into()),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
            actor: Some("Зоя".into()),
            free: vec![("k".into(), "v".into()), ("k".into(), "twice".into())],
        },
        tags: vec![tag("b"), tag("a"), tag("ü:1")],
        ..event(1)
    };
    let empty = NewEvent { payload: Bytes::new(), ..event(2) };
    let append =
        Append::to(stream("order-ü 1"), ExpectedRevision::Any, vec![full.clone(), empty.clone()]);
    accepted(&*store, append).await;
    let events = all(&*store, Query::all()).await;
    for (asked, recorded) in [full, empty].iter().zip(&events) {
        assert!(asked.same_content(recorded), "{asked:?} became {recorded:?}");
        assert_eq!(asked.metadata, recorded.metadata);
        assert_eq!(recorded.recorded_at, Timestamp::from_micros(1_773_064_800_000_001));
        assert_eq!(recorded.stream, stream("order-ü 1"));
    }
}

/// An append may hold nothing but what must be so.
pub async fn an_append_without_events_answers_where_things_stand(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let nothing = accepted(&*store, Append::default()).await;
    assert_eq!(nothing, Appended { position: None, revisions: vec![], replayed: false });
    accepted(&*store, to("order-1", [1])).await;
    let asked = to("order-1", []).and(stream("order-2"), ExpectedRevision::NoStream, vec![]);
    let stands = accepted(&*store, asked).await;
    let revisions = vec![Some(Revision(0)), None];
    assert_eq!(stands, Appended { position: Some(Position(0)), revisions, replayed: false });
    assert_eq!(head(&*store).await, Some(Position(0)));
}

/// A1: checked and written at one point in the order.
pub async fn racing_writers_of_one_revision_have_one_winner(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut racing = tokio::task::JoinSet::new();
    for n in 1..=32 {
        let store = Arc::clone(&store);
        let append = Append::to(stream("order-1"), ExpectedRevision::NoStream, vec![event(n)]);
        racing.spawn(async move { store.append(append).await.is_ok() });
    }
    let won = racing.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!((won, head(&*store).await), (1, Some(Position(0))));
}

/// A3, also when many are committed as one group.
pub async fn racing_writers_of_many_streams_leave_no_holes(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..64 {
        let store = Arc::clone(&store);
        let append = to(&format!("order-{}", n % 8), [2 * n + 1, 2 * n + 2]);
        racing.spawn(async move { (n, store.append(append).await.expect("accepted")) });
    }
    let answers = racing.join_all().await;
    let events = all(&*store, Query::all()).await;
    assert_eq!(events.len(), 128);
    assert!(events.iter().enumerate().all(|(n, event)| event.position.0 == n as u64));
    for (n, answer) in answers {
        let last = usize::try_from(answer.position.expect("it has events").0).expect("small");
        assert_eq!(numbers(&events[last - 1..=last]), [2 * n + 1, 2 * n + 2]);
        assert_eq!(answer.revisions, [Some(events[last].revision)]);
    }
    for n in 0..8 {
        let page = store.read_stream(ReadStream::forwards(stream(&format!("order-{n}")))).await;
        let page = page.expect("the stream is read");
        assert_eq!(page.events.len(), 16);
        assert!(page.events.iter().zip(0..).all(|(event, n)| event.revision == Revision(n)));
    }
}

/// A6.
pub async fn recorded_at_never_goes_back(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for (n, micros) in [(1, 5_000), (2, 3_000), (3, 3_000), (4, 7_000)] {
        c.set_clock(Timestamp::from_micros(micros));
        accepted(&*store, to("order-1", [n])).await;
    }
    drop(store);
    c.set_clock(Timestamp::from_micros(1_000));
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [5])).await;
    let events = all(&*store, Query::all()).await;
    let micros: Vec<_> = events.iter().map(|event| event.recorded_at.as_micros()).collect();
    assert_eq!(micros, [5_000, 5_000, 5_000, 7_000, 7_000]);
}

/// A2, as far as it shows without a crash.
pub async fn what_was_appended_is_there_after_opening_again(c: &mut impl Candidate) {
    for n in 0..4_u128 {
        let store = exam_context(c).await;
        let tagged = event_of(2 * n + 1, "OrderApproved", &["customer:1"]);
        accepted(&*store, Append::to(stream("order-1"), ExpectedRevision::Any, vec![tagged])).await;
        accepted(&*store, to(&format!("order-{}", n + 2), [2 * n + 2])).await;
        let expected: Vec<_> = (1..=2 * n + 2).collect();
        assert_eq!(numbers(&all(&*store, Query::all()).await), expected);
        let tagged = all(&*store, Query::tags([tag("customer:1")])).await;
        assert!(tagged.iter().zip(0..).all(|(event, n)| event.revision == Revision(n)));
        assert_eq!(tagged.len() as u128, n + 1);
    }
}
