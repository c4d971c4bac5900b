//! How fast a relay is: rows a second from PostgreSQL with a backlog, and the time from a commit to its
//! event at low load. Server, relay and store share this machine.
//!
//! ```text
//! cargo run --release -p headwater-sql --features postgres,mariadb --example relay_speed -- 200000
//! ```

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use headwater_model::{ContextName, Contexts, EventStore};
use headwater_outside::{Options, Postgres, or_skip};
use headwater_sql::outbox::relay::RelayTurn;
use headwater_sql::outbox::{Outbox, OutboxAddress, OutboxTable, Relay, RelaySettings};
use headwater_store::EmbeddedStore;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

#[tokio::main]
async fn main() {
    let rows: u64 =
        std::env::args().nth(1).map_or(200_000, |text| text.parse().expect("a number of rows"));
    let durable = Options::default().set("fsync", "on");
    let Some(server) = or_skip(Postgres::start(durable)) else { return };
    let url = server.url(&server.database().expect("it can be measured"));
    let (client, connection) =
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("it can be measured");
    tokio::spawn(connection);
    Outbox::new().make_postgres(&client).await.expect("it can be measured");
    let directory = tempfile::tempdir().expect("it can be measured");
    let contexts = EmbeddedStore::open(directory.path()).expect("it can be measured");
    let store = contexts
        .context(ContextName::new("orders").expect("it can be measured"))
        .await
        .expect("it can be measured");
    let relay = || {
        let address = OutboxAddress::parse(&url).expect("it can be measured");
        let settings = RelaySettings::default();
        Relay::new(address, OutboxTable::default(), Arc::clone(&store), settings)
    };
    backlog(&client, relay(), rows).await;
    latency(&client, relay(), &store).await;
}

async fn backlog(client: &tokio_postgres::Client, mut relay: Relay, rows: u64) {
    let fill = format!(
        "insert into headwater_outbox (stream, type, payload, metadata) \
         select 'order-' || (n % 5000), 'OrderPlaced', \
         '{{\"customer\":\"c-4711\",\"lines\":3,\"total\":\"129.90\",\"number\":' || n || '}}', \
         '{{\"correlation\":\"request-' || n || '\"}}' from generate_series(1, {rows}) n; \
         analyze headwater_outbox"
    );
    client.batch_execute(&fill).await.expect("it can be measured");
    let began = Instant::now();
    while !matches!(relay.turn().await.expect("it can be measured"), RelayTurn::Idle) {}
    let took = began.elapsed();
    let rate = rows as f64 / took.as_secs_f64();
    println!("backlog   {rows} rows in {took:.2?}: {rate:.0} rows/s");
    relay.leave().await;
}

async fn latency(client: &tokio_postgres::Client, relay: Relay, store: &Arc<dyn EventStore>) {
    const COMMITS: usize = 400;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(relay.run(stopped));
    let mut head = store.head().await.expect("it can be measured").1;
    let insert =
        "insert into headwater_outbox (stream, type, payload) values ('order-1', 'A', '1')";
    let mut took = Vec::with_capacity(COMMITS);
    for _ in 0..COMMITS {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.batch_execute(insert).await.expect("it can be measured");
        let committed = Instant::now();
        head = Some(store.wait_past(head).await.expect("it can be measured"));
        took.push(committed.elapsed());
    }
    took.sort();
    let at = |part: f64| took[(COMMITS as f64 * part) as usize];
    println!(
        "commit→event at 50/s   p50 {:.2?}  p99 {:.2?}  max {:.2?}",
        at(0.5),
        at(0.99),
        took[COMMITS - 1]
    );
    stop.send_replace(true);
    running.await.expect("it can be measured");
}
