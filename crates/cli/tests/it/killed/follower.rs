//! A client that subscribes once, and writes down all that it is given.

use super::connect;
use super::notes::Notes;
use headwater_conformance::history::Reader;
use headwater_model::{Delivery, Position, Query, Start, Subscribe};
use std::sync::Arc;

/// Follows to the end that the notes tell.
pub(super) async fn follow(address: String, query: Query, notes: Arc<Notes>) -> Reader {
    let store = connect(&address).await;
    let subscribe = Subscribe { query: query.clone(), start: Start::Beginning };
    let mut subscription = store.subscribe(subscribe).await.expect("it may follow");
    let mut reader = Reader { query, after: None, come: None, seen: Vec::new() };
    let mut end = notes.end();
    while !is_there(reader.come, *end.borrow_and_update()) {
        tokio::select! {
            delivery = subscription.next() => match delivery.expect("it goes on by itself") {
                Delivery::Events { events, checkpoint } => {
                    reader.seen.extend(events);
                    reader.come = Some(checkpoint.position);
                }
                Delivery::CaughtUp { checkpoint } => {
                    reader.come = checkpoint.map(|checkpoint| checkpoint.position);
                }
            },
            changed = end.changed() => changed.expect("the notes are here"),
        }
    }
    reader
}

fn is_there(come: Option<Position>, end: Option<Position>) -> bool {
    end.is_some_and(|end| come >= Some(end))
}
