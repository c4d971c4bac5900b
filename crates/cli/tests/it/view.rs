//! `headwater view`: a person looks how far the views of a running shop are, pauses one, has one built anew,
//! and is told when it is done.

use crate::dev::Running;
use crate::headwater::{Place, Ran};
use serde_json::Value;

fn view(place: &Place, arguments: &[&str]) -> Ran {
    place.run(&[&["view"], arguments].concat())
}

fn listed(place: &Place, name: &str) -> Value {
    let views = view(place, &["ls", "--output", "json"]).good().json();
    views.into_iter().find(|view| view["name"] == name).expect("it is listed")
}

#[test]
fn a_running_shops_view_is_paused_resumed_and_built_anew() {
    let place = Place::new();
    let arguments = ["stream", "append", "customer-ann", "--type", "CustomerCreated"];
    let ann = ["--payload", r#"{"name":"Ann","credit_limit":"15.00"}"#, "-c", "customers"];
    place.run(&[&arguments[..], &ann[..], &["--expect", "any"]].concat()).good();
    let running = Running::start(&place);

    let paused = view(&place, &["pause", "history", "--why", "a drill"]).good();
    assert!(paused.out.contains("paused: a drill"), "{}", paused.out);
    assert_eq!(listed(&place, "history")["paused"], "a drill");
    let back = ["seek", "history", "--source", "nowhere", "--position", "0", "--why", "a drill"];
    let back = view(&place, &back);
    assert_eq!(
        (back.code, back.err.contains("reads nothing of nowhere")),
        (4, true),
        "{}",
        back.err
    );
    view(&place, &["resume", "history"]).good();

    let begun = view(&place, &["rebuild", "history"]).good();
    assert!(begun.out.contains("history"), "{}", begun.out);
    while listed(&place, "history")["live"] != 2 {}
    let abandoned = view(&place, &["abandon", "history"]);
    assert_eq!(abandoned.code, 3, "there is nothing to give up: {}", abandoned.err);
    assert!(abandoned.err.contains("is not being built"), "{}", abandoned.err);
    let unknown = view(&place, &["rebuild", "histori"]);
    assert_eq!((unknown.code, unknown.err.contains("history")), (4, true), "{}", unknown.err);
    running.stop();
}
