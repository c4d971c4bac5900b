//! A client's day: it orders, reads its own write, is refused, gives up waiting and asks again, and
//! never sees anything counted twice or lost.

use crate::client::Town;
use serde_json::json;

fn order_of(seen: &crate::client::Seen) -> String {
    let order = seen.body["orderId"].as_str();
    order.unwrap_or_else(|| panic!("no order: {seen:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_seen_once_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let town = Town::open(directory.path()).await;

    let placed = town.place("k1", "tea", 3).await;
    assert_eq!((placed.status, placed.replayed), (201, false));
    let (order, after) = (order_of(&placed), placed.position.clone().unwrap());
    assert!(after.starts_with("orders:"), "the token names its context: {after}");
    let shown = town.show(&order, &after).await;
    assert_eq!(shown.body, json!({ "item": "tea", "count": 3, "cancelled": 0 }), "own write");
    assert_eq!(town.taken("tea", &after).await, json!(3), "through a reaction and its view");

    // The client saw no answer and asks again: the same order, counted once.
    let again = town.place("k1", "tea", 3).await;
    assert_eq!((again.status, again.replayed), (201, true));
    assert_eq!((order_of(&again), &again.position), (order.clone(), &placed.position));
    let other = town.place("k1", "tea", 4).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("command.key_reused")));

    let nothing = town.place("k2", "tea", 0).await;
    assert_eq!((nothing.status, &nothing.body["code"]), (422, &json!("order.nothing")));
    assert_eq!(nothing.position, None);
    let unfit = town.place("k3", "tea", -1).await;
    assert_eq!(unfit.body["errors"][0]["pointer"], "#/count", "{unfit:?}");
    let unknown = town.cancel("k4", "nobody").await;
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &json!("order.unknown")));
    assert_eq!(town.show("nobody", "").await.status, 404);

    let cancelled = town.cancel("k5", &order).await;
    assert_eq!(cancelled.status, 200);
    let twice = town.cancel("k6", &order).await;
    assert_eq!(
        (twice.status, &twice.body["detail"]),
        (409, &json!("the order was cancelled before"))
    );
    let after = cancelled.position.unwrap();
    assert_eq!(town.show(&order, &after).await.body["cancelled"], 1);
    assert_eq!(town.taken("tea", &after).await, json!(3));

    let ready = town.ready().await;
    assert_eq!((ready.status, &ready.body["ready"]), (200, &json!(true)), "{ready:?}");
    assert_eq!(ready.body["readers"].as_array().unwrap().len(), 2);
    assert_eq!(ready.body["unpublished"], json!([]));
    town.stop().await;

    // All of it is still so after a restart, the answer to a retry included.
    let town = Town::open(directory.path()).await;
    let again = town.place("k1", "tea", 3).await;
    assert_eq!((order_of(&again), again.replayed), (order.clone(), true));
    let more = town.place("k7", "tea", 2).await;
    let after = more.position.unwrap();
    assert_eq!(town.taken("tea", &after).await, json!(5));
    assert_eq!(town.show(&order, &after).await.body["cancelled"], 1);
    town.stop().await;

    // And after the views were thrown away: they are only what the log says.
    std::fs::remove_dir_all(directory.path().join("views")).unwrap();
    let town = Town::open(directory.path()).await;
    assert_eq!(town.show(&order, &after).await.body["cancelled"], 1);
    let last = town.place("k8", "tea", 1).await.position.unwrap();
    assert_eq!(town.taken("tea", &last).await, json!(6));
    town.stop().await;
}

/// Clients that race each other, each asking twice: every key counts once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_clients_that_repeat_themselves_are_counted_once_each() {
    let directory = tempfile::tempdir().unwrap();
    let town = std::sync::Arc::new(Town::open(directory.path()).await);
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..8 {
        for _ in 0..2 {
            let town = std::sync::Arc::clone(&town);
            clients.spawn(async move {
                let mut orders = Vec::new();
                for n in 0..10 {
                    let seen = town.place(&format!("{client}-{n}"), "tea", 1).await;
                    assert_eq!(seen.status, 201, "{seen:?}");
                    orders.push((order_of(&seen), seen.position.unwrap()));
                }
                (client, orders)
            });
        }
    }
    let mut answers = clients.join_all().await;
    answers.sort_by_key(|(client, _)| *client);
    for pair in answers.chunks(2) {
        assert_eq!(pair[0], pair[1], "both askers were told the same");
    }
    let places = answers.iter().flat_map(|(_, orders)| orders).map(|(_, place)| place.clone());
    let number = |place: &String| place.rsplit(':').next().unwrap().parse::<u64>().unwrap();
    let last = places.max_by_key(number).unwrap();
    assert_eq!(town.taken("tea", &last).await, json!(80));
    std::sync::Arc::into_inner(town).unwrap().stop().await;
}
