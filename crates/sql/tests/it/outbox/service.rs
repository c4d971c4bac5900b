//! A relay as a part of a service: it starts and drains with it, and health shows how it is.

use super::database::Database;
use super::{contexts, event, recorded, store, stream};
use headwater_framework::{ReaderState, Service, Store};
use headwater_sql::outbox::{OutboxAddress, RelayWorker};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_relays_its_outbox_for_as_long_as_it_runs() {
    let database = Database::sqlite().await;
    let contexts = contexts();
    let own = store(&contexts);
    let worker = RelayWorker::new(database.address());
    let service = Service::new("orders", &Store::new(Arc::new(contexts))).inflow(worker);
    let supervisor = service.supervise();
    let mut writer = database.connect().await;
    writer.write(&stream("order-1"), &[event(1)], true).await;
    own.wait_past(None).await.unwrap();
    supervisor.drain().await;
    assert_eq!(recorded(&own).await.len(), 1);
    let health = service.health().await.unwrap();
    assert_eq!(health.readers[0].name, "headwater_outbox");
    assert!(health.is_ready(), "{health:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_its_table_shows_in_the_health_of_its_service() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("empty.db");
    drop(rusqlite::Connection::open(&path).unwrap().execute_batch("create table other (n)"));
    let address = OutboxAddress::parse(&format!("sqlite:{}", path.display())).unwrap();
    let worker = RelayWorker::new(address);
    let service = Service::new("orders", &Store::new(Arc::new(contexts()))).inflow(worker.clone());
    let supervisor = service.supervise();
    while worker.report().restart_count == 0 {
        tokio::task::yield_now().await;
    }
    let health = service.health().await.unwrap();
    assert!(
        matches!(&health.readers[0].state, ReaderState::Halted { why } if why.contains("no such table"))
    );
    assert!(!health.is_ready());
    supervisor.drain().await;
}
