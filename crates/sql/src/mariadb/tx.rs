//! The transaction that a projection writes in.
//!
//! Why statements wait for each other: a rebuild asks for thousands, mostly the same few with other
//! values, and MariaDB takes many values of one statement at once. So a statement is kept while the ones
//! behind it are the same, and all of them are sent together.
//!
//! Picture:
//! ```text
//!   execute a, a, a ─▶ kept ─ another statement, a query, the end ─▶ sent as one ─▶ one answer
//! ```
//! Invariants: C1 what is written here and the checkpoint commit together or not at all: a statement
//! that would end the transaction is refused, and behind a refused one nothing commits, also if the
//! projection goes on. Statements are done in the order in which they were asked.

use super::cells::bound;
use super::connect::Connection;
use crate::mariadb_errors::from_mariadb;
use crate::tx::keeps_transaction;
use crate::values::{Value, values};
use crate::{SqlError, row};
use headwater_framework::Failed;
use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row, Value as Sent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::mem::{Discriminant, discriminant, take};

/// Values of one statement that are kept: enough that the way to the server and back costs little.
const KEPT_COUNT_MAX: usize = 1_024;

/// Bytes of them, far below what a server takes at once.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// Statements of which MariaDB takes many values at once.
const MANY_AT_ONCE: &[&str] = &["insert", "update", "delete", "replace"];

/// Statements behind which MariaDB has committed by itself.
const COMMITTING: &[&str] = &[
    "alter", "analyze", "call", "create", "drop", "flush", "grant", "load", "lock", "optimize",
    "rename", "repair", "reset", "revoke", "set", "truncate", "unlock", "use", "xa",
];

/// A projection's rows, being written.
pub struct MariaDbTx {
    connection: Connection,
    kept: Kept,
    /// The first that was refused: the transaction will not commit.
    refused: Option<SqlError>,
}

/// One statement, as often as it was asked for in a row.
#[derive(Default)]
struct Kept {
    sql: String,
    rows: Vec<Vec<Sent>>,
    /// Which kind of value stands where: the server is told once. Nothing fits everywhere.
    kinds: Vec<Option<Discriminant<Sent>>>,
    bytes: usize,
}

impl MariaDbTx {
    pub(super) fn on(connection: Connection) -> Self {
        Self { connection, kept: Kept::default(), refused: None }
    }

    /// Runs a statement, before the next query or the end of the transaction: if it is refused, a later
    /// statement or the end says so.
    ///
    /// `parameters` is a tuple for `?`s in order, or `()`. Each value is whatever serde writes as a
    /// scalar: numbers, texts, newtypes, options, enums without fields.
    ///
    /// # Errors
    /// `Failed` says whether a statement, a parameter, a rule of the schema or the server is to
    /// blame, and whether trying again may help.
    pub fn execute<P: Serialize>(
        &mut self,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<(), Failed>> + Send {
        let values = values(&parameters, sql);
        async move {
            keeps_transaction(sql)?;
            commits_nothing(sql)?;
            Ok(self.ask(sql, values?).await?)
        }
    }

    /// Runs a statement, and tells how many rows it found and changed. Waits for the answer.
    ///
    /// # Errors
    /// As [`MariaDbTx::execute`].
    pub fn change<P: Serialize>(
        &mut self,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<u64, Failed>> + Send {
        let values = values(&parameters, sql);
        async move {
            keeps_transaction(sql)?;
            commits_nothing(sql)?;
            self.settle().await?;
            let done = self.run(sql, values?).await;
            self.note(done)?;
            Ok(self.connection.connection.affected_rows())
        }
    }

    /// The first row of a query, this transaction's own rows included; `None` if there is none.
    ///
    /// # Errors
    /// As [`MariaDbTx::execute`], and for a row that is no `T`.
    pub fn row<T: DeserializeOwned + Send, P: Serialize>(
        &mut self,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<Option<T>, Failed>> + Send {
        let values = values(&parameters, sql);
        async move {
            let rows = self.query(sql, values?).await?;
            Ok(rows.first().map(|found| row::read(found, sql)).transpose()?)
        }
    }

    /// All rows of a query, this transaction's own included.
    ///
    /// # Errors
    /// As [`MariaDbTx::row`].
    pub fn rows<T: DeserializeOwned + Send, P: Serialize>(
        &mut self,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<Vec<T>, Failed>> + Send {
        let values = values(&parameters, sql);
        async move {
            let rows = self.query(sql, values?).await?;
            Ok(rows.iter().map(|found| row::read(found, sql)).collect::<Result<_, _>>()?)
        }
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), SqlError> {
        self.connection.batch(sql).await
    }

    /// Keeps a statement behind those that are kept.
    async fn ask(&mut self, sql: &str, values: Vec<Value>) -> Result<(), SqlError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let row: Vec<Sent> = values.into_iter().map(bound).collect();
        if !self.kept.fits(sql, &row) {
            self.settle().await?;
        }
        self.kept.add(sql, row);
        if self.kept.rows.len() >= KEPT_COUNT_MAX || self.kept.bytes >= KEPT_BYTES_MAX {
            self.settle().await?;
        }
        Ok(())
    }

    /// Sends what is kept, and waits for the answer.
    pub(super) async fn settle(&mut self) -> Result<(), SqlError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let Kept { sql, rows, .. } = take(&mut self.kept);
        if rows.is_empty() {
            return Ok(());
        }
        let sent = self.send(&sql, rows).await;
        self.note(sent)
    }

    async fn send(&mut self, sql: &str, rows: Vec<Vec<Sent>>) -> Result<(), SqlError> {
        let width = rows.first().map_or(0, Vec::len);
        let statement = self.connection.prepare(sql, width).await?;
        let to = &mut self.connection.connection;
        let at_once = rows.len() > 1
            && width > 0
            && statement.num_columns() == 0
            && MANY_AT_ONCE.iter().any(|word| first_word(sql).eq_ignore_ascii_case(word));
        if at_once {
            let done = to.exec_batch(&statement, rows).await;
            return done.map_err(|error| from_mariadb(&error, sql));
        }
        for row in rows {
            let done = to.exec_drop(&statement, parameters(row)).await;
            done.map_err(|error| from_mariadb(&error, sql))?;
        }
        Ok(())
    }

    async fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<(), SqlError> {
        self.send(sql, vec![values.into_iter().map(bound).collect()]).await
    }

    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        self.settle().await?;
        let rows = self.connection.rows(sql, values).await;
        rows.inspect_err(|error| self.keep(error))
    }

    fn note<T>(&mut self, answer: Result<T, SqlError>) -> Result<T, SqlError> {
        answer.inspect_err(|error| self.keep(error))
    }

    /// A statement that was never sent leaves the transaction as it was.
    fn keep(&mut self, error: &SqlError) {
        if !matches!(error, SqlError::Parameter { .. }) {
            self.refused.get_or_insert_with(|| error.clone());
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), SqlError> {
        self.settle().await?;
        self.batch("commit").await
    }

    pub(super) async fn rollback(&mut self) -> Result<(), SqlError> {
        self.kept = Kept::default();
        self.refused = None;
        self.batch("rollback").await
    }
}

impl Connection {
    /// The rows that a query finds.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, SqlError> {
        let statement = self.prepare(sql, values.len()).await?;
        let row = values.into_iter().map(bound).collect();
        let found = self.connection.exec(&statement, parameters(row)).await;
        found.map_err(|error| from_mariadb(&error, sql))
    }
}

impl Kept {
    fn fits(&self, sql: &str, row: &[Sent]) -> bool {
        let alike = |(kind, value): (&Option<_>, &Sent)| {
            *value == Sent::NULL || *kind == Some(discriminant(value))
        };
        self.rows.is_empty()
            || (self.sql == sql
                && self.kinds.len() == row.len()
                && self.kinds.iter().zip(row).all(alike))
    }

    fn add(&mut self, sql: &str, row: Vec<Sent>) {
        if self.rows.is_empty() {
            let kind = |value: &Sent| (*value != Sent::NULL).then(|| discriminant(value));
            self.kinds = row.iter().map(kind).collect();
            sql.clone_into(&mut self.sql);
        }
        let bytes = row.iter().map(|value| usize::try_from(value.bin_len()).unwrap_or(usize::MAX));
        self.bytes = bytes.fold(self.bytes, usize::saturating_add);
        self.rows.push(row);
    }
}

fn parameters(row: Vec<Sent>) -> Params {
    if row.is_empty() { Params::Empty } else { Params::Positional(row) }
}

fn first_word(sql: &str) -> &str {
    sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
}

/// Refuses a statement behind which the transaction is over, by its first word.
fn commits_nothing(sql: &str) -> Result<(), Failed> {
    let first = first_word(sql);
    match COMMITTING.iter().find(|word| first.eq_ignore_ascii_case(word)) {
        None => Ok(()),
        Some(word) => Err(Failed::for_good(format!(
            "`{word}` is not for a projection: MariaDB ends the transaction for it, which also holds \
             the checkpoint"
        ))),
    }
}

impl std::fmt::Debug for MariaDbTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MariaDbTx").field("kept", &self.kept.rows.len()).finish_non_exhaustive()
    }
}
