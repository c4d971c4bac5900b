//! R2: who waits for an event is woken when it can be read, not a moment before.
//!
//! A reader was woken between the call and the event: it looked, found nothing new, and went to
//! sleep again, for ever. Here the waker itself looks, at the very moment it is called.

use crate::candidate::Embedded;
use headwater_conformance::Candidate;
use headwater_conformance::sample::to;
use headwater_model::{ContextName, EventStore, Position};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

fn ready<T>(answer: impl Future<Output = T>) -> Option<T> {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// Notes the head at each call.
struct Looking {
    store: Arc<dyn EventStore>,
    heads: Mutex<Vec<Option<Position>>>,
}

impl Wake for Looking {
    fn wake(self: Arc<Self>) {
        let head = ready(self.store.head()).expect("nothing to wait for").expect("the head").1;
        self.heads.lock().expect("nobody panicked").push(head);
    }
}

#[test]
fn who_is_woken_finds_the_event() {
    headwater_conformance::run(async {
        let mut candidate = Embedded::in_memory();
        let contexts = candidate.open().await;
        let name = ContextName::new("orders").expect("a name");
        let store = contexts.context(name).await.expect("made");
        for n in 0..10_u64 {
            let past = n.checked_sub(1).map(Position);
            let looking = Looking { store: Arc::clone(&store), heads: Mutex::default() };
            let looking = Arc::new(looking);
            let waker = Waker::from(Arc::clone(&looking));
            let mut waiting = store.wait_past(past);
            assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            store.append(to("order-1", [u128::from(n)])).await.expect("accepted");
            let heads = looking.heads.lock().expect("nobody panicked").clone();
            assert_eq!(heads, [Some(Position(n))], "woken once, and the event is there");
            assert_eq!(waiting.await, Ok(Position(n)));
        }
    });
}
