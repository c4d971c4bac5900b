//! `headwater parked`: an answer for an order that nobody has taken is set aside by a running shop; a
//! person sees it, tries again, mends the cause, and is told at each step.

use crate::dev::Running;
use crate::headwater::{Place, Ran};

const ORDER: &str = "lost-7";

fn append(place: &Place, context: &str, stream: &str, kind: &str, payload: &str) {
    let arguments = ["stream", "append", stream, "--type", kind, "--payload", payload];
    place.run(&[&arguments[..], &["-c", context, "--expect", "any"]].concat()).good();
}

/// Credit was reserved for an order that the orders service does not know, as after a bad restore.
fn credit_for_an_unknown_order() -> Place {
    let place = Place::new();
    let payload = format!(r#"{{"order":"{ORDER}","amount":"5.00"}}"#);
    let ann = r#"{"name":"Ann","credit_limit":"15.00"}"#;
    append(&place, "customers", "customer-ann", "CustomerCreated", ann);
    append(&place, "customers", "customer-ann", "CreditReserved", &payload);
    place
}

fn parked(place: &Place, arguments: &[&str]) -> Ran {
    place.run(&[&["parked"], arguments].concat())
}

/// The id of the one event that is parked, once it is.
fn the_parked_event(place: &Place) -> String {
    loop {
        let listed = parked(place, &["ls", "--output", "json"]).good().json();
        if let [input] = &listed[..] {
            assert_eq!(
                (&input["service"], &input["reader"]),
                (&"orders".into(), &"settle-order".into())
            );
            assert_eq!(input["code"], "order.unknown");
            return input["event"].as_str().expect("an id").to_owned();
        }
    }
}

#[test]
fn what_a_running_shop_set_aside_is_seen_and_retried_when_its_cause_is_mended() {
    let place = credit_for_an_unknown_order();
    let running = Running::start(&place);
    let event = the_parked_event(&place);
    let listed = parked(&place, &["ls"]).good().out;
    assert!(listed.contains("there is no such order (order.unknown)"), "{listed}");
    let hint = format!("headwater parked retry settle-order {event}");
    assert!(listed.contains(&hint), "{listed}");
    let again = parked(&place, &["retry", "settle-order", &event]);
    assert_eq!(again.code, 3, "{}{}", again.out, again.err);
    assert!(again.out.contains("there is no such order"), "{}", again.out);
    running.stop();

    let order = r#"{"customer":"ann","total":"5.00"}"#;
    append(&place, "orders", &format!("order-{ORDER}"), "OrderCreated", order);
    let running = Running::start(&place);
    let done = parked(&place, &["retry", "settle-order", "--all"]).good();
    assert!(done.out.starts_with("done    settle-order"), "{}", done.out);
    assert_eq!(parked(&place, &["ls", "settle-order"]).good().out, "nothing is parked\n");
    running.stop();
    let stream = format!("order-{ORDER}");
    let events = place.run(&["stream", "read", &stream, "-c", "orders", "--output", "json"]);
    let types: Vec<_> = events.good().json().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["OrderCreated", "OrderApproved"]);
}

#[test]
fn what_does_not_matter_is_discarded_with_a_reason() {
    let place = credit_for_an_unknown_order();
    let running = Running::start(&place);
    let event = the_parked_event(&place);
    let nothing = parked(&place, &["discard", "settle-order", &event, "--why", ""]);
    assert_eq!((nothing.code, nothing.err.contains("reason")), (3, true), "{}", nothing.err);
    let end = ["end", "settle-order", &event, "--as", "completed", "--why", "by hand"];
    let no_saga = parked(&place, &end);
    assert_eq!((no_saga.code, no_saga.err.contains("no saga")), (3, true), "{}", no_saga.err);
    let why = ["discard", "settle-order", &event, "--why", "a drill"];
    assert!(parked(&place, &why).good().out.starts_with("discarded  settle-order"));
    let gone = parked(&place, &["retry", "settle-order", &event, "--output", "json"]);
    assert_eq!(gone.code, 4);
    assert!(gone.err.contains("parked.not_parked"), "{}", gone.err);
    let unknown = parked(&place, &["ls", "setle-order"]);
    assert_eq!(unknown.code, 4);
    assert!(unknown.err.contains("settle-order"), "it says what there is: {}", unknown.err);
    running.stop();
}

#[test]
fn without_a_running_service_the_next_step_is_said() {
    let place = Place::new();
    let nobody = parked(&place, &["ls"]);
    assert_eq!(nobody.code, 4);
    assert!(nobody.err.contains("`headwater dev`"), "{}", nobody.err);
    // A port that was free a moment ago: nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let silent = parked(&place, &["ls", "--service", &url]);
    assert_eq!(silent.code, 6, "{}", silent.err);
    assert!(silent.err.contains("does not answer"), "{}", silent.err);
}
