//! Contexts: each a store of its own.

use crate::candidate::{Candidate, context_name};
use crate::sample::{accepted, all, head, numbers, reader, save, to};
use headwater_model::{Position, Query};

/// Positions, streams, ids and checkpoints are a context's own.
pub async fn contexts_do_not_see_each_other(c: &mut impl Candidate) {
    let contexts = c.open().await;
    let orders = contexts.context(context_name("orders")).await.expect("made");
    let customers = contexts.context(context_name("customers")).await.expect("made");
    accepted(&*orders, to("order-1", [1]).saving(save("reader", None, 1))).await;
    assert_eq!(head(&*customers).await, None);
    let done = accepted(&*customers, to("order-1", [1])).await;
    assert_eq!((done.position, done.replayed), (Some(Position(0)), false));
    assert_eq!(customers.checkpoint(reader("reader")).await, Ok(None));
    assert_eq!(orders.context(), &context_name("orders"));
}

/// Also after opening again, with what is in them.
pub async fn contexts_are_listed_in_order(c: &mut impl Candidate) {
    let names = ["payments", "customers", "orders"].map(context_name);
    let contexts = c.open().await;
    assert_eq!(contexts.names().await, Ok(vec![]));
    for (n, name) in (0..).zip(names.clone()) {
        let context = contexts.context(name).await.expect("made");
        accepted(&*context, to("order-1", [n])).await;
    }
    let mut sorted = names.to_vec();
    sorted.sort();
    assert_eq!(contexts.names().await, Ok(sorted.clone()));
    drop(contexts);
    let contexts = c.open().await;
    assert_eq!(contexts.names().await, Ok(sorted));
    for (n, name) in (0..).zip(names) {
        let context = contexts.context(name).await.expect("there");
        assert_eq!(numbers(&all(&*context, Query::all()).await), [n]);
    }
}

/// Two services of one process that name it mean the same.
pub async fn a_context_is_the_same_for_all_who_ask(c: &mut impl Candidate) {
    let contexts = c.open().await;
    let one = contexts.context(context_name("orders")).await.expect("made");
    let other = contexts.context(context_name("orders")).await.expect("there");
    accepted(&*one, to("order-1", [1])).await;
    assert_eq!(numbers(&all(&*other, Query::all()).await), [1]);
}
