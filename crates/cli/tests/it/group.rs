//! `headwater group`: made, looked at, mended, against a directory and against a server.

use crate::headwater::Place;
use crate::server::Running;
use headwater_client::{Client, ClientOptions};
use headwater_model::{ContextName, Contexts, GroupName};

fn append(place: &Place, more: &[&str], stream: &str) {
    let command = ["stream", "append", stream, "--type", "Sent", "--expect", "any"];
    place.run(&[&command, more].concat()).good();
}

const CREATE: [&str; 7] =
    ["group", "create", "billing", "--start", "beginning", "--category", "invoice"];

#[test]
fn a_group_is_made_shown_sought_and_deleted() {
    let place = Place::new();
    append(&place, &[], "invoice-1");
    append(&place, &[], "other-1");
    let json = |arguments: &[&str]| place.run(&[arguments, &["--output", "json"]].concat());
    let made = json(&CREATE).good().json();
    assert_eq!((&made[0]["group"], &made[0]["lag_count"]), (&"billing".into(), &2.into()));
    place.run(&CREATE).good();
    let listed = place.run(&["group", "ls"]).good();
    assert!(listed.out.contains("GROUP") && listed.out.contains("billing"), "{}", listed.out);
    let shown = place.run(&["group", "show", "billing"]).good();
    assert!(shown.out.contains("invoice") && shown.out.contains("30000 ms"), "{}", shown.out);
    let sought = json(&["group", "seek", "billing", "--to", "0"]).good().json();
    assert_eq!(sought[0]["checkpoint"]["position"], 0);
    let now = place.run(&["group", "seek", "billing", "--to", "now"]).good();
    assert_eq!(now.out, "group billing goes on behind 1\n");
    let ahead = place.run(&["group", "seek", "billing", "--to", "77"]);
    assert!(ahead.code == 1 && ahead.err.contains("is not of this history"), "{}", ahead.err);
    let other = place.run(&[&CREATE[..], &["--attempts-max", "9"]].concat());
    assert_eq!((other.code, other.err.contains("with other settings")), (3, true), "{}", other.err);
    place.run(&["group", "delete", "billing"]).good();
    assert_eq!(place.run(&["group", "show", "billing"]).code, 4);
    assert_eq!(place.run(&["group", "replay", "billing"]).code, 2, "which must be said");
}

/// C3: a person has what was set aside delivered again, or gives it up.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_parked_is_listed_replayed_and_skipped() {
    let place = Place::new();
    let running = Running::start(&place);
    let server = ["--server", running.server.as_str()];
    append(&place, &server, "invoice-1");
    append(&place, &server, "invoice-1");
    let run = |arguments: &[&str]| place.run(&[arguments, &server[..]].concat());
    run(&CREATE).good();
    let address = running.server.parse().expect("an address");
    let client = Client::connect(address, ClientOptions::default()).await.expect("it answers");
    let context = client.context(ContextName::new("default").expect("a name")).await;
    let context = context.expect("it is there");
    let groups = context.consumer_groups().expect("it has groups");
    let name = GroupName::new("billing").expect("a name");
    let member = groups.join_group(name, "ann".into()).await.expect("there is room");
    let held = member.next(10).await.expect("delivered");
    member.park(held[0].id, "no such customer".into()).await.expect("its own");
    let parked = run(&["group", "parked", "billing"]).good();
    assert!(parked.out.contains("no such customer"), "{}", parked.out);
    assert!(parked.out.contains("1 behind it"), "{}", parked.out);
    let parked = run(&["group", "parked", "billing", "--output", "json"]).good().json();
    assert_eq!((&parked[0]["position"], &parked[0]["event"]["type"]), (&0.into(), &"Sent".into()));
    run(&["group", "replay", "billing", "0"]).good();
    let again = member.next(10).await.expect("delivered");
    assert_eq!((again[0].event.position.0, again[0].attempt), (0, 1));
    member.park(again[0].id, "still not".into()).await.expect("its own");
    let skipped = run(&["group", "skip", "billing", "--all", "--why", "it left us"]).good();
    assert_eq!(skipped.out, "1 parked of group billing are given up\n");
    let next = member.next(10).await.expect("delivered");
    assert_eq!(next[0].event.position.0, 1);
}
