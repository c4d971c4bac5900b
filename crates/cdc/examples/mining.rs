//! How fast a PostgreSQL log is mined into a store on disk: rows a second while catching up, and the
//! time from a commit to the event that tells it.
//!
//! `cargo run --release -p headwater-cdc --example mining [ROWS]`

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use headwater_cdc::{
    AfterLoss, LagPolicy, Mapping, Miner, MinerSettings, MinerState, Mining, PostgresSettings,
    TableMapping,
};
use headwater_model::{ContextName, EventStore};
use headwater_outside::{Options, Postgres};
use headwater_store::EmbeddedStore;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Done<T> = Result<T, Box<dyn Error>>;

/// Commits whose way is timed.
const TIMED_COUNT: usize = 300;

/// Between two of them: a low load.
const PAUSE: Duration = Duration::from_millis(10);

struct Bench {
    postgres: Postgres,
    store: Arc<dyn EventStore>,
}

#[tokio::main]
async fn main() -> Done<()> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse())?;
    let directory = tempfile::tempdir_in(".")?;
    let context = ContextName::new("mined")?;
    let store = EmbeddedStore::open(directory.path())?.embedded(&context)?;
    let options = Options::default().set("wal_level", "logical");
    let bench = Bench { postgres: Postgres::start(options)?, store };
    bench.sql(
        "create table rows (id bigserial primary key, customer text, total numeric, note text)",
    )?;
    bench.sql("create publication mined for table rows")?;
    bench.following(bench.start()?).await?.drain().await;

    let values = "'customer ' || n, n * 1.25, repeat('x', 80)";
    let some = rows / 10;
    let one_each = format!(
        "do $$ begin for n in 1..{some} loop \
         insert into rows (customer, total, note) select {values}; commit; end loop; end $$"
    );
    let hundreds = format!(
        "do $$ begin for m in 1..{} loop insert into rows (customer, total, note) \
         select {values} from generate_series(1, 100) n; commit; end loop; end $$",
        rows / 100
    );
    let at_once = format!(
        "insert into rows (customer, total, note) select {values} from generate_series(1, {rows}) n"
    );
    let updates = format!("update rows set total = total + 1 where id <= {rows}");
    println!("{:<34} {:>9} {:>8} {:>10}", "log of", "changes", "s", "changes/s");
    bench.catches_up("transactions of 1 insert", some, &one_each).await?;
    bench.catches_up("transactions of 100 inserts", rows, &hundreds).await?;
    bench.catches_up("one transaction of inserts", rows, &at_once).await?;
    bench.catches_up("one transaction of updates", rows, &updates).await?;
    bench.latency().await
}

impl Bench {
    fn sql(&self, sql: &str) -> Done<()> {
        self.postgres.rows("postgres", sql)?;
        Ok(())
    }

    fn start(&self) -> Done<Mining> {
        let socket = self.postgres.socket().to_str().ok_or("a path without text")?;
        let settings = MinerSettings {
            name: "bench".to_owned(),
            database: PostgresSettings::new(socket, self.postgres.port(), "postgres", "postgres"),
            publication: "mined".to_owned(),
            slot: "bench".to_owned(),
            mapping: Mapping::default().table(TableMapping::of("public.rows").category("row")),
            lag: LagPolicy::default(),
            after_loss: AfterLoss::Halt,
        };
        Ok(Miner::new(settings, Arc::clone(&self.store))?.start())
    }

    async fn following(&self, mining: Mining) -> Done<Mining> {
        let mut health = mining.follow();
        health.wait_for(|health| health.state == MinerState::Following).await?;
        Ok(mining)
    }

    /// The work is done while nobody mines, and then mined.
    async fn catches_up(&self, what: &str, changes: u64, sql: &str) -> Done<()> {
        self.sql(sql)?;
        let begun = Instant::now();
        let mining = self.start()?;
        let mut health = mining.follow();
        let done = health.wait_for(|health| {
            health.event_count >= changes || matches!(health.state, MinerState::Halted { .. })
        });
        let done = done.await?.clone();
        let seconds = begun.elapsed().as_secs_f64();
        mining.drain().await;
        if done.event_count != changes {
            return Err(format!("{changes} changes were made: {done:?}").into());
        }
        let rate = changes as f64 / seconds;
        println!("{what:<34} {changes:>9} {seconds:>8.2} {rate:>10.0}");
        Ok(())
    }

    /// From the commit's answer to the event being readable.
    async fn latency(&self) -> Done<()> {
        let mining = self.following(self.start()?).await?;
        let mut waits = Vec::with_capacity(TIMED_COUNT);
        for _ in 0..TIMED_COUNT {
            let head = self.store.head().await?.1;
            self.sql("insert into rows (customer) values ('timed')")?;
            let committed = Instant::now();
            self.store.wait_past(head).await?;
            waits.push(committed.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
        mining.drain().await;
        waits.sort();
        let at = |part: usize| waits[TIMED_COUNT * part / 100].as_secs_f64() * 1e3;
        println!(
            "from commit to event, low load: p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms",
            at(50),
            at(95),
            at(99)
        );
        Ok(())
    }
}
