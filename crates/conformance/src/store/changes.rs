//! A1, A3: streams are changed as a whole by events of their `$$` stream.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, all, event, head, numbers, refused, stream, to};
use headwater_model::{
    Append, AppendError, Appended, EventStore, ExpectedRevision, NewEvent, Position, Query,
    ReadStream, Revision, StreamChange, StreamLife, StreamPage, StreamSettings, StreamState,
};

const DELETE: StreamChange = StreamChange::Delete;

async fn change(store: &dyn EventStore, name: &str, change: StreamChange) -> Appended {
    let changed = store.change_stream(stream(name), ExpectedRevision::Any, change);
    changed.await.expect("the stream is changed")
}

async fn page(store: &dyn EventStore, name: &str) -> StreamPage {
    store.read_stream(ReadStream::forwards(stream(name))).await.expect("the stream is read")
}

async fn state(store: &dyn EventStore, name: &str) -> StreamState {
    store.stream(stream(name)).await.expect("the stream is looked up")
}

/// It takes a position, and only who asks for the system's events sees it.
pub async fn a_change_is_an_event_of_the_settings_stream(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1])).await;
    let settings = StreamChange::Settings(StreamSettings::default());
    for n in 0..2 {
        let changed = change(&*store, "order-1", settings).await;
        let place = (Some(Position(n + 1)), vec![Some(Revision(n))]);
        assert_eq!((changed.position, changed.revisions), place);
    }
    let recorded = page(&*store, "$$order-1").await;
    assert_eq!((recorded.events.len(), recorded.last), (2, Some(Revision(1))));
    assert_eq!(head(&*store).await, Some(Position(2)));
    assert_eq!(numbers(&all(&*store, Query::all()).await), [1]);
    assert_eq!(all(&*store, Query::stream(stream("$$order-1"))).await, recorded.events);
}

/// A1, A5: the expectation is about the stream itself.
pub async fn a_change_checks_its_expectation(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1])).await;
    let at = |revision| ExpectedRevision::At(Revision(revision));
    for expected in [ExpectedRevision::NoStream, at(1)] {
        let refusal = store.change_stream(stream("order-1"), expected, DELETE).await;
        assert!(matches!(refusal, Err(AppendError::WrongRevision(_))), "{refusal:?}");
    }
    assert_eq!(head(&*store).await, Some(Position(0)));
    store.change_stream(stream("order-1"), at(0), DELETE).await.expect("as it stands");
}

/// A3: revisions go on where they were.
pub async fn a_deleted_stream_shows_nothing_and_revives_behind_its_end(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    change(&*store, "order-1", DELETE).await;
    let deleted = page(&*store, "order-1").await;
    assert_eq!((deleted.events.len(), deleted.next, deleted.last), (0, None, Some(Revision(1))));
    let stands = state(&*store, "order-1").await;
    let hidden = (StreamLife::Deleted, Revision(2), Some(Revision(1)));
    assert_eq!((stands.life, stands.first, stands.last), hidden);
    let revive = Append::to(stream("order-1"), ExpectedRevision::NoStream, vec![event(3)]);
    assert_eq!(accepted(&*store, revive).await.revisions, [Some(Revision(2))]);
    accepted(&*store, to("order-1", [4])).await;
    assert_eq!(numbers(&page(&*store, "order-1").await.events), [3, 4]);
    let stands = state(&*store, "order-1").await;
    let shown = (StreamLife::Alive, Revision(2), Some(Revision(3)));
    assert_eq!((stands.life, stands.first, stands.last), shown);
}

/// Not even an expectation is answered.
pub async fn a_tombstone_is_for_ever(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1])).await;
    change(&*store, "order-1", StreamChange::Tombstone).await;
    assert!(page(&*store, "order-1").await.events.is_empty());
    let tombstoned = AppendError::Tombstoned { stream: stream("order-1") };
    for append in [
        to("order-1", [2]),
        to("order-1", []),
        to("order-2", [3]).and(stream("order-1"), ExpectedRevision::Any, vec![]),
    ] {
        assert_eq!(refused(&*store, append).await, tombstoned);
    }
    let any = ExpectedRevision::Any;
    for again in
        [DELETE, StreamChange::Tombstone, StreamChange::Settings(StreamSettings::default())]
    {
        let refusal = store.change_stream(stream("order-1"), any, again).await;
        assert_eq!(refusal, Err(tombstoned.clone()));
    }
    assert_eq!(state(&*store, "order-1").await.life, StreamLife::Tombstoned);
}

/// A name can be closed before it is used.
pub async fn what_nobody_wrote_to_can_be_changed(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    change(&*store, "order-1", DELETE).await;
    let stands = state(&*store, "order-1").await;
    assert_eq!((stands.last, stands.life, stands.first), (None, StreamLife::Deleted, Revision(0)));
    let begun = Append::to(stream("order-1"), ExpectedRevision::NoStream, vec![event(1)]);
    assert_eq!(accepted(&*store, begun).await.revisions, [Some(Revision(0))]);
    assert_eq!(numbers(&page(&*store, "order-1").await.events), [1]);
    change(&*store, "order-2", StreamChange::Tombstone).await;
    refused(&*store, to("order-2", [2])).await;
}

/// `$$$$x` would have no end.
pub async fn settings_streams_have_no_settings(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let refusal = store.change_stream(stream("$$order-1"), ExpectedRevision::Any, DELETE).await;
    assert!(matches!(refusal, Err(AppendError::Invalid { .. })), "{refusal:?}");
}

/// Who brings the event himself chooses its id, its expectation, and what is noted with it.
fn change_of(name: &str, number: u128, change: StreamChange) -> Append {
    let recorded = change.event(&stream(name), Revision::ZERO, Revision::ZERO);
    let recorded = NewEvent { id: event(number).id, ..recorded };
    Append::to(stream(name).settings_stream(), ExpectedRevision::Any, vec![recorded])
}

/// A4 holds for it, and its expectation is about the settings stream.
pub async fn an_appended_change_takes_effect_like_any_other(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    let kept = StreamSettings { count_max: Some(1), ..StreamSettings::default() };
    let mut append = change_of("order-1", 3, StreamChange::Settings(kept));
    append.writes[0].expected = ExpectedRevision::NoStream;
    let first = accepted(&*store, append.clone()).await;
    assert_eq!((first.position, first.revisions), (Some(Position(2)), vec![Some(Revision(0))]));
    assert!(accepted(&*store, append).await.replayed);
    assert_eq!(numbers(&page(&*store, "order-1").await.events), [2]);
    assert_eq!(state(&*store, "order-1").await.settings, kept);
    accepted(&*store, change_of("order-1", 4, DELETE)).await;
    assert_eq!(state(&*store, "order-1").await.life, StreamLife::Deleted);
    accepted(&*store, to("order-1", [5])).await;
    assert_eq!(numbers(&page(&*store, "order-1").await.events), [5]);
}

/// A1: what stands before the change in the append is hidden by it, what stands behind is not.
pub async fn a_change_and_events_of_its_stream_are_one_append(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let any = ExpectedRevision::Any;
    let mut ended = to("order-1", [1]);
    ended.writes.extend(change_of("order-1", 2, DELETE).writes);
    accepted(&*store, ended).await;
    assert!(page(&*store, "order-1").await.events.is_empty());
    let begun = change_of("order-1", 3, DELETE).and(stream("order-1"), any, vec![event(4)]);
    accepted(&*store, begun).await;
    assert_eq!(numbers(&page(&*store, "order-1").await.events), [4]);
    let wrong = change_of("order-1", 5, StreamChange::Tombstone);
    let wrong = wrong.and(stream("order-2"), ExpectedRevision::Exists, vec![]);
    assert!(matches!(refused(&*store, wrong).await, AppendError::WrongRevision(_)));
    assert_eq!(state(&*store, "order-1").await.life, StreamLife::Alive, "A5");
}

/// What is kept of it may still be noted.
pub async fn a_tombstone_outlives_appended_changes(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1])).await;
    accepted(&*store, change_of("order-1", 2, StreamChange::Tombstone)).await;
    for (number, change) in [(3, DELETE), (4, StreamChange::Tombstone)] {
        let refusal = refused(&*store, change_of("order-1", number, change)).await;
        assert_eq!(refusal, AppendError::Tombstoned { stream: stream("order-1") });
    }
    let settings = StreamChange::Settings(StreamSettings::default());
    accepted(&*store, change_of("order-1", 5, settings)).await;
    assert_eq!(state(&*store, "order-1").await.life, StreamLife::Tombstoned);
}

/// A2 holds for changes too.
pub async fn life_and_settings_are_there_after_opening_again(c: &mut impl Candidate) {
    let settings = StreamSettings { count_max: Some(1), ..StreamSettings::default() };
    let mut before = Vec::new();
    for round in 0..3 {
        let store = exam_context(c).await;
        if round == 0 {
            for (n, name) in (1..).zip(["order-1", "order-2", "order-3", "order-4"]) {
                accepted(&*store, to(name, [n, n + 10])).await;
            }
            change(&*store, "order-1", StreamChange::Settings(settings)).await;
            change(&*store, "order-2", DELETE).await;
            change(&*store, "order-3", StreamChange::Tombstone).await;
            change(&*store, "order-4", DELETE).await;
            accepted(&*store, to("order-4", [30])).await;
        }
        let mut now = Vec::new();
        for name in ["order-1", "order-2", "order-3", "order-4"] {
            now.push((state(&*store, name).await, page(&*store, name).await.events));
        }
        let shown: Vec<_> = now.iter().map(|(_, events)| numbers(events)).collect();
        assert_eq!(shown, [vec![11], vec![], vec![], vec![30]]);
        assert!(round == 0 || now == before, "{now:?} was {before:?}");
        before = now;
    }
}
