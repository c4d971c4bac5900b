//! An inbox in PostgreSQL, in transactions of tokio-postgres.

use super::{Handled, Inbox, InboxError, numbers, place};
use crate::SqlError;
use crate::postgres_errors::from_postgres;
use headwater_model::Checkpoint;
use std::time::Duration;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

const TABLES: &str = include_str!("postgres.sql");
const FIRST: &str =
    "insert into headwater_inbox (consumer, message) values ($1, $2) on conflict do nothing";
const BEGIN: &str = "insert into headwater_inbox_place (consumer, source, incarnation, position) \
     values ($1, $2, $3, $4) on conflict do nothing";
const KNOWN: &str = "select incarnation, position from headwater_inbox_place \
     where consumer = $1 and source = $2 for update";
const MOVE: &str = "update headwater_inbox_place set incarnation = $3, position = $4 \
     where consumer = $1 and source = $2";
const FORGET: &str = "delete from headwater_inbox where ctid = any (array(select ctid \
     from headwater_inbox where consumer = $1 \
     and handled_at < clock_timestamp() - $2 * interval '1 millisecond' limit $3))";

impl Inbox {
    /// Makes the inbox's tables in this database, if they are not there.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub async fn make_postgres(client: &Client) -> Result<(), SqlError> {
        client.batch_execute(TABLES).await.map_err(|error| from_postgres(&error, TABLES))
    }

    /// Whether this message is handled for the first time, which it counts as from now on: `false` means
    /// that nothing is to be done. Whoever gets `true` must handle it in this transaction, or roll back.
    /// Waits while another transaction handles the same message.
    ///
    /// # Errors
    /// [`SqlError`]; the transaction is the caller's to roll back.
    pub async fn first_postgres(
        &self,
        tx: &Transaction<'_>,
        message: &str,
    ) -> Result<bool, SqlError> {
        let values = [(&self.consumer as _, Type::TEXT), (&message as _, Type::TEXT)];
        let done = tx.execute_typed(FIRST, &values).await;
        Ok(done.map_err(|error| from_postgres(&error, FIRST))? == 1)
    }

    /// Handles a message unless it was handled before. If the handler fails, nothing of it is done, and
    /// the message counts as not handled, whatever becomes of the transaction.
    ///
    /// # Errors
    /// The handler's own, and [`SqlError`] as one of them.
    pub async fn handle_postgres<T, E: From<SqlError>>(
        &self,
        tx: &mut Transaction<'_>,
        message: &str,
        handler: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<Handled<T>, E> {
        let failed = |error| from_postgres(&error, "savepoint");
        let mut savepoint = tx.savepoint("headwater_inbox").await.map_err(failed)?;
        if !self.first_postgres(&savepoint, message).await? {
            savepoint.commit().await.map_err(failed)?;
            return Ok(Handled::Before);
        }
        match handler(&mut savepoint).await {
            Ok(done) => {
                savepoint.commit().await.map_err(failed)?;
                Ok(Handled::Now(done))
            }
            Err(error) => {
                savepoint.rollback().await.map_err(failed)?;
                Err(error)
            }
        }
    }

    /// Whether the event at this place of a source is new, which counts as handled from now on with all
    /// before it. For sources that are read in order; `source` names the context, and the key if it is
    /// one of a group's.
    ///
    /// # Errors
    /// [`InboxError::OtherHistory`] if the source was restored since.
    pub async fn advance_postgres(
        &self,
        tx: &Transaction<'_>,
        source: &str,
        to: Checkpoint,
    ) -> Result<bool, InboxError> {
        let (incarnation, position) = numbers(to);
        let whose = [(&self.consumer as _, Type::TEXT), (&source as _, Type::TEXT)];
        let all = [
            (&self.consumer as _, Type::TEXT),
            (&source as _, Type::TEXT),
            (&incarnation as _, Type::INT8),
            (&position as _, Type::INT8),
        ];
        let failed = |sql: &'static str| move |error| from_postgres(&error, sql);
        if tx.execute_typed(BEGIN, &all).await.map_err(failed(BEGIN))? == 1 {
            return Ok(true);
        }
        let known = tx.query_typed_one(KNOWN, &whose).await.map_err(failed(KNOWN))?;
        if !self.is_new(source, place((known.get(0), known.get(1))), to)? {
            return Ok(false);
        }
        tx.execute_typed(MOVE, &all).await.map_err(failed(MOVE))?;
        Ok(true)
    }

    /// Forgets messages that were handled longer ago than this, at most so many; how many it were. To be
    /// called until it is zero.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub async fn forget_postgres(
        &self,
        client: &Client,
        older_than: Duration,
        count_max: u32,
    ) -> Result<u64, SqlError> {
        let age_ms = older_than.as_secs_f64() * 1_000.0;
        let count_max = i64::from(count_max);
        let values = [
            (&self.consumer as _, Type::TEXT),
            (&age_ms as _, Type::FLOAT8),
            (&count_max as _, Type::INT8),
        ];
        let forgotten = client.execute_typed(FORGET, &values).await;
        forgotten.map_err(|error| from_postgres(&error, FORGET))
    }
}
