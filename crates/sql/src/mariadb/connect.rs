//! Connections to MariaDB, and what they are told first.
//!
//! | setting | because |
//! |---|---|
//! | `sql_mode = traditional` | nothing is cut, rounded to fit or guessed: it is an error |
//! | `default_storage_engine = innodb` | rows and checkpoint are one transaction; other engines have none |
//! | `read committed` of who writes | locks no gaps between rows, so that it meets fewer deadlocks |
//! | readers in one snapshot that only reads | two queries of a request see one moment |
//! | `time_zone = '+00:00'` | a time means the same on every machine |
//! | lock waits of 30 s | another instance that holds the model is waited for, not for ever |
//! | `idle_transaction_timeout` | an instance whose machine stands still lets go of the model |
//!
//! Whether a commit is synced is the server's to say (`innodb_flush_log_at_trx_commit`): what it loses,
//! rows *and* checkpoint, the log delivers again.

use crate::SqlError;
use crate::bind::check_count;
use crate::mariadb_errors::from_mariadb;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Statement};
use std::collections::HashMap;

/// Statements a connection keeps prepared: a projection with its queries has a dozen or two.
const PREPARED_COUNT_MAX: usize = 64;

/// Longer names are refused by MariaDB.
const NAME_CHARS_MAX: usize = 64;

const OF_BOTH: &str = "set session sql_mode = 'traditional', default_storage_engine = innodb, \
    time_zone = '+00:00', lock_wait_timeout = 30, innodb_lock_wait_timeout = 30 \
    /*M!100300 , idle_transaction_timeout = 60 */";

const OF_WRITERS: &str = "set session transaction isolation level read committed";

const OF_READERS: &str = "set session transaction isolation level repeatable read";

/// A server, and the database of a model on it.
#[derive(Clone)]
pub(crate) struct Place {
    options: Opts,
    /// The database that the address names: those of the models begin like it.
    base: String,
    pub(crate) database: String,
}

impl Place {
    pub(super) fn at(address: &str) -> Result<Self, SqlError> {
        let rest = address.strip_prefix("mariadb://").or_else(|| address.strip_prefix("mysql://"));
        let Some(rest) = rest else {
            return Err(SqlError::Address { why: "begins with mariadb:// or mysql://".into() });
        };
        let options = Opts::from_url(&format!("mysql://{rest}"))
            .map_err(|error| SqlError::Address { why: format!("is wrong: {error}") })?;
        let Some(base) = options.db_name().map(str::to_owned) else {
            let why = "names no database: the models' own begin like it".to_owned();
            return Err(SqlError::Address { why });
        };
        let in_reach = options.socket().is_some();
        let options = OptsBuilder::from_opts(options)
            .db_name(None::<String>) // the model's is chosen once it is there
            .client_found_rows(true) // rows that were found, as other databases count
            .stmt_cache_size(0) // we keep them
            .prefer_socket(in_reach);
        Ok(Self { options: options.into(), base, database: String::new() })
    }

    /// The database of a model: `shop` has `shop_orders_v1`.
    pub(super) fn model(&self, name: &str) -> Result<Self, SqlError> {
        let database = format!("{}_{name}", self.base);
        if database.chars().count() > NAME_CHARS_MAX || database.contains(['`', '\0', '/', '.']) {
            let why = format!("has no database `{database}`: at most 64 letters, without marks");
            return Err(SqlError::Address { why });
        }
        Ok(Self { database, ..self.clone() })
    }

    /// For messages: what a person looks for, without a password.
    pub(crate) fn name(&self) -> String {
        format!("the database {} on {}", self.database, self.options.ip_or_hostname())
    }

    /// A connection of who writes, in no database yet.
    pub(super) async fn writer(&self) -> Result<Connection, SqlError> {
        self.connect(OF_WRITERS).await
    }

    /// A connection in the database of the address.
    pub(super) async fn of_address(&self) -> Result<Connection, SqlError> {
        let mut connection = self.connect(OF_WRITERS).await?;
        connection.batch(&format!("use `{}`", self.base)).await?;
        Ok(connection)
    }

    pub(super) async fn reader(&self) -> Result<Connection, SqlError> {
        let mut connection = self.connect(OF_READERS).await?;
        connection.batch(&format!("use `{}`", self.database)).await?;
        Ok(connection)
    }

    async fn connect(&self, isolation: &str) -> Result<Connection, SqlError> {
        let connected = Conn::new(self.options.clone()).await;
        // Whoever runs the server can let us in: that is waited for.
        let connection = connected.map_err(|error| SqlError::Io {
            what: "connecting to MariaDB".to_owned(),
            why: error.to_string(),
        })?;
        let mut connection = Connection { connection, prepared: HashMap::new() };
        connection.batch(OF_BOTH).await?;
        connection.batch(isolation).await?;
        Ok(connection)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

/// An open connection, and what is prepared on it.
pub(super) struct Connection {
    pub(super) connection: Conn,
    prepared: HashMap<String, Statement>,
}

impl Connection {
    /// Runs statements that take no parameters.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), SqlError> {
        let done = self.connection.query_drop(sql).await;
        done.map_err(|error| from_mariadb(&error, sql))
    }

    /// The statement, prepared once, that takes this many parameters.
    pub(super) async fn prepare(&mut self, sql: &str, count: usize) -> Result<Statement, SqlError> {
        let statement = match self.prepared.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                if self.prepared.len() == PREPARED_COUNT_MAX {
                    for (_, old) in std::mem::take(&mut self.prepared) {
                        let closed = self.connection.close(old).await;
                        closed.map_err(|error| from_mariadb(&error, "closing a statement"))?;
                    }
                }
                let prepared = self.connection.prep(sql).await;
                let statement = prepared.map_err(|error| from_mariadb(&error, sql))?;
                self.prepared.insert(sql.to_owned(), statement.clone());
                statement
            }
        };
        check_count(usize::from(statement.num_params()), count, sql)?;
        Ok(statement)
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("id", &self.connection.id()).finish_non_exhaustive()
    }
}
