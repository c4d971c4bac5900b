//! The desk: what people do with an outbox while its relays work.

use super::parking::{self, ParkedRow};
use super::session::Dialect;
use super::{OutboxAddress, OutboxTable, RelayError, tables};

/// An outbox, for people: its tables, and what is parked in it. No store is needed for it.
#[derive(Debug, Clone)]
pub struct OutboxDesk {
    address: OutboxAddress,
    table: OutboxTable,
}

impl OutboxDesk {
    /// Of this table.
    pub fn new(address: OutboxAddress, table: OutboxTable) -> Self {
        Self { address, table }
    }

    /// What makes the tables that are missing, in the words of its database. Tables of other tools are
    /// only given what they lack.
    pub fn ddl(&self) -> String {
        let dialect = match self.address {
            #[cfg(feature = "sqlite")]
            OutboxAddress::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            OutboxAddress::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mariadb")]
            OutboxAddress::MariaDb(_) => Dialect::MariaDb,
        };
        tables::ddl(&self.table, dialect)
    }

    /// Makes them.
    ///
    /// # Errors
    /// A database that does not answer, or where this user may not make tables.
    pub async fn make_tables(&self) -> Result<(), RelayError> {
        let mut session = self.address.connect().await?;
        tables::make(&mut *session, &self.table).await
    }

    /// Rows that are set aside, the oldest first, at most so many.
    ///
    /// # Errors
    /// A database that does not answer.
    pub async fn parked(&self, count_max: usize) -> Result<Vec<ParkedRow>, RelayError> {
        let mut session = self.address.connect().await?;
        parking::list(&mut *session, self.table.name(), count_max).await
    }

    /// Lets all parked rows of a stream be tried again; how many there were.
    ///
    /// # Errors
    /// A database that does not answer.
    pub async fn retry(&self, stream: &str) -> Result<u64, RelayError> {
        let mut session = self.address.connect().await?;
        parking::retry(&mut *session, self.table.name(), stream).await
    }

    /// Gives a parked row up, for good; `false` if it was not parked. Those behind it wait for a retry.
    ///
    /// # Errors
    /// A database that does not answer.
    pub async fn discard(&self, row: &str) -> Result<bool, RelayError> {
        let mut session = self.address.connect().await?;
        parking::discard(&mut *session, &self.table, row).await
    }
}
