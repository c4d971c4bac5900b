//! How fast a database's log is mined into a store on disk: changes a second while catching up, and the
//! time from a commit to the event that tells it.
//!
//! `cargo run --release -p headwater-cdc --example mining [postgres|mariadb] [ROWS]`

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use headwater_cdc::{
    AfterLoss, LagPolicy, Mapping, MariaDbSettings, Miner, MinerSettings, MinerState, Mining,
    PostgresSettings, PostgresSource, Source, TableMapping,
};
use headwater_model::{ContextName, EventStore};
use headwater_outside::{MariaDb, Options, Postgres};
use headwater_store::EmbeddedStore;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Done<T> = Result<T, Box<dyn Error>>;

/// Commits whose way is timed.
const TIMED_COUNT: usize = 300;

/// Between two of them: a low load.
const PAUSE: Duration = Duration::from_millis(10);

/// A server of the program's own.
enum Database {
    Postgres(Postgres),
    MariaDb(MariaDb),
}

struct Bench {
    database: Database,
    store: Arc<dyn EventStore>,
}

/// What is done while nobody mines.
struct Work {
    one_each: String,
    hundreds: String,
    at_once: String,
    updates: String,
}

#[tokio::main]
async fn main() -> Done<()> {
    let mut words = std::env::args().skip(1).peekable();
    let which = words.next_if(|word| !word.starts_with(|letter: char| letter.is_ascii_digit()));
    let rows: u64 = words.next().map_or(Ok(200_000), |text| text.parse())?;
    let directory = tempfile::tempdir_in(".")?;
    let context = ContextName::new("mined")?;
    let store = EmbeddedStore::open(directory.path())?.embedded(&context)?;
    let database = match which.as_deref() {
        Some("mariadb") => Database::mariadb()?,
        _ => Database::postgres()?,
    };
    let bench = Bench { database, store };
    bench.following(bench.start()?).await?.drain().await;
    let some = rows / 10;
    let work = bench.database.work(some, rows);
    println!("{:<34} {:>9} {:>8} {:>10}", "log of", "changes", "s", "changes/s");
    bench.catches_up("transactions of 1 insert", some, &work.one_each).await?;
    bench.catches_up("transactions of 100 inserts", rows, &work.hundreds).await?;
    bench.catches_up("one transaction of inserts", rows, &work.at_once).await?;
    bench.catches_up("one transaction of updates", rows, &work.updates).await?;
    bench.latency().await
}

impl Database {
    fn postgres() -> Done<Self> {
        let server = Postgres::start(Options::default().set("wal_level", "logical"))?;
        let table = "create table entries (id bigserial primary key, customer text, total numeric, note text)";
        server.rows("postgres", table)?;
        server.rows("postgres", "create publication mined for table entries")?;
        Ok(Self::Postgres(server))
    }

    fn mariadb() -> Done<Self> {
        let options = Options::default().set("log-bin", "log").set("server-id", "1");
        let options = options.set("binlog-format", "row").set("binlog-row-metadata", "full");
        let server = MariaDb::start(options)?;
        server.rows("mysql", "create database shop")?;
        let table = "create table entries (id bigint auto_increment primary key, customer text, \
                     total decimal(20,2), note text)";
        server.rows("shop", table)?;
        Ok(Self::MariaDb(server))
    }

    fn sql(&self, sql: &str) -> Done<()> {
        match self {
            Self::Postgres(server) => server.rows("postgres", sql)?,
            Self::MariaDb(server) => server.rows("shop", sql)?,
        };
        Ok(())
    }

    fn source(&self) -> Done<(Source, &'static str)> {
        let path = |path: std::path::PathBuf| {
            path.to_str().map(str::to_owned).ok_or("a path without text")
        };
        Ok(match self {
            Self::Postgres(server) => {
                let (socket, port) = (path(server.socket().to_path_buf())?, server.port());
                let database = PostgresSettings::new(&socket, port, "postgres", "postgres");
                let (publication, slot) = ("mined".to_owned(), "bench".to_owned());
                (PostgresSource { database, publication, slot }.into(), "public.entries")
            }
            Self::MariaDb(server) => {
                let socket = path(server.socket())?;
                (MariaDbSettings::new(&socket, server.port(), "root", 7).into(), "shop.entries")
            }
        })
    }

    fn work(&self, some: u64, rows: u64) -> Work {
        let insert = "insert into entries (customer, total, note)";
        let loops = rows / 100;
        // Numbers that a database makes may have gaps.
        let updates = format!(
            "update entries set total = total + 1 where id in \
             (select id from (select id from entries order by id limit {rows}) first)"
        );
        match self {
            Self::Postgres(_) => {
                let values = "'customer ' || n, n * 1.25, repeat('x', 80)";
                Work {
                    one_each: format!(
                        "do $$ begin for n in 1..{some} loop {insert} select {values}; commit; end loop; end $$"
                    ),
                    hundreds: format!(
                        "do $$ begin for m in 1..{loops} loop {insert} select {values} \
                         from generate_series(1, 100) n; commit; end loop; end $$"
                    ),
                    at_once: format!("{insert} select {values} from generate_series(1, {rows}) n"),
                    updates,
                }
            }
            Self::MariaDb(_) => {
                let values = "concat('customer ', seq), seq * 1.25, repeat('x', 80)";
                let often = |count: u64, sql: String| {
                    format!(
                        "begin not atomic declare n int default 0; while n < {count} do {sql}; \
                         set n = n + 1; end while; end"
                    )
                };
                Work {
                    one_each: often(some, format!("{insert} select {values} from seq_1_to_1")),
                    hundreds: often(loops, format!("{insert} select {values} from seq_1_to_100")),
                    at_once: format!("{insert} select {values} from seq_1_to_{rows}"),
                    updates,
                }
            }
        }
    }
}

impl Bench {
    fn start(&self) -> Done<Mining> {
        let (source, table) = self.database.source()?;
        let settings = MinerSettings {
            name: "bench".to_owned(),
            source,
            mapping: Mapping::default().table(TableMapping::of(table).category("row")),
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
        self.database.sql(sql)?;
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
            self.database.sql("insert into entries (customer) values ('timed')")?;
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
