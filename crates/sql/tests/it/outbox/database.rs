//! The three databases, as a test's writers use them: several connections, each with a transaction that
//! the test ends when it likes.

use headwater_model::{EventStore, NewEvent, StreamName};
use headwater_outside::{MariaDb, Options, Postgres, or_skip};
use headwater_sql::outbox::{Outbox, OutboxAddress, OutboxTable, Relay, RelaySettings};
use mysql_async::prelude::Queryable;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A database with an outbox and a table of counters.
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres(&'static Postgres, String),
    MariaDb(&'static MariaDb, String),
}

/// The counters stand for a service's own rows: an event says what its counter was set to.
const COUNTERS: &str = "create table counters (name varchar(40) primary key, n bigint not null)";

/// Leases that are over at once: relays take each other's shares all the time.
pub(crate) const NO_LEASE: RelaySettings = RelaySettings {
    lease: Duration::ZERO,
    batch_row_count_max: 3,
    poll_max: Duration::from_millis(1),
};

impl Database {
    /// Every database that can be had here, on servers that all tests share.
    pub(crate) async fn all() -> Vec<Self> {
        let servers = tokio::task::spawn_blocking(|| (Postgres::shared(), MariaDb::shared()));
        let (postgres, mariadb) = servers.await.unwrap();
        Self::on(postgres, mariadb).await
    }

    /// The same on servers of this test's own, which it may kill. They live as long as the process.
    pub(crate) async fn all_to_kill() -> Vec<Self> {
        let postgres = or_skip(Postgres::start(Options::default()));
        let mariadb = or_skip(MariaDb::start(Options::default()));
        let postgres = postgres.map(|server| &*Box::leak(Box::new(server)));
        Self::on(postgres, mariadb.map(|server| &*Box::leak(Box::new(server)))).await
    }

    async fn on(
        postgres: Option<&'static Postgres>,
        mariadb: Option<&'static MariaDb>,
    ) -> Vec<Self> {
        let postgres = postgres.map(|server| Self::Postgres(server, server.database().unwrap()));
        let mariadb = mariadb.map(|server| Self::MariaDb(server, server.database().unwrap()));
        let mut all = vec![Self::sqlite().await];
        for database in postgres.into_iter().chain(mariadb) {
            all.push(database.made().await);
        }
        all
    }

    pub(crate) async fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap()).made().await
    }

    async fn made(self) -> Self {
        let outbox = Outbox::new();
        match self.connect().await {
            Writer::Sqlite(connection) => {
                connection.execute_batch("pragma journal_mode = wal").unwrap();
                connection.execute_batch(COUNTERS).unwrap();
                outbox.make_sqlite(&connection).unwrap();
            }
            Writer::Postgres(client) => {
                client.batch_execute(COUNTERS).await.unwrap();
                outbox.make_postgres(&client).await.unwrap();
                outbox.make_postgres(&client).await.unwrap(); // again: what is there stays
            }
            Writer::MariaDb(mut connection) => {
                connection.query_drop(COUNTERS).await.unwrap();
                outbox.make_mariadb(&mut connection).await.unwrap();
                outbox.make_mariadb(&mut connection).await.unwrap();
            }
        }
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(..) => "PostgreSQL",
            Self::MariaDb(..) => "MariaDB",
        }
    }

    pub(crate) fn address(&self) -> OutboxAddress {
        let address = match self {
            Self::Sqlite(directory) => {
                format!("sqlite:{}", directory.path().join("own.db").display())
            }
            Self::Postgres(server, name) => server.url(name),
            Self::MariaDb(server, name) => server.url(name),
        };
        OutboxAddress::parse(&address).unwrap()
    }

    pub(crate) fn relay(&self, store: &Arc<dyn EventStore>, settings: RelaySettings) -> Relay {
        Relay::new(self.address(), OutboxTable::default(), Arc::clone(store), settings)
    }

    pub(crate) async fn connect(&self) -> Writer {
        match self {
            Self::Sqlite(directory) => {
                let path = directory.path().join("own.db");
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(Duration::from_secs(5)).unwrap();
                Writer::Sqlite(connection)
            }
            Self::Postgres(server, name) => {
                let url = server.url(name);
                let (client, connection) =
                    tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                Writer::Postgres(client)
            }
            Self::MariaDb(server, name) => {
                Writer::MariaDb(mysql_async::Conn::from_url(server.url(name)).await.unwrap())
            }
        }
    }

    /// Whether two transactions can be open at once that have written.
    pub(crate) fn writes_concurrently(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }

    /// `kill -9` of the server, and another on its data. SQLite has none.
    pub(crate) fn kill_and_start(&self) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(server, _) => {
                server.kill();
                server.start_again().unwrap();
            }
            Self::MariaDb(server, _) => {
                server.kill();
                server.start_again().unwrap();
            }
        }
    }

    /// Runs a statement by itself.
    pub(crate) async fn run(&self, sql: &str) {
        match self.connect().await {
            Writer::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Writer::Postgres(client) => client.batch_execute(sql).await.unwrap(),
            Writer::MariaDb(mut connection) => connection.query_drop(sql).await.unwrap(),
        }
    }

    /// A query's only number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        match self.connect().await {
            Writer::Sqlite(connection) => connection.query_row(sql, [], |row| row.get(0)).unwrap(),
            Writer::Postgres(client) => client.query_one(sql, &[]).await.unwrap().get(0),
            Writer::MariaDb(mut connection) => connection.query_first(sql).await.unwrap().unwrap(),
        }
    }
}

/// A connection of a writer.
pub(crate) enum Writer {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
    MariaDb(mysql_async::Conn),
}

impl Writer {
    /// Writes by the drivers' own transactions, whose ends the test says by hand.
    pub(crate) async fn begin(&mut self) {
        self.run("begin").await;
    }

    pub(crate) async fn commit(&mut self) {
        self.run("commit").await;
    }

    pub(crate) async fn rollback(&mut self) {
        self.run("rollback").await;
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Self::Postgres(client) => client.batch_execute(sql).await.unwrap(),
            Self::MariaDb(connection) => connection.query_drop(sql).await.unwrap(),
        }
    }

    /// Counts, and writes a row as any language would: by a plain insert within the open transaction.
    pub(crate) async fn count_and_insert(&mut self, key: &str, n: u64) {
        self.count(key, n).await;
        self.run(&format!(
            "insert into headwater_outbox (stream, type, payload) \
             values ('thing-{key}', 'Counted', '{{\"n\":{n}}}')"
        ))
        .await;
    }

    /// Sets a counter, which keeps others from it until the transaction ends.
    pub(crate) async fn count(&mut self, key: &str, n: u64) {
        self.run(&match n {
            1 => format!("insert into counters values ('{key}', 1)"),
            n => format!("update counters set n = {n} where name = '{key}'"),
        })
        .await;
    }

    /// One transaction of the driver's own type, with these events; kept or not.
    pub(crate) async fn write(&mut self, stream: &StreamName, events: &[NewEvent], keep: bool) {
        let outbox = Outbox::new();
        match self {
            Self::Sqlite(connection) => {
                let tx = connection.transaction().unwrap();
                outbox.write_sqlite(&tx, stream, events).unwrap();
                if keep { tx.commit() } else { tx.rollback() }.unwrap();
            }
            Self::Postgres(client) => {
                let tx = client.transaction().await.unwrap();
                outbox.write_postgres(&tx, stream, events).await.unwrap();
                if keep { tx.commit().await } else { tx.rollback().await }.unwrap();
            }
            Self::MariaDb(connection) => {
                let options = mysql_async::TxOpts::default();
                let mut tx = connection.start_transaction(options).await.unwrap();
                outbox.write_mariadb(&mut tx, stream, events).await.unwrap();
                if keep { tx.commit().await } else { tx.rollback().await }.unwrap();
            }
        }
    }
}
