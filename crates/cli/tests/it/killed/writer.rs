//! A client by gRPC: appends of every kind, several under way at once.

use super::notes::Notes;
use super::{connect, load};
use headwater_model::{
    Append, AppendError, EventStore, ExpectedRevision, Position, Query, Revision, StreamName,
};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;

/// Appends until it is over, on a connection of its own.
pub(super) async fn write(who: u64, address: String, notes: Arc<Notes>) {
    let writer = Writer { store: connect(&address).await, notes };
    let mut random = Xoshiro256PlusPlus::seed_from_u64(who);
    let first = Append::to(load::own(who), ExpectedRevision::Any, load::events(who, 0, 1));
    writer.ask(first).await;
    let mut saved = None;
    for n in 1.. {
        if writer.notes.is_over() {
            return;
        }
        match random.random_range(0..4_u32) {
            0 => {
                // Two at once, in one pipeline.
                let (one, other) = (load::seat(&mut random), load::seat(&mut random));
                let high = n + (1 << 40);
                tokio::join!(
                    writer.ask(load::both(who, n, one)),
                    writer.ask(load::both(who, high, other))
                );
            }
            1 => {
                let seat = load::seat(&mut random);
                let last = writer.last(&seat).await;
                writer.ask(load::believing(who, n, seat, last)).await;
            }
            2 => {
                let head = writer.head().await;
                let query: Query = load::desk(&mut random);
                writer.ask(load::unless(who, n, query, head)).await;
            }
            _ => {
                if writer.ask(load::saving(who, n, saved)).await {
                    saved = Some(n);
                }
            }
        }
    }
}

struct Writer {
    store: Arc<dyn EventStore>,
    notes: Arc<Notes>,
}

impl Writer {
    /// Whether it was done.
    async fn ask(&self, append: Append) -> bool {
        let invoked = self.notes.now();
        let answer = self.store.append(append.clone()).await;
        self.notes.told(append, invoked, &answer);
        match answer {
            Ok(_) => true,
            Err(AppendError::WrongRevision(_) | AppendError::ConditionFailed { .. }) => false,
            Err(other) => panic!("this is no answer to what was asked: {other}"),
        }
    }

    async fn last(&self, stream: &StreamName) -> Option<Revision> {
        self.store.stream(stream.clone()).await.expect("a stream's state").last
    }

    async fn head(&self) -> Option<Position> {
        self.store.head().await.expect("the head").1
    }
}
