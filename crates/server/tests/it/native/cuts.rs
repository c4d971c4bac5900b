//! Connections break in the middle of a frame, of a request, of an answer. What a client was told
//! holds, what it was not told is found out, and its readers miss nothing and see nothing twice.

use super::proxy::{Cut, Proxy};
use super::served::{Place, Served, connect, connect_with, options};
use headwater_client::{Client, ClientOptions};
use headwater_conformance::run;
use headwater_model::{
    Append, AppendError, Appended, Checkpoint, CheckpointName, ContextName, Contexts, Delivery,
    EventId, EventStore, EventType, ExpectedRevision, Incarnation, NewEvent, Position, Query,
    ReadAll, SaveCheckpoint, Start, StreamName, Subscribe, Subscription, Unavailable,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const WRITER_COUNT: u64 = 8;
const EACH_COUNT: u64 = 25;

pub(super) fn event(n: u64) -> NewEvent {
    let kind = EventType::new("Counted").expect("a type");
    NewEvent::json(EventId(Uuid::from_u128(n.into())), kind, format!("{{\"n\":{n}}}"))
}

pub(super) fn one(stream: &str, n: u64) -> Append {
    let stream = StreamName::new(stream).expect("a name");
    Append::to(stream, ExpectedRevision::Any, vec![event(n)])
}

pub(super) async fn context(contexts: &dyn Contexts) -> Arc<dyn EventStore> {
    let name = ContextName::new("cut").expect("a name");
    contexts.context(name).await.expect("a context")
}

pub(super) fn from(start: Start) -> Subscribe {
    Subscribe { query: Query::all(), start }
}

/// The numbers of the next `count` events.
pub(super) async fn take(subscription: &mut dyn Subscription, count: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match subscription.next().await.expect("a subscription outlives its connections") {
            Delivery::Events { events, checkpoint } => {
                let last = events.last().expect("never empty").position;
                assert!(last <= checkpoint.position, "C2: a checkpoint is behind its events");
                seen.extend(events.iter().map(|event| event.id.0.as_u128() as u64));
            }
            Delivery::CaughtUp { .. } => {}
        }
    }
    seen
}

/// Cuts a few bytes further each time, now on the way there, now on the way back.
pub(super) fn everywhere() -> impl Iterator<Item = Cut> {
    let up = (0..40_u64).map(|n| Cut { up: 24 + 53 * n, down: u64::MAX });
    let down = (0..40_u64).map(|n| Cut { up: u64::MAX, down: 9 + 31 * n });
    up.zip(down).flat_map(|(up, down)| [up, down])
}

async fn behind_proxy(plan: impl IntoIterator<Item = Cut>) -> (Served, Proxy, Client) {
    let served = Place::new().serve_anywhere().await;
    drop(context(&served.store).await);
    let proxy = Proxy::before(served.address, plan).await;
    let client = connect(proxy.address).await;
    (served, proxy, client)
}

/// A4, A5: every append is made once and answered, wherever its connections were cut.
#[test]
fn appends_are_made_once_wherever_their_connections_are_cut() {
    run(async {
        let (served, proxy, client) = behind_proxy(everywhere()).await;
        let remote = context(&client).await;
        let writers = (0..WRITER_COUNT).map(|writer| {
            let remote = Arc::clone(&remote);
            async move {
                let mut answers = Vec::new();
                for n in 0..EACH_COUNT {
                    let n = writer * EACH_COUNT + n;
                    let answer = remote.append(one(&format!("w-{writer}"), n)).await;
                    answers.push((n, answer.expect("it is found out in the end")));
                }
                answers
            }
        });
        let answers: Vec<(u64, Appended)> =
            futures_util::future::join_all(writers).await.into_iter().flatten().collect();
        assert!(proxy.left() < 70, "connections were cut: {} were not", proxy.left());
        let store = context(&served.store).await;
        let page = store.read_all(ReadAll::forwards(Query::all())).await.expect("a page");
        assert_eq!(page.events.len() as u64, WRITER_COUNT * EACH_COUNT, "none twice, none missing");
        for (n, appended) in answers {
            let position = appended.position.expect("one event").0;
            let there = &page.events[usize::try_from(position).expect("small")];
            assert_eq!(there.id, event(n).id, "what was told is what is there");
            assert_eq!(appended.revisions, [Some(there.revision)]);
        }
    });
}

/// R3: stored and live events, over dozens of connections, each once and in order.
#[test]
fn a_subscription_continues_where_its_connection_was_cut() {
    run(async {
        let (served, proxy, client) = behind_proxy(everywhere()).await;
        let store = context(&served.store).await;
        for n in 0..300 {
            store.append(one("s-1", n)).await.expect("appended");
        }
        let remote = context(&client).await;
        let mut subscription = remote.subscribe(from(Start::Beginning)).await.expect("it stands");
        let writing = async {
            for n in 300..600 {
                store.append(one("s-2", n)).await.expect("appended");
                tokio::task::yield_now().await;
            }
        };
        let (seen, ()) = tokio::join!(take(&mut *subscription, 450), writing);
        proxy.cut();
        let mut seen = seen;
        let missing = 600 - seen.len();
        seen.extend(take(&mut *subscription, missing).await);
        assert_eq!(seen, (0..600).collect::<Vec<_>>());
    });
}

/// R3: where "now" was is known once the subscription stands, also when nothing has come yet.
#[test]
fn now_stays_the_moment_of_the_subscription_when_its_connection_is_cut() {
    run(async {
        let (served, proxy, client) = behind_proxy([]).await;
        let store = context(&served.store).await;
        store.append(one("s-1", 0)).await.expect("appended");
        let remote = context(&client).await;
        let mut subscription = remote.subscribe(from(Start::Now)).await.expect("it stands");
        proxy.cut();
        store.append(one("s-1", 1)).await.expect("appended");
        assert_eq!(take(&mut *subscription, 1).await, [1]);
    });
}

/// A4: the append was made and its reply was lost. Asked again, it answers as the first time.
#[test]
fn a_lost_reply_is_found_out_by_asking_again() {
    run(async {
        let (served, proxy, client) = behind_proxy([]).await;
        let (store, remote) = (context(&served.store).await, context(&client).await);
        remote.append(one("s-1", 0)).await.expect("the pipeline stands");
        proxy.mute();
        let lose = async {
            store.wait_past(Some(Position(0))).await.expect("it was made");
            proxy.cut();
        };
        let (answer, ()) = tokio::join!(remote.append(one("s-1", 1)), lose);
        let appended = answer.expect("it is found out");
        assert_eq!((appended.position, appended.replayed), (Some(Position(1)), true));
    });
}

/// A5: what has no ids cannot be found out by asking again, and is not asked twice.
#[test]
fn a_lost_reply_to_what_has_no_ids_is_unknown() {
    run(async {
        let (served, proxy, client) = behind_proxy([]).await;
        let (store, remote) = (context(&served.store).await, context(&client).await);
        remote.append(one("s-1", 0)).await.expect("the pipeline stands");
        proxy.mute();
        let name = CheckpointName::new("reader").expect("a name");
        let to = Checkpoint { incarnation: Incarnation(0), position: Position(0) };
        let save = SaveCheckpoint { name: name.clone(), expected: None, to };
        let lose = async {
            while store.checkpoint(name.clone()).await.expect("a checkpoint") != Some(to) {
                tokio::task::yield_now().await;
            }
            proxy.cut();
        };
        let (answer, ()) = tokio::join!(remote.append(Append::default().saving(save)), lose);
        assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
    });
}

/// A5: at the deadline, what may have been made is unknown; what was never sent was not made.
#[test]
fn at_the_deadline_only_what_was_sent_is_unknown() {
    run(async {
        let (served, proxy, _) = behind_proxy([]).await;
        let soon = ClientOptions { answer_within: Duration::from_millis(300), ..options() };
        let client = connect_with(proxy.address, soon).await;
        let remote = context(&client).await;
        remote.append(one("s-1", 0)).await.expect("the pipeline stands");
        proxy.mute();
        let silent = remote.append(one("s-1", 1)).await;
        assert!(matches!(silent, Err(AppendError::Unknown(_))), "{silent:?}");
        served.stop().await;
        proxy.cut();
        let gone = remote.append(one("s-1", 2)).await;
        let gone_again = remote.append(one("s-1", 3)).await;
        let unavailable = |answer: &Result<Appended, AppendError>| {
            matches!(answer, Err(AppendError::Unavailable(Unavailable::Io { .. })))
        };
        assert!(unavailable(&gone_again), "after {gone:?} nothing is sent: {gone_again:?}");
    });
}
