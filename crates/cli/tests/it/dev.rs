//! `headwater dev`: the first minute. A store, four services, an order that is decided, and
//! everything still there when it has stopped.

use crate::headwater::Place;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running `headwater dev`, stopped when the test ends, however it ends.
pub(crate) struct Running {
    child: Child,
    gateway: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// It is up when it has said where it is.
    pub(crate) fn start(place: &Place) -> Self {
        let mut command = place.command(&["dev", "--any-port", "--output", "json"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
        let announced: Value = serde_json::from_str(&line).expect("as JSON");
        let gateway = announced["services"]["gateway"].as_str().expect("a gateway").to_owned();
        Self { child, gateway }
    }

    /// Asks it to stop, as a service manager would.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
        assert!(asked.success());
        assert!(self.child.wait().expect("it ends").success(), "it drains and ends well");
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (Option<String>, Value) {
    let response = request.send().await.expect("an answer").error_for_status().expect("a good one");
    let position = response.headers().get("headwater-position");
    let position = position.map(|value| value.to_str().expect("text").to_owned());
    (position, response.json().await.expect("JSON"))
}

/// An order of 12.34 by a customer with a limit of 15.00, seen through the gateway until decided.
async fn order_something(gateway: &str) -> Value {
    let http = reqwest::Client::new();
    let ann = json!({ "name": "Ann", "creditLimit": { "amount": "15.00" } });
    let (_, customer) = answer(http.post(format!("{gateway}/customers")).json(&ann)).await;
    let order = json!({
        "customerId": customer["customerId"], "orderTotal": { "amount": "12.34" },
    });
    let (position, order) = answer(http.post(format!("{gateway}/orders")).json(&order)).await;
    assert_eq!(order["orderState"], "PENDING");
    let position = position.expect("the answer names its position");
    let id = order["orderId"].as_str().expect("an id").to_owned();
    loop {
        let url = format!("{gateway}/orders/{id}?after={position}");
        let (_, order) = answer(http.get(url)).await;
        if order["orderState"] != "PENDING" {
            return order;
        }
    }
}

#[tokio::test]
async fn an_order_is_decided_and_still_there_after_a_restart() {
    let place = Place::new();
    let first = Running::start(&place);
    let order = order_something(&first.gateway).await;
    assert_eq!(order["orderState"], "APPROVED");
    first.stop();

    let sound = place.run(&["verify"]).good();
    assert!(sound.out.contains("customers  sound"), "{}", sound.out);
    let stream = format!("order-{}", order["orderId"].as_str().expect("an id"));
    let events = place.run(&["stream", "read", &stream, "-c", "orders", "--output", "json"]);
    let types: Vec<_> = events.good().json().iter().map(|e| e["type"].clone()).collect();
    assert_eq!(types, ["OrderCreated", "OrderApproved"]);

    let second = Running::start(&place);
    let url = format!("{}/orders/{}", second.gateway, order["orderId"].as_str().expect("an id"));
    assert_eq!(answer(reqwest::Client::new().get(url)).await.1, order);
    second.stop();
}

#[test]
fn a_second_process_on_the_same_data_is_told_who_has_it() {
    let place = Place::new();
    let note = ["stream", "append", "note-1", "--type", "Noted", "--payload", "{}"];
    place.run(&[&note[..], &["-c", "orders", "--expect", "any"]].concat()).good();
    let running = Running::start(&place);
    let ran = place.run(&["stream", "ls", "--context", "orders"]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains(&running.child.id().to_string()), "{}", ran.err);
    running.stop();
}
