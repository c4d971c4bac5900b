//! C3 through the network: members of several clients, whose connections are cut again and again.
//!
//! The checker knows nothing of the group. It hears of an ack before it is asked, so that whatever
//! is delivered behind it can only have been delivered because of it:
//! - event n of a key comes only when the ack of n-1 was asked: in order, one at a time;
//! - no event is acked twice;
//! - in the end the group says that nothing is left, and every event was seen.

use super::{Ground, groups, join, name, number};
use crate::native::cuts::{context, everywhere};
use crate::native::proxy::{Cut, Proxy};
use crate::native::served::{Served, connect};
use headwater_conformance::run;
use headwater_model::{EventStore, GroupDelivery, GroupError, Member, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

const EVENT_COUNT: u64 = 330;
const KEY_COUNT: u64 = 11;
const CLIENT_COUNT: u64 = 4;

#[derive(Default)]
struct Checker {
    /// Of each key, the number of the first event whose ack was not asked yet.
    asked: BTreeMap<u64, u64>,
    seen: BTreeSet<u64>,
    acked: BTreeSet<u64>,
    lost_count: u64,
}

/// Event `n` is the `n / KEY_COUNT`th of its key.
const fn place(n: u64) -> (u64, u64) {
    (n % KEY_COUNT, n / KEY_COUNT)
}

impl Checker {
    fn delivered(&mut self, delivery: &GroupDelivery) {
        let (key, nth) = place(number(delivery));
        assert_eq!(&*delivery.key, format!("key-{key}"));
        let asked = self.asked.get(&key).copied().unwrap_or(0);
        assert!(nth <= asked, "C3: {nth} of key {key} came before the ack of {asked} was asked");
        self.seen.insert(number(delivery));
    }

    fn acks(&mut self, delivery: &GroupDelivery) {
        let (key, nth) = place(number(delivery));
        let asked = self.asked.entry(key).or_default();
        *asked = (*asked).max(nth + 1);
    }

    fn acked(&mut self, delivery: &GroupDelivery) {
        assert!(self.acked.insert(number(delivery)), "C3: {} acked twice", number(delivery));
    }
}

type Shared = Arc<Mutex<Checker>>;

fn locked(checker: &Shared) -> MutexGuard<'_, Checker> {
    checker.lock().expect("no worker panicked")
}

/// Joins, works until the membership is lost, and joins again.
async fn work(store: Arc<dyn EventStore>, checker: Shared) {
    loop {
        let member = join(&*store).await;
        while let Ok(taken) = member.next(3).await {
            taken.iter().for_each(|delivery| locked(&checker).delivered(delivery));
            if handle(&*member, taken, &checker).await.is_err() {
                break;
            }
        }
        locked(&checker).lost_count += 1;
    }
}

/// Acks most, retries some; what could not be settled comes again.
async fn handle(
    member: &dyn Member,
    taken: Vec<GroupDelivery>,
    checker: &Shared,
) -> Result<(), GroupError> {
    for delivery in taken {
        if delivery.id.0 % 5 == 0 {
            member.retry(delivery.id, Some(std::time::Duration::ZERO), "again".into()).await?;
            continue;
        }
        locked(checker).acks(&delivery);
        member.ack(vec![delivery.id]).await?;
        locked(checker).acked(&delivery);
    }
    Ok(())
}

/// A client of its own, behind a proxy of its own.
async fn worker(
    served: &Served,
    plan: Vec<Cut>,
    checker: &Shared,
) -> (Proxy, impl Future<Output = ()> + use<>) {
    let proxy = Proxy::before(served.address, plan).await;
    let client = connect(proxy.address).await;
    let store = context(&client).await;
    let checker = Arc::clone(checker);
    let working = async move {
        let (one, other) = (Arc::clone(&store), Arc::clone(&checker));
        tokio::join!(work(store, checker), work(one, other));
        drop(client);
    };
    (proxy, working)
}

#[test]
fn each_key_is_in_order_and_nothing_is_lost_wherever_connections_are_cut() {
    run(async {
        let ground = Ground::new([]).await;
        let checker = Shared::default();
        let mut working = tokio::task::JoinSet::new();
        let mut proxies = Vec::new();
        for n in 0..CLIENT_COUNT {
            let plan = everywhere().skip(usize::try_from(n).expect("small")).step_by(4).collect();
            let (proxy, work) = worker(&ground.served, plan, &checker).await;
            proxies.push(proxy);
            working.spawn(work);
        }
        for n in 0..EVENT_COUNT {
            ground.append(&format!("key-{}", place(n).0), n).await;
            if n % 10 == 9 {
                proxies[usize::try_from(n / 10 % CLIENT_COUNT).expect("small")].cut();
            }
        }
        let last = Some(Position(EVENT_COUNT - 1));
        loop {
            let info = groups(&*ground.store).group(name()).await.expect("it is there");
            if info.checkpoint.map(|checkpoint| checkpoint.position) == last {
                assert_eq!((info.in_flight_count, info.parked_count, info.lag_count), (0, 0, 0));
                break;
            }
            assert!(!working.is_empty(), "no worker ends");
            if let Some(Err(broken)) = working.try_join_next().map(|ended| ended.map(drop)) {
                std::panic::resume_unwind(broken.into_panic());
            }
            tokio::task::yield_now().await;
        }
        working.shutdown().await;
        let checker = locked(&checker);
        assert_eq!(checker.seen.len() as u64, EVENT_COUNT, "C3: none is lost");
        assert!(checker.lost_count > 20, "memberships were lost: {}", checker.lost_count);
    });
}
