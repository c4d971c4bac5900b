//! How fast a read model in PostgreSQL is built from the first event on, beside plain inserts.
//!
//! `cargo run --release -p headwater-sql --features postgres --example rebuild_postgres`
//!
//! Both sides write the same rows into a server of their own, on the same machine. The plain loop
//! inserts many rows with one statement, which is what a program does that knows its rows beforehand;
//! a projection does not, and asks for one statement for each event.

#![expect(clippy::print_stdout, reason = "a measurement is told to who ran it")]

// The derives name the facade; here its part that they need stands in.
extern crate headwater_framework as headwater;

#[path = "measured/bank.rs"]
mod bank;

use bank::{AccountEvent, EVENT_COUNT, bank};
use headwater_framework::prelude::*;
use headwater_model::memory::MemoryContexts;
use headwater_model::{ContextName, EventStore};
use headwater_outside::{Options, Postgres as Server};
use headwater_sql::{Postgres, PostgresTx, SqlError};
use std::sync::Arc;
use std::time::Instant;

/// Rows of one statement of the plain loop.
const ROWS_COUNT: u64 = 1_000;

const SCHEMA: &str = "create table movements (number bigint primary key, account text not null,
                      amount bigint not null)";

struct Movements;

impl Projection for Movements {
    const NAME: &'static str = "movements";
    const SCHEMA: &'static str = SCHEMA;
    type Input = AccountEvent;
    type Database = Postgres;

    async fn apply(&self, db: &mut PostgresTx, e: &Recorded<AccountEvent>) -> Result<(), Failed> {
        let AccountEvent::MoneyMoved { number, amount } = e.event;
        let insert = "insert into movements values ($1, $2, $3)";
        db.execute(insert, (number, e.stream.as_str(), amount)).await
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start(Options::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let bank = runtime.block_on(bank())?;
    let database = Postgres::at(&server.address(&server.database()?))?;
    let start = Instant::now();
    runtime.block_on(rebuild(&bank, database))?;
    let rebuilt = EVENT_COUNT as f64 / start.elapsed().as_secs_f64();
    println!("read model      {rebuilt:>9.0} events/s");
    let plain = server.database()?;
    server.rows(&plain, SCHEMA)?;
    let start = Instant::now();
    for first in (0..EVENT_COUNT).step_by(usize::try_from(ROWS_COUNT)?) {
        let row = |number: u64| format!("({number},'account-{}',1)", number % 1_000);
        let rows: Vec<String> = (first..first + ROWS_COUNT).map(row).collect();
        let sql = format!("insert into movements values {}", rows.join(","));
        server.rows(&plain, &format!("set synchronous_commit = off; {sql}"))?;
    }
    let plain = EVENT_COUNT as f64 / start.elapsed().as_secs_f64();
    println!("plain inserts   {plain:>9.0} rows/s, {ROWS_COUNT} in a statement");
    Ok(())
}

/// Runs the projection until it has come to the last event.
async fn rebuild(
    bank: &Arc<MemoryContexts>,
    database: Postgres,
) -> Result<(), Box<dyn std::error::Error>> {
    let name = ContextName::new("bank")?;
    let (_, head) = bank.store(&name).head().await?;
    let store = Store::new(Arc::clone(bank) as Arc<_>);
    let service = Service::new("bank", &store).projection(Movements, database);
    let supervisor = service.supervise();
    let after = head.map_or_else(After::nothing, |head| After::nothing().and(name, head));
    let mut reader = loop {
        // Each question waits for a bounded time.
        if let Ok(reader) = service.read_model::<Movements>(&after).await {
            break reader;
        }
    };
    let count: Result<Option<u64>, SqlError> =
        reader.row("select count(*) from movements", ()).await;
    assert_eq!(count?, Some(EVENT_COUNT));
    supervisor.drain().await;
    Ok(())
}
