//! A projection built from the first event on: every event becomes a row of a SQLite read model.
//!
//! The bound is SQLite itself: the same rows, from memory, in transactions as large.

use super::Bench;
use super::stored::open_small;
use crate::dataset::Dataset;
use crate::embedded::CONTEXT;
use crate::folder;
use crate::report::{Bound, Table};
use headwater_framework::prelude::*;
use headwater_model::{Answer, ContextName, Contexts, EventStore, ReadError};
use headwater_sql::{Sqlite, SqliteTx};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Rows of one transaction of SQLite alone.
const TRANSACTION_COUNT: u64 = 1_000;

/// What makes the table, for both sides.
const SCHEMA: &str = "CREATE TABLE deposits (account TEXT NOT NULL, amount INTEGER NOT NULL)";

const INSERT: &str = "INSERT INTO deposits (account, amount) VALUES (?1, ?2)";

/// Events a second, from the first event to the last row committed.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let dir = bench.dir.join("rebuild");
    folder::empty(&dir)?;
    let headwater = open_small(bench)?;
    let start = Instant::now();
    bench.runtime.block_on(rebuild(headwater.store(), &dir))?;
    let rebuilt = bench.small.event_count as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    fill_alone(bench.small, &dir.join("alone.db"))?;
    let alone = bench.small.event_count as f64 / start.elapsed().as_secs_f64();
    let title = format!("rebuild: {} events into SQLite rows", bench.small.event_count);
    let mut table = Table::new(title, &["events/s"]);
    table.row("headwater", [rebuilt]);
    table.row("sqlite alone", [alone]);
    table.goal("events/s", rebuilt, Bound::AtLeast(100_000.0));
    Ok(table)
}

#[derive(Input)]
enum AccountEvent {
    MoneyDeposited { amount: i64 },
}

struct Deposits;

impl Projection for Deposits {
    const NAME: &'static str = "deposits";
    const SCHEMA: &'static str = SCHEMA;
    type Input = AccountEvent;
    type Database = Sqlite;

    async fn apply(&self, db: &mut SqliteTx, event: &Recorded<AccountEvent>) -> Result<(), Failed> {
        let AccountEvent::MoneyDeposited { amount } = event.event;
        db.execute(INSERT, (event.stream.as_str(), amount))
    }
}

/// Runs the projection until it has come to the last event.
async fn rebuild(store: Arc<dyn EventStore>, dir: &Path) -> anyhow::Result<()> {
    let (_, head) = store.head().await?;
    let store = Store::new(Arc::new(OneContext(store)));
    let database = Sqlite::file(dir.join("bank.db"));
    let service = Service::new(CONTEXT, &store).projection(Deposits, database);
    let supervisor = service.supervise();
    let context = ContextName::new(CONTEXT)?;
    let after = head.map_or_else(After::nothing, |head| After::nothing().and(context, head));
    // Each question waits for a bounded time.
    while service.read_model::<Deposits>(&after).await.is_err() {}
    supervisor.drain().await;
    Ok(())
}

/// The same rows into SQLite with nothing around it.
fn fill_alone(dataset: Dataset, path: &Path) -> anyhow::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.execute_batch(SCHEMA)?;
    let name = crate::event::stream_name(0);
    for _ in 0..dataset.event_count / TRANSACTION_COUNT {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(INSERT)?;
            for amount in 0..i64::try_from(TRANSACTION_COUNT)? {
                insert.execute((name.as_str(), amount))?;
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

/// A store of one context, which is open already.
struct OneContext(Arc<dyn EventStore>);

impl Contexts for OneContext {
    fn context(&self, _: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async { Ok(Arc::clone(&self.0)) })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        Box::pin(async { Ok(vec![self.0.context().clone()]) })
    }
}
