//! `headwater relay`: a service in any language writes a row, and this carries it (B1).

use crate::headwater::Place;
use crate::server::Running;
use headwater_client::{Client, ClientOptions};
use headwater_model::{ContextName, Contexts};
use std::process::Command;

const DATABASE: [&str; 2] = ["--database", "sqlite:own.db"];

fn own(place: &Place) -> rusqlite::Connection {
    rusqlite::Connection::open(place.path().join("own.db")).expect("a database")
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_carried_into_the_server_until_it_is_told_to_stop() {
    let place = Place::new();
    let database = own(&place);
    let ddl = place.run(&["relay", "ddl", DATABASE[0], DATABASE[1]]).good().out;
    database.execute_batch(&ddl).expect("what it prints is what makes the tables");
    let insert =
        "insert into headwater_outbox (stream, type, payload) values ('order-1', 'Placed', '{}')";
    database.execute_batch(insert).expect("a row");
    let running = Running::start(&place);
    let to = ["--server", running.server.as_str(), "--context", "orders"];
    let mut relay = place.command(&[&["relay", "run"], &DATABASE[..], &to].concat());
    let mut relay = relay.spawn().expect("the program starts");
    let address = running.server.parse().expect("an address");
    let client = Client::connect(address, ClientOptions::default()).await.expect("it answers");
    let orders = client.context(ContextName::new("orders").expect("a name")).await;
    orders.expect("it is there").wait_past(None).await.expect("it arrives");
    let pid = relay.id().to_string();
    let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
    assert!(asked.success());
    assert!(relay.wait().expect("it ends").success(), "in good order");
    let read = place.run(&[&["stream", "read", "order-1"], &to[..]].concat()).good();
    assert!(read.out.contains("Placed"), "{}", read.out);
}

#[test]
fn what_is_parked_is_listed_and_what_is_not_there_is_said() {
    let place = Place::new();
    let run = |words: &[&str]| place.run(&[&["relay"], words, &DATABASE[..]].concat());
    let database = own(&place);
    database.execute_batch(&run(&["ddl"]).good().out).expect("the tables");
    assert_eq!(run(&["parked"]).good().out, "nothing is parked\n");
    assert_eq!(run(&["retry", "order-1"]).code, 4);
    assert_eq!(run(&["discard", "7"]).code, 4);
    let insert =
        "insert into headwater_outbox_parked values ('headwater_outbox', '7', 'order-1', 'no', 0)";
    database.execute_batch(insert).expect("a parked row");
    let parked = run(&["parked", "--output", "json"]).good().json();
    assert_eq!((&parked[0]["row"], &parked[0]["stream"]), (&"7".into(), &"order-1".into()));
    run(&["discard", "7"]).good();
    assert_eq!(run(&["parked"]).good().out, "nothing is parked\n");
    let unknown = place.run(&["relay", "parked", "--database", "oracle://scott:tiger@db/x"]);
    assert!(unknown.code == 1 && !unknown.err.contains("tiger"), "{}", unknown.err);
}
