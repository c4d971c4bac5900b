//! Sources: which database's log is mined.

use crate::mariadb::settings::MariaDbSettings;
use crate::postgres::settings::PostgresSource;
use std::fmt;

/// Which database's log is mined.
#[derive(Clone, Debug)]
pub enum Source {
    /// PostgreSQL, by logical replication.
    Postgres(PostgresSource),
    /// MariaDB, by its binary log of rows.
    MariaDb(MariaDbSettings),
}

impl From<PostgresSource> for Source {
    fn from(source: PostgresSource) -> Self {
        Self::Postgres(source)
    }
}

impl From<MariaDbSettings> for Source {
    fn from(source: MariaDbSettings) -> Self {
        Self::MariaDb(source)
    }
}

/// As an address without its password.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(source) => source.database.fmt(f),
            Self::MariaDb(source) => source.fmt(f),
        }
    }
}
