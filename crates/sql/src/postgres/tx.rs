//! The transaction that a projection writes in.
//!
//! Why statements are not waited for: a rebuild asks for thousands of them, and waiting for each
//! answer would cost more than doing it. They are done in order; what one refuses is told by a later
//! one, or at the latest when the transaction ends.
//!
//! Picture:
//! ```text
//!   execute ─▶ sent ─ asked ─ asked ─ asked ─▶ answers, in order
//!   row, rows, change: behind all of them, and waited for
//!   commit: only if every answer was good
//! ```
//! Invariants: C1 what is written here and the checkpoint commit together or not at all: a statement
//! that would end the transaction is refused, and behind a refused one nothing commits, also if the
//! projection goes on.

use super::connect::{Connection, Prepared};
use super::parameters::refused;
use crate::tx::keeps_transaction;
use crate::values::{Value, values};
use crate::{SqlError, row};
use futures_util::future::{BoxFuture, join};
use futures_util::stream::{FuturesOrdered, StreamExt, TryStreamExt};
use headwater_framework::Failed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;
use tokio_postgres::Row;

/// Statements that are asked at once: enough that neither side waits for the other, few enough that
/// they stay small in memory.
const ASKED_COUNT_MAX: usize = 1_024;

/// A projection's rows, being written.
pub struct PostgresTx {
    connection: Connection,
    /// Statements that were sent and are not answered yet.
    asked: FuturesOrdered<BoxFuture<'static, Result<u64, SqlError>>>,
    /// The first that was refused: the transaction will not commit.
    refused: Option<SqlError>,
}

impl PostgresTx {
    pub(super) fn on(connection: Connection) -> Self {
        Self { connection, asked: FuturesOrdered::new(), refused: None }
    }

    /// Runs a statement, without waiting for its answer: if it is refused, a later statement or
    /// the end of the transaction says so.
    ///
    /// `parameters` is a tuple for `$1`, `$2`, …, or `()`. Each value is whatever serde writes as a
    /// scalar: numbers, texts, newtypes, options, enums without fields. PostgreSQL reads a text as
    /// the type of its place: `uuid`, `timestamptz`, `jsonb`.
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
            Ok(self.ask(sql, values?).await?)
        }
    }

    /// Runs a statement, and tells how many rows it changed. Waits for the answer.
    ///
    /// # Errors
    /// As [`PostgresTx::execute`].
    pub fn change<P: Serialize>(
        &mut self,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<u64, Failed>> + Send {
        let values = values(&parameters, sql);
        async move {
            keeps_transaction(sql)?;
            self.ask(sql, values?).await?;
            Ok(self.settle().await?)
        }
    }

    /// The first row of a query, this transaction's own rows included; `None` if there is none.
    ///
    /// # Errors
    /// As [`PostgresTx::execute`], and for a row that is no `T`.
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
    /// As [`PostgresTx::row`].
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

    /// Sends a statement behind those that were sent.
    async fn ask(&mut self, sql: &str, values: Vec<Value>) -> Result<(), SqlError> {
        let prepared = self.prepare(sql, values.len()).await?;
        let client = Arc::clone(&self.connection.client);
        self.asked.push_back(Box::pin(async move {
            let Prepared { statement, sql } = prepared;
            let answer = client.execute_raw(&statement, values.iter().map(to_sql)).await;
            answer.map_err(|error| refused(&error, &sql))
        }));
        // A look sends it, and takes what is answered.
        while let Some(answer) = self.asked.next().now_or_none() {
            self.note(answer)?;
        }
        while self.asked.len() >= ASKED_COUNT_MAX {
            let answer = self.asked.next().await;
            self.note(answer)?;
        }
        Ok(())
    }

    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        let Prepared { statement, .. } = self.prepare(sql, values.len()).await?;
        let client = Arc::clone(&self.connection.client);
        let query = async {
            client.query_raw(&statement, values.iter().map(to_sql)).await?.try_collect().await
        };
        let (settled, rows) = join(self.settle(), query).await;
        settled?;
        let rows = rows.map_err(|error| refused(&error, sql));
        rows.inspect_err(|error| self.refused = Some(error.clone()))
    }

    async fn prepare(&mut self, sql: &str, count: usize) -> Result<Prepared, SqlError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let prepared = self.connection.prepare(sql, count).await;
        match prepared {
            Ok(prepared) => Ok(prepared),
            Err(error) => {
                self.settle().await?; // what was refused before is the cause
                if !matches!(error, SqlError::Parameter { .. }) {
                    self.refused = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    /// Waits for every answer; that of the last statement.
    pub(super) async fn settle(&mut self) -> Result<u64, SqlError> {
        let mut last = 0;
        while let Some(answer) = self.asked.next().await {
            last = self.note(Some(answer)).unwrap_or(last); // the first refusal is kept
        }
        self.refused.clone().map_or(Ok(last), Err)
    }

    fn note(&mut self, answer: Option<Result<u64, SqlError>>) -> Result<u64, SqlError> {
        match answer {
            Some(Err(error)) => Err(self.refused.get_or_insert(error).clone()),
            Some(Ok(count)) => Ok(count),
            None => Ok(0),
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), SqlError> {
        self.settle().await?;
        self.batch("commit").await
    }

    pub(super) async fn rollback(&mut self) -> Result<(), SqlError> {
        self.asked = FuturesOrdered::new();
        self.refused = None;
        self.batch("rollback").await
    }
}

fn to_sql(value: &Value) -> &(dyn tokio_postgres::types::ToSql + Sync) {
    value
}

/// The answer, if it is there.
trait NowOrNone: Future {
    fn now_or_none(self) -> Option<Self::Output>;
}

impl<T, F: Future<Output = Option<T>>> NowOrNone for F {
    fn now_or_none(self) -> Option<Option<T>> {
        futures_util::FutureExt::now_or_never(self).filter(Option::is_some)
    }
}

impl std::fmt::Debug for PostgresTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresTx").field("asked", &self.asked.len()).finish_non_exhaustive()
    }
}
