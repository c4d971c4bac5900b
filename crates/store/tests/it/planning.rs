//! What is particular to planning several requests as one: each is planned on what those before
//! it would leave, and a refused one leaves nothing. Single requests are the exam's.

use headwater_model::{
    Append, Checkpoint, CheckpointName, EventId, EventType, ExpectedRevision, Incarnation,
    Metadata, NewEvent, Position, Query, ReadError, Revision, SaveCheckpoint, StreamName,
    Timestamp,
};
use headwater_store::commit::HEADER_BYTES;
use headwater_store::life::StreamMark;
use headwater_store::plan::{
    Checked, Group, Look, Planned, Request, Sound, Standing, Terms, View, plan,
};
use std::ops::Range;
use uuid::Uuid;

/// A context with one stream, `old`, whose last revision is 4.
pub(crate) struct OldStream;

impl View for OldStream {
    fn next(&self) -> Position {
        Position(5)
    }

    fn recorded_at(&self) -> Timestamp {
        Timestamp::from_micros(50)
    }

    fn told(&self) -> Option<Timestamp> {
        Some(Timestamp::from_micros(70))
    }

    fn standing(
        &self,
        stream: &StreamName,
        _: &[EventId],
        _: Position,
    ) -> Result<Standing, ReadError> {
        let last = (stream.as_str() == "old").then_some(Revision(4));
        Ok(Standing { last, events: Vec::new() })
    }

    fn last_revision_before(
        &self,
        _: &StreamName,
        _: Position,
    ) -> Result<Option<Revision>, ReadError> {
        Ok(None)
    }

    fn release_count(&self) -> u64 {
        0
    }

    fn mark(&self, _: &StreamName) -> StreamMark {
        StreamMark::default()
    }

    fn first_match(&self, _: &Query, _: Range<Position>, _: &mut u64) -> Result<Look, ReadError> {
        Ok(Look::Nothing)
    }

    fn checkpoint(&self, _: &CheckpointName) -> Option<Checkpoint> {
        None
    }
}

fn stream(name: &str) -> StreamName {
    StreamName::new(name.to_owned()).expect("a name")
}

fn event(n: u128) -> NewEvent {
    NewEvent::json(EventId(Uuid::from_u128(n)), EventType::new("Happened").expect("a name"), "{}")
}

fn to(name: &str, expected: ExpectedRevision, ids: &[u128]) -> Append {
    Append::to(stream(name), expected, ids.iter().map(|n| event(*n)).collect())
}

fn sound(append: Append) -> Sound {
    Sound::new(append).expect("its shape is right")
}

fn planned(appends: impl IntoIterator<Item = Append>) -> Group {
    planned_within(appends, 1 << 20)
}

fn planned_within(appends: impl IntoIterator<Item = Append>, commit_bytes_max: usize) -> Group {
    let request = |append| Request::Append { append: sound(append), checked: Checked::default() };
    let requests: Vec<_> = appends.into_iter().map(request).collect();
    let terms = Terms { now: Timestamp::from_micros(60), commit_bytes_max };
    plan(&OldStream, &requests, terms, Vec::new())
}

fn answers(group: &Group) -> Vec<Result<u64, &'static str>> {
    let answer = |planned: &Planned| match &planned.answer {
        Ok(done) => Ok(done.position.map_or(0, |position| position.0)),
        Err(refused) => Err(refused.code()),
    };
    group.planned.iter().map(answer).collect()
}

#[test]
fn each_request_is_planned_on_what_those_before_it_leave() {
    let group = planned([
        to("new", ExpectedRevision::NoStream, &[1, 2]),
        to("new", ExpectedRevision::NoStream, &[3]),
        to("new", ExpectedRevision::At(Revision(1)), &[4]),
        to("old", ExpectedRevision::At(Revision(4)), &[5]),
        to("old", ExpectedRevision::At(Revision(4)), &[6]),
    ]);
    let wrong = Err("append.wrong_revision");
    assert_eq!(answers(&group), [Ok(6), wrong, Ok(7), Ok(8), wrong]);
    let stored = group.commit.records().map(|event| event.expect("just written"));
    let stored: Vec<_> = stored.map(|e| (e.stream.as_str(), e.revision.0, e.position.0)).collect();
    assert_eq!(stored, [("new", 0, 5), ("new", 1, 6), ("new", 2, 7), ("old", 5, 8)]);
}

#[test]
fn the_same_append_twice_in_a_group_is_written_once() {
    let twice = || to("new", ExpectedRevision::NoStream, &[1, 2]);
    let mut other = twice();
    other.writes[0].events[1].schema_version = 2;
    let longer = to("new", ExpectedRevision::Any, &[1, 2, 3]);
    let group = planned([twice(), twice(), other, longer]);
    let (reused, partly) = (Err("append.id_reused"), Err("append.partly_repeated"));
    assert_eq!(answers(&group), [Ok(6), Ok(6), reused, partly]);
    let replayed: Vec<_> =
        group.planned.iter().map(|p| p.answer.as_ref().is_ok_and(|a| a.replayed)).collect();
    assert_eq!(replayed, [false, true, false, false]);
    assert_eq!(group.commit.next(), Position(7));
    // A4: the replay is true only once the first one is.
    assert!(group.planned.iter().all(|planned| planned.needs_commit));
}

#[test]
fn a_condition_sees_what_the_group_itself_writes() {
    let query = Query::types([EventType::new("Happened").expect("a name")]);
    let unseen = to("b", ExpectedRevision::Any, &[2]).unless(query.clone(), Some(Position(4)));
    let seen = to("c", ExpectedRevision::Any, &[3]).unless(query, Some(Position(5)));
    let group = planned([to("a", ExpectedRevision::Any, &[1]), unseen, seen]);
    assert_eq!(answers(&group), [Ok(5), Err("append.condition_failed"), Ok(6)]);
}

#[test]
fn a_checkpoint_moves_once_in_a_group_and_not_with_a_refused_append() {
    let name = CheckpointName::new("reader").expect("a name");
    let at = |n| Checkpoint { incarnation: Incarnation(0), position: Position(n) };
    let save = |expected, to| SaveCheckpoint { name: name.clone(), expected, to: at(to) };
    let refused = to("old", ExpectedRevision::NoStream, &[1]).saving(save(None, 9));
    let first = Append::default().saving(save(None, 1));
    let racing = Append::default().saving(save(None, 2));
    let next = Append::default().saving(save(Some(at(1)), 3));
    let group = planned([refused, first, racing, next]);
    let (wrong, moved) = (Err("append.wrong_revision"), Err("append.checkpoint_moved"));
    assert_eq!(answers(&group), [wrong, Ok(4), moved, Ok(4)]);
    assert!(!group.planned[0].needs_commit, "a refusal on what is acknowledged is true anyway");
    assert_eq!(group.commit.next(), Position(5), "a checkpoint takes no position");
}

#[test]
fn what_does_not_fit_a_commit_waits_or_is_refused_alone() {
    let large = |n: u128| {
        let mut append = to("new", ExpectedRevision::Any, &[n]);
        append.writes[0].events[0].payload = vec![b'x'; 600].into();
        append
    };
    let group = planned_within([large(1), large(2)], 1_200);
    assert_eq!(answers(&group), [Ok(5)], "the second waits for the next commit");
    let group = planned_within([large(1), large(2)], 500);
    assert_eq!(answers(&group), [Err("append.too_large"); 2]);
}

#[test]
fn a_commit_is_recorded_behind_every_instant_that_was_told() {
    let group = planned([to("new", ExpectedRevision::Any, &[1])]);
    assert_eq!(group.commit.recorded_at(), Timestamp::from_micros(71));
}

#[test]
fn a_commits_bound_holds_for_metadata_and_tags_too() {
    let mut append = to("new", ExpectedRevision::Any, &[1]);
    append.writes[0].events[0].metadata =
        Metadata { free: vec![("k".into(), "v".into()); 500], ..Metadata::default() };
    let request = Request::Append { append: sound(append.clone()), checked: Checked::default() };
    let group = planned([append]);
    assert!(group.commit.finish().len() <= request.bytes_max() + HEADER_BYTES);
}
