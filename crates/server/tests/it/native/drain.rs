//! A server that stops answers what it has in hand, and its clients go on with the next one.

use super::cuts::{context, from, one, take};
use super::served::{Place, connect};
use headwater_conformance::run;
use headwater_model::{Query, ReadAll, Start};
use std::sync::Arc;

/// A2, A4, R3: stopped and started again under load, at the same address.
#[test]
fn clients_go_on_when_their_server_is_stopped_and_started_again() {
    run(async {
        let place = Place::new();
        let mut served = place.serve_anywhere().await;
        let client = connect(served.address).await;
        let remote = context(&client).await;
        let mut subscription = remote.subscribe(from(Start::Beginning)).await.expect("it stands");
        let writing = (0..4_u64).map(|writer| {
            let remote = Arc::clone(&remote);
            async move {
                for n in 0..50 {
                    let append = one(&format!("w-{writer}"), writer * 50 + n);
                    remote.append(append).await.expect("answered by one server or the next");
                }
            }
        });
        let restarting = async {
            for _ in 0..3 {
                let address = served.address;
                drop(served.stop().await);
                served = place.serve(address).await;
            }
            served
        };
        let all = futures_util::future::join_all(writing);
        let (mut seen, _, served) = tokio::join!(take(&mut *subscription, 200), all, restarting);
        let page = context(&served.store).await.read_all(ReadAll::forwards(Query::all())).await;
        let there: Vec<u64> =
            page.expect("a page").events.iter().map(|e| e.id.0.as_u128() as u64).collect();
        assert_eq!(seen, there, "each once, in the order of the store");
        seen.sort_unstable();
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
    });
}

/// Behind a stop nobody holds the store: it can be opened again at once.
#[test]
fn a_stopped_server_lets_go_of_its_store() {
    run(async {
        let place = Place::new();
        let served = place.serve_anywhere().await;
        let client = connect(served.address).await;
        let remote = context(&client).await;
        let mut subscription = remote.subscribe(from(Start::Now)).await.expect("it stands");
        let waiting = remote.wait_past(None);
        remote.append(one("s-1", 0)).await.expect("appended");
        waiting.await.expect("it has come");
        drop(served.stop().await);
        let served = place.serve(served_again(&client)).await;
        assert_eq!(take(&mut *subscription, 1).await, [0]);
        drop(served.stop().await);
    });
}

fn served_again(client: &headwater_client::Client) -> std::net::SocketAddr {
    let address = client.address().to_string();
    address.trim_start_matches("headwater://").parse().expect("host and port")
}
