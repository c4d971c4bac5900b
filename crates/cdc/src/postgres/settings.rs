//! Where a PostgreSQL server is, and who we are there.

use crate::database::Encryption;
use std::fmt;

/// How to reach a database. The password is never shown.
#[derive(Clone)]
pub struct PostgresSettings {
    /// The host's name or address; a directory, `/run/postgresql`, for a socket of this machine.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whose rights we have. Mining needs `REPLICATION`, and `SELECT` on the tables for their copy.
    pub user: String,
    /// The password, where one is asked for.
    pub password: Option<String>,
    /// Which database. A log is mined for one database.
    pub database: String,
    /// Whether anybody on the way can read along.
    pub encryption: Encryption,
}

/// What is mined of a PostgreSQL server.
#[derive(Clone, Debug)]
pub struct PostgresSource {
    /// The database.
    pub database: PostgresSettings,
    /// The publication that has the mapped tables.
    pub publication: String,
    /// The replication slot, which the miner makes. Nobody else reads from it.
    pub slot: String,
}

impl PostgresSettings {
    /// A server without encryption or password, as on a socket of this machine.
    pub fn new(host: &str, port: u16, user: &str, database: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            user: user.to_owned(),
            password: None,
            database: database.to_owned(),
            encryption: Encryption::Off,
        }
    }

    /// With a password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// With TLS.
    #[must_use]
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `postgres://user@host:5432/database`, without the password.
impl fmt::Display for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, database, .. } = self;
        write!(f, "postgres://{user}@{host}:{port}/{database}")
    }
}
