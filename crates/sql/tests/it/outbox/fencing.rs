//! A relay was paused between reading its rows and writing them, longer than its lease; another took
//! over and went on. When the first came back it published what it still held in its hands, behind
//! what had been published since.

use super::database::{Database, NO_LEASE};
use super::{contexts, event, exhaust, said, store, stream};
use headwater_model::{Answer, Append, AppendError, Appended, Around, EventStore};
use headwater_sql::outbox::RelayError;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Appends of events wait here until they are let through.
struct Gate {
    within: Arc<dyn EventStore>,
    arrived: Semaphore,
    open: Semaphore,
}

impl Gate {
    fn before(within: &Arc<dyn EventStore>) -> Arc<Self> {
        let closed = || Semaphore::new(0);
        Arc::new(Self { within: Arc::clone(within), arrived: closed(), open: closed() })
    }
}

impl Around for Gate {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.within
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            if append.event_count() > 0 {
                self.arrived.add_permits(1);
                self.open.acquire().await.unwrap().forget();
            }
            self.within.append(append).await
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_was_paused_and_comes_back_publishes_nothing() {
    for database in Database::all().await {
        let (contexts, mut writer) = (contexts(), database.connect().await);
        let store = store(&contexts);
        let gate = Gate::before(&store);
        let behind_gate: Arc<dyn EventStore> = gate.clone();
        let mut paused = database.relay(&behind_gate, NO_LEASE);
        writer.write(&stream("order-1"), &[event(1)], true).await;
        let coming_back = tokio::spawn(async move { paused.turn().await });
        gate.arrived.acquire().await.unwrap().forget();

        // The store cannot recognise this row by its id: its writer took it back.
        database.run("delete from headwater_outbox").await;
        writer.write(&stream("order-1"), &[event(2)], true).await;
        let mut next = database.relay(&store, NO_LEASE);
        while said(&store, "order-1").await.is_empty() {
            exhaust(&mut next).await; // its part of the shares grows with each look
        }
        gate.open.add_permits(1);
        let came_of_it = coming_back.await.unwrap();

        assert!(matches!(came_of_it, Err(RelayError::Fenced { .. })), "{came_of_it:?}");
        assert_eq!(said(&store, "order-1").await, [r#"{"n":2}"#], "{}", database.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_from_an_older_copy_of_its_database_goes_on() {
    let database = Database::sqlite().await;
    let (contexts, mut writer) = (contexts(), database.connect().await);
    let store = store(&contexts);
    exhaust(&mut database.relay(&store, NO_LEASE)).await;
    exhaust(&mut database.relay(&store, NO_LEASE)).await;
    database.run("update headwater_outbox_share set epoch = 0, owner = null").await;
    writer.write(&stream("order-1"), &[event(1)], true).await;
    exhaust(&mut database.relay(&store, NO_LEASE)).await;
    assert_eq!(said(&store, "order-1").await, [r#"{"n":1}"#]);
}
