//! C1, C2: checkpoints are compared and set, with the events they belong to.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, at, event, head, reader, refused, save, stream, to};
use headwater_model::{
    Append, AppendError, Checkpoint, EventStore, ExpectedRevision, Incarnation, Position,
    SaveCheckpoint,
};
use std::sync::Arc;

async fn stands(store: &dyn EventStore, name: &str) -> Option<Checkpoint> {
    store.checkpoint(reader(name)).await.expect("checkpoints are read")
}

fn only(save: SaveCheckpoint) -> Append {
    Append::default().saving(save)
}

/// C2, and a refusal says where it is: where it should be, if only the reply was lost (A5).
pub async fn a_checkpoint_moves_only_from_where_it_is(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    assert_eq!(stands(&*store, "reader").await, None);
    accepted(&*store, only(save("reader", None, 3))).await;
    accepted(&*store, only(save("other", None, 1))).await;
    for expected in [None, Some(2)] {
        let refusal = refused(&*store, only(save("reader", expected, 5))).await;
        let moved = AppendError::CheckpointMoved {
            name: reader("reader"),
            expected: expected.map(at),
            actual: Some(at(3)),
        };
        assert_eq!(refusal, moved);
    }
    let forked = Checkpoint { incarnation: Incarnation(1), position: Position(3) };
    let other_history = SaveCheckpoint { expected: Some(forked), ..save("reader", None, 5) };
    refused(&*store, only(other_history)).await;
    accepted(&*store, only(save("reader", Some(3), 5))).await;
    assert_eq!(stands(&*store, "reader").await, Some(at(5)));
    assert_eq!(stands(&*store, "other").await, Some(at(1)));
}

/// C1, in both directions.
pub async fn a_checkpoint_moves_with_its_events_or_not_at_all(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let stale = Append::to(stream("order-1"), ExpectedRevision::Exists, vec![event(1)]);
    refused(&*store, stale.saving(save("reader", None, 3))).await;
    assert_eq!(stands(&*store, "reader").await, None);
    let moved = to("order-1", [1]).saving(save("a", None, 1)).saving(save("reader", Some(9), 10));
    refused(&*store, moved).await;
    assert_eq!((head(&*store).await, stands(&*store, "a").await), (None, None));
    accepted(&*store, to("order-1", [1]).saving(save("reader", None, 3))).await;
    assert_eq!(head(&*store).await, Some(Position(0)));
    assert_eq!(stands(&*store, "reader").await, Some(at(3)));
}

/// A reader of everything must not read its own checkpoints.
pub async fn a_checkpoint_takes_no_position(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let saved = accepted(&*store, only(save("reader", None, 3))).await;
    assert_eq!((saved.position, head(&*store).await), (None, None));
    let done = accepted(&*store, to("order-1", [1])).await;
    assert_eq!(done.position, Some(Position(0)));
}

/// C2: the explicit reset.
pub async fn who_knows_where_a_checkpoint_is_may_set_it_back(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, only(save("reader", None, 9))).await;
    accepted(&*store, only(save("reader", Some(9), 2))).await;
    assert_eq!(stands(&*store, "reader").await, Some(at(2)));
}

/// A2 holds for checkpoints too.
pub async fn a_saved_checkpoint_is_there_after_opening_again(c: &mut impl Candidate) {
    let mut before = None;
    for n in 0..4 {
        let store = exam_context(c).await;
        assert_eq!(stands(&*store, "reader").await, before.map(at));
        accepted(&*store, to("order-1", [u128::from(n)]).saving(save("reader", before, n))).await;
        before = Some(n);
    }
}

/// C1: of two instances of one reader, one consumes the input.
pub async fn racing_readers_of_one_name_have_one_winner(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut racing = tokio::task::JoinSet::new();
    for n in 1..=32 {
        let store = Arc::clone(&store);
        let consumed = to(&format!("order-{n}"), [n]).saving(save("reader", None, 7));
        racing.spawn(async move { store.append(consumed).await.is_ok() });
    }
    let won = racing.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!((won, head(&*store).await), (1, Some(Position(0))));
}
