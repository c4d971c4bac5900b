//! An inbox in MariaDB or MySQL, in transactions of mysql_async.

use super::{Handled, Inbox, InboxError, numbers, place};
use crate::SqlError;
use crate::mariadb_errors::from_mariadb;
use headwater_model::Checkpoint;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Transaction};
use std::time::Duration;

const TABLES: &str = include_str!("mariadb.sql");
const FIRST: &str = "insert into headwater_inbox (consumer, message) values (?, ?)";
const BEGIN: &str = "insert into headwater_inbox_place \
     (consumer, source, incarnation, position) values (?, ?, ?, ?)";
const KNOWN: &str = "select incarnation, position from headwater_inbox_place \
     where consumer = ? and source = ? for update";
const MOVE: &str = "update headwater_inbox_place set incarnation = ?, position = ? \
     where consumer = ? and source = ?";
const FORGET: &str = "delete from headwater_inbox where consumer = ? \
     and handled_at < current_timestamp(3) - interval ? microsecond limit ?";

impl Inbox {
    /// Makes the inbox's tables in this database, if they are not there.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub async fn make_mariadb(connection: &mut Conn) -> Result<(), SqlError> {
        for statement in TABLES.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            let made = connection.query_drop(statement).await;
            made.map_err(|error| from_mariadb(&error, statement))?;
        }
        Ok(())
    }

    /// Whether this message is handled for the first time, which it counts as from now on: `false` means
    /// that nothing is to be done. Whoever gets `true` must handle it in this transaction, or roll back.
    /// Waits while another transaction handles the same message.
    ///
    /// # Errors
    /// [`SqlError`]; the transaction is the caller's to roll back.
    pub async fn first_mariadb(
        &self,
        tx: &mut Transaction<'_>,
        message: &str,
    ) -> Result<bool, SqlError> {
        is_new(tx.exec_drop(FIRST, (&self.consumer, message)).await, FIRST)
    }

    /// Handles a message unless it was handled before. If the handler fails, nothing of it is done, and
    /// the message counts as not handled, whatever becomes of the transaction.
    ///
    /// # Errors
    /// The handler's own, and [`SqlError`] as one of them.
    pub async fn handle_mariadb<T, E: From<SqlError>>(
        &self,
        tx: &mut Transaction<'_>,
        message: &str,
        handler: impl AsyncFnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<Handled<T>, E> {
        exec(tx, "savepoint headwater_inbox", ()).await?;
        if !self.first_mariadb(tx, message).await? {
            exec(tx, "release savepoint headwater_inbox", ()).await?;
            return Ok(Handled::Before);
        }
        match handler(tx).await {
            Ok(done) => {
                exec(tx, "release savepoint headwater_inbox", ()).await?;
                Ok(Handled::Now(done))
            }
            Err(error) => {
                exec(tx, "rollback to savepoint headwater_inbox", ()).await?;
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
    pub async fn advance_mariadb(
        &self,
        tx: &mut Transaction<'_>,
        source: &str,
        to: Checkpoint,
    ) -> Result<bool, InboxError> {
        let (incarnation, position) = numbers(to);
        let values = (&self.consumer, source, incarnation, position);
        if is_new(tx.exec_drop(BEGIN, values).await, BEGIN)? {
            return Ok(true);
        }
        let known = tx.exec_first(KNOWN, (&self.consumer, source)).await;
        let known: Option<(i64, i64)> = known.map_err(|error| from_mariadb(&error, KNOWN))?;
        if let Some(known) = known
            && !self.is_new(source, place(known), to)?
        {
            return Ok(false);
        }
        exec(tx, MOVE, (incarnation, position, &self.consumer, source)).await?;
        Ok(true)
    }

    /// Forgets messages that were handled longer ago than this, at most so many; how many it were. To be
    /// called until it is zero.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub async fn forget_mariadb(
        &self,
        connection: &mut Conn,
        older_than: Duration,
        count_max: u32,
    ) -> Result<u64, SqlError> {
        let age_us = i64::try_from(older_than.as_micros()).unwrap_or(i64::MAX);
        let done = connection.exec_drop(FORGET, (&self.consumer, age_us, count_max)).await;
        done.map_err(|error| from_mariadb(&error, FORGET))?;
        Ok(connection.affected_rows())
    }
}

/// Whether a row was inserted, and not there before. `insert ignore` would say so too, and would also cut
/// a name that is too long, so that two messages become one.
fn is_new(inserted: Result<(), mysql_async::Error>, sql: &str) -> Result<bool, SqlError> {
    /// A row with this key is there.
    const DUPLICATE: u16 = 1062;
    match inserted {
        Ok(()) => Ok(true),
        Err(mysql_async::Error::Server(error)) if error.code == DUPLICATE => Ok(false),
        Err(error) => Err(from_mariadb(&error, sql)),
    }
}

async fn exec(
    tx: &mut Transaction<'_>,
    sql: &'static str,
    values: impl Into<Params> + Send,
) -> Result<(), SqlError> {
    tx.exec_drop(sql, values).await.map_err(|error| from_mariadb(&error, sql))
}
