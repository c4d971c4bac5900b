//! Consumer groups behind a socket: the exam, and what only a network does to them.
//!
//! A membership is its stream. Whoever loses it is told so, joins again, and is delivered again what was
//! not settled; what was settled without a reply is found out by what is delivered next.

mod racing;

use super::cuts::{context, everywhere, one};
use super::proxy::{Cut, Proxy};
use super::served::{Place, SOCKETS, Served, connect};
use futures_util::stream::{self, StreamExt as _};
use headwater_client::Client;
use headwater_conformance::run;
use headwater_model::{
    ConsumerGroups, DeliveryId, EventStore, GroupDelivery, GroupError, GroupName, GroupSettings,
    Member, ParkedPart, Query, Seek, Start,
};
use headwater_wire::v1::consumer_groups_client::ConsumerGroupsClient;
use headwater_wire::{MemberAsked, MemberTold, v1};
use std::collections::BTreeMap;
use std::sync::Arc;
use tonic::transport::Endpoint;

mod over_a_socket {
    headwater_conformance::exam_groups!(crate::native::candidate::Remote::new());
}

pub(super) fn name() -> GroupName {
    GroupName::new("work").expect("a name")
}

pub(super) fn groups(store: &dyn EventStore) -> &dyn ConsumerGroups {
    store.consumer_groups().expect("this store has groups")
}

pub(super) async fn join(store: &dyn EventStore) -> Box<dyn Member> {
    groups(store).join_group(name(), "test".into()).await.expect("there is room")
}

pub(super) fn number(delivery: &GroupDelivery) -> u64 {
    delivery.event.id.0.as_u128() as u64
}

/// A server with a group over everything, a proxy before it, and a client of the proxy.
struct Ground {
    served: Served,
    store: Arc<dyn EventStore>,
    proxy: Proxy,
    remote: Arc<dyn EventStore>,
    _client: Client,
}

impl Ground {
    async fn new(plan: impl IntoIterator<Item = Cut>) -> Self {
        let served = Place::new().serve_anywhere().await;
        let store = context(&served.store).await;
        let settings = GroupSettings { attempts_max: 10_000, ..GroupSettings::over(Query::all()) };
        groups(&*store).create_group(name(), settings, Start::Beginning).await.expect("made");
        let proxy = Proxy::before(served.address, plan).await;
        let client = connect(proxy.address).await;
        let remote = context(&client).await;
        Self { served, store, proxy, remote, _client: client }
    }

    async fn append(&self, stream: &str, n: u64) {
        self.store.append(one(stream, n)).await.expect("appended");
    }
}

/// A5: what may be asked twice is asked again until it is answered.
#[test]
fn groups_are_made_changed_and_looked_at_wherever_connections_are_cut() {
    run(async {
        let ground = Ground::new(everywhere()).await;
        let remote = groups(&*ground.remote);
        for n in 0..40 {
            let other = GroupName::new(format!("g-{n}")).expect("a name");
            let settings = GroupSettings::over(Query::all());
            let made = remote.create_group(other.clone(), settings.clone(), Start::Now).await;
            made.expect("it is made");
            let patient = GroupSettings { ack_wait_ms: 1 + n, ..settings };
            remote.update_group(other.clone(), patient.clone()).await.expect("it is changed");
            let info = remote.group(other.clone()).await.expect("it is there");
            assert_eq!(info.settings, patient);
            assert_eq!(remote.groups().await.expect("listed").len(), 2);
            assert_eq!(remote.parked(other.clone(), None, 10).await, Ok(Vec::new()));
            remote.delete_group(other.clone()).await.expect("it is deleted");
            let gone = GroupError::NotFound { name: other.clone() };
            assert_eq!(remote.group(other).await, Err(gone));
        }
        assert!(ground.proxy.left() < 70, "connections were cut");
    });
}

/// C3: a member whose connection broke is none any more, and others get what it held.
#[test]
fn a_broken_connection_gives_back_what_its_member_held() {
    run(async {
        let ground = Ground::new([]).await;
        ground.append("a-1", 0).await;
        let member = join(&*ground.remote).await;
        let held = member.next(10).await.expect("delivered");
        let other = join(&*ground.store).await;
        ground.proxy.cut();
        let given = other.next(10).await.expect("it comes back");
        assert_eq!((number(&given[0]), given[0].attempt), (0, 2));
        let gone = GroupError::NotAMember { name: name() };
        assert_eq!(member.next(10).await.err(), Some(gone.clone()));
        assert_eq!(member.ack(vec![held[0].id]).await, Err(gone));
        other.ack(vec![given[0].id]).await.expect("its own");
        let again = join(&*ground.remote).await;
        ground.append("a-1", 1).await;
        assert_eq!(
            number(&again.next(10).await.expect("delivered")[0]),
            1,
            "who joins again goes on"
        );
    });
}

/// A5: the ack was made and its reply was lost. Nobody claims to know, and it stays made.
#[test]
fn a_lost_reply_to_an_ack_is_unknown_and_the_ack_holds() {
    run(async {
        let ground = Ground::new([]).await;
        ground.append("a-1", 0).await;
        let member = join(&*ground.remote).await;
        let held = member.next(10).await.expect("delivered");
        ground.proxy.mute();
        let lose = async {
            while groups(&*ground.store).group(name()).await.expect("there").lag_count > 0 {
                tokio::task::yield_now().await;
            }
            ground.proxy.cut();
        };
        let (answer, ()) = tokio::join!(member.ack(vec![held[0].id]), lose);
        assert!(matches!(answer, Err(GroupError::Unknown(_))), "{answer:?}");
        ground.append("a-1", 1).await;
        let again = join(&*ground.remote).await;
        let next = again.next(10).await.expect("delivered");
        assert_eq!((number(&next[0]), next[0].attempt), (1, 1), "the first was done");
    });
}

/// A5: what would be done twice if it were asked twice is not.
#[test]
fn a_lost_reply_to_a_replay_or_a_seek_is_unknown() {
    run(async {
        let ground = Ground::new([]).await;
        ground.append("a-1", 0).await;
        let member = join(&*ground.store).await;
        let held = member.next(10).await.expect("delivered");
        member.park(held[0].id, "broken".into()).await.expect("its own");
        ground.proxy.mute();
        let lose = async {
            while groups(&*ground.store).group(name()).await.expect("there").parked_count > 0 {
                tokio::task::yield_now().await;
            }
            ground.proxy.cut();
        };
        let replay = groups(&*ground.remote).replay_parked(name(), ParkedPart::All);
        let (answer, ()) = tokio::join!(replay, lose);
        assert!(matches!(answer, Err(GroupError::Unknown(_))), "{answer:?}");
        let sought = groups(&*ground.remote).seek_group(name(), Seek::Now).await;
        assert!(sought.is_ok(), "asked over another connection: {sought:?}");
    });
}

/// A dropped future loses nothing: what came for it is given to the next who asks, once.
#[test]
fn what_comes_for_a_call_that_was_given_up_is_not_lost() {
    run(async {
        let ground = Ground::new([]).await;
        let member = join(&*ground.remote).await;
        let mut seen = Vec::new();
        for n in 0..200 {
            let mut given_up = member.next(10);
            let mut noop = std::task::Context::from_waker(std::task::Waker::noop());
            if let std::task::Poll::Ready(taken) = given_up.as_mut().poll(&mut noop) {
                seen.extend(taken.expect("delivered"));
            }
            ground.append(&format!("s-{n}"), n).await;
            drop(given_up);
            let held: Vec<_> = seen.iter().map(|delivery: &GroupDelivery| delivery.id).collect();
            if n % 10 == 9 && !held.is_empty() {
                member.renew(held).await.expect("they are its own");
            }
            if seen.len() > 30 {
                let acked = seen.drain(..30).map(|delivery| delivery.id).collect();
                member.ack(acked).await.expect("they are its own, and each came once");
            }
        }
        let settled = async {
            loop {
                let taken = member.next(10).await.expect("delivered");
                assert!(taken.iter().all(|delivery| delivery.attempt == 1));
                member.ack(taken.iter().map(|d| d.id).collect()).await.expect("its own");
                let acked = std::mem::take(&mut seen).into_iter().map(|d| d.id).collect();
                member.ack(acked).await.expect("its own");
                if groups(&*ground.store).group(name()).await.expect("there").lag_count == 0 {
                    return;
                }
            }
        };
        settled.await;
    });
}

/// D3: what makes no sense is answered by its number, and the membership goes on.
#[test]
fn a_member_that_talks_nonsense_is_answered() {
    run(async {
        let ground = Ground::new([]).await;
        let address = ground.served.address;
        let of = ground.store.context();
        let asked = |number: u64, asked: &MemberAsked| v1::MemberRequest::new(of, number, asked);
        let join = MemberAsked::Join { group: name(), member: "m".into() };
        let next = |count_max| MemberAsked::Next { count_max };
        let mut requests = vec![asked(1, &join), asked(2, &next(0)), asked(3, &join)];
        requests.extend((4..=68).map(|number| asked(number, &next(1))));
        requests.push(asked(69, &MemberAsked::Cancel { number: 1_000 }));
        requests.push(asked(90, &MemberAsked::Ack { deliveries: vec![DeliveryId(77)] }));
        requests.push(v1::MemberRequest { number: 91, asked: None });
        let replies = SOCKETS.spawn(async move {
            let channel = Endpoint::from_shared(format!("http://{address}")).expect("a URL");
            let channel = channel.connect().await.expect("it listens");
            let requests = stream::iter(requests).chain(stream::pending());
            let mut client = ConsumerGroupsClient::new(channel);
            let mut replies = client.join(requests).await.expect("it opens").into_inner();
            let mut told = BTreeMap::new();
            while told.len() < 6 {
                let reply = replies.message().await.expect("it goes on").expect("it goes on");
                told.insert(reply.number, reply.understood().expect("it makes sense"));
            }
            told
        });
        let told = replies.await.expect("no panic");
        assert!(matches!(told[&1], Ok(MemberTold::Joined(_))));
        for number in [2, 3, 68, 91] {
            let told = &told[&number];
            assert!(matches!(told, Err(GroupError::Invalid { .. })), "{number}: {told:?}");
        }
        let theirs = GroupError::NotYours { deliveries: vec![DeliveryId(77)] };
        assert_eq!(told[&90], Err(theirs));
    });
}

/// A server that stops ends its memberships in order, and its store can be opened again at once.
#[test]
fn a_server_that_stops_lets_its_members_go() {
    run(async {
        let place = Place::new();
        let served = place.serve_anywhere().await;
        let client = connect(served.address).await;
        let remote = context(&client).await;
        let settings = GroupSettings::over(Query::all());
        groups(&*remote).create_group(name(), settings, Start::Beginning).await.expect("made");
        let (holds, waits) = (join(&*remote).await, join(&*remote).await);
        remote.append(one("a-1", 0)).await.expect("appended");
        let held = holds.next(1).await.expect("delivered");
        let acking = holds.ack(vec![held[0].id]);
        let waiting = waits.next(1);
        let address = served.address;
        let (acked, waited, store) = tokio::join!(acking, waiting, served.stop());
        assert!(matches!(acked, Ok(()) | Err(GroupError::Unknown(_))), "{acked:?}");
        assert_eq!(waited.err(), Some(GroupError::NotAMember { name: name() }));
        drop(store);
        let served = place.serve(address).await;
        remote.append(one("a-1", 1)).await.expect("appended");
        let again = join(&*remote).await.next(1).await.expect("delivered");
        assert_eq!(
            number(&again[0]),
            u64::from(acked.is_ok()),
            "what was acked is not delivered again"
        );
        drop(served.stop().await);
    });
}
