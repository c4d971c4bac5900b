//! Writing in a transaction of tokio-postgres.

use super::{Outbox, accept};
use crate::SqlError;
use crate::outbox::columns::Columns;
use crate::outbox::session::Dialect;
use crate::outbox::{OutboxError, tables};
use crate::postgres_errors::from_postgres;
use headwater_model::{NewEvent, StreamName};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Transaction};

/// What the parameters are: said with the statement, so that it is one trip to the server.
const TYPES: [Type; 8] = [
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::TEXT,
    Type::BYTEA,
    Type::TEXT,
    Type::TEXT,
];

impl Outbox {
    /// Makes the outbox's tables in this database, if they are not there.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub async fn make_postgres(&self, client: &Client) -> Result<(), SqlError> {
        let ddl = tables::ddl(&self.table, Dialect::Postgres);
        client.batch_execute(&ddl).await.map_err(|error| from_postgres(&error, &ddl))
    }

    /// Writes events of a stream in this transaction. They are published if it commits.
    ///
    /// # Errors
    /// [`OutboxError`]; the transaction is the caller's to roll back.
    pub async fn write_postgres(
        &self,
        tx: &Transaction<'_>,
        stream: &StreamName,
        events: &[NewEvent],
    ) -> Result<(), OutboxError> {
        accept(stream, events)?;
        let insert = format!(
            "{} (cast($1 as uuid), $2, $3, cast($4 as integer), $5, $6, $7, $8)",
            self.insert
        );
        for event in events {
            let columns = Columns::of(event);
            let (id, version) = (event.id.to_string(), i64::from(event.schema_version));
            let (stream, kind) = (stream.as_str(), event.event_type.as_str());
            let values: [&(dyn ToSql + Sync); 8] = [
                &id,
                &stream,
                &kind,
                &version,
                &columns.payload,
                &columns.payload_bytes,
                &columns.metadata,
                &columns.tags,
            ];
            let typed: Vec<_> = values.into_iter().zip(TYPES).collect();
            let written = tx.execute_typed(&insert, &typed).await;
            written.map_err(|error| from_postgres(&error, &insert))?;
        }
        Ok(())
    }
}
