//! Writing in a transaction of mysql_async.

use super::{Outbox, accept};
use crate::SqlError;
use crate::mariadb_errors::from_mariadb;
use crate::outbox::columns::Columns;
use crate::outbox::session::Dialect;
use crate::outbox::{OutboxError, tables};
use headwater_model::{NewEvent, StreamName};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Transaction, Value};

impl Outbox {
    /// Makes the outbox's tables in this database, if they are not there. MariaDB ends a transaction
    /// for it, so it takes a connection.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub async fn make_mariadb(&self, connection: &mut Conn) -> Result<(), SqlError> {
        let ddl = tables::ddl(&self.table, Dialect::MariaDb);
        for statement in ddl.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            let made = connection.query_drop(statement).await;
            made.map_err(|error| from_mariadb(&error, statement))?;
        }
        Ok(())
    }

    /// Writes events of a stream in this transaction. They are published if it commits.
    ///
    /// # Errors
    /// [`OutboxError`]; the transaction is the caller's to roll back.
    pub async fn write_mariadb(
        &self,
        tx: &mut Transaction<'_>,
        stream: &StreamName,
        events: &[NewEvent],
    ) -> Result<(), OutboxError> {
        accept(stream, events)?;
        let insert = format!("{} (?, ?, ?, ?, ?, ?, ?, ?)", self.insert);
        for event in events {
            let columns = Columns::of(event);
            let values: Vec<Value> = vec![
                event.id.to_string().into(),
                stream.as_str().into(),
                event.event_type.as_str().into(),
                event.schema_version.into(),
                columns.payload.into(),
                columns.payload_bytes.into(),
                columns.metadata.into(),
                columns.tags.into(),
            ];
            let written = tx.exec_drop(&insert, values).await;
            written.map_err(|error| from_mariadb(&error, &insert))?;
        }
        Ok(())
    }
}
