//! Writing in a transaction of rusqlite.

use super::{Outbox, accept};
use crate::SqlError;
use crate::outbox::columns::Columns;
use crate::outbox::session::Dialect;
use crate::outbox::{OutboxError, tables};
use headwater_model::{NewEvent, StreamName};
use rusqlite::{Connection, Transaction, params};

impl Outbox {
    /// Makes the outbox's tables in this database, if they are not there.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub fn make_sqlite(&self, connection: &Connection) -> Result<(), SqlError> {
        let ddl = tables::ddl(&self.table, Dialect::Sqlite);
        connection
            .execute_batch(&ddl)
            .map_err(|error| SqlError::from_driver(&error, self.table.name(), &ddl))
    }

    /// Writes events of a stream in this transaction. They are published if it commits.
    ///
    /// ```
    /// use headwater_model::{EventId, EventType, NewEvent, StreamName};
    /// use headwater_sql::outbox::Outbox;
    /// # let mut connection = rusqlite::Connection::open_in_memory()?;
    /// # connection.execute_batch("create table orders (id text, state text)")?;
    /// let outbox = Outbox::new();
    /// outbox.make_sqlite(&connection)?;
    ///
    /// let tx = connection.transaction()?;
    /// tx.execute("insert into orders values ('8f3a', 'placed')", [])?;
    /// let placed = EventType::new("OrderPlaced")?;
    /// let event = NewEvent::json(EventId(uuid::Uuid::now_v7()), placed, r#"{"total":"12.50"}"#);
    /// outbox.write_sqlite(&tx, &StreamName::of("order", "8f3a")?, &[event])?;
    /// tx.commit()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OutboxError`]; the transaction is the caller's to roll back.
    pub fn write_sqlite(
        &self,
        tx: &Transaction<'_>,
        stream: &StreamName,
        events: &[NewEvent],
    ) -> Result<(), OutboxError> {
        accept(stream, events)?;
        let insert = format!("{} (?, ?, ?, ?, ?, ?, ?, ?)", self.insert);
        let failed = |error| SqlError::from_driver(&error, self.table.name(), &insert);
        let mut statement = tx.prepare_cached(&insert).map_err(failed)?;
        for event in events {
            let columns = Columns::of(event);
            let values = params![
                event.id.to_string(),
                stream.as_str(),
                event.event_type.as_str(),
                event.schema_version,
                columns.payload,
                columns.payload_bytes,
                columns.metadata,
                columns.tags,
            ];
            statement.execute(values).map_err(failed)?;
        }
        Ok(())
    }
}
