//! Where a MariaDB server is, and who we are there.

use crate::database::Encryption;
use std::fmt;

/// How to reach a server. The password is never shown.
#[derive(Clone)]
pub struct MariaDbSettings {
    /// The host's name or address; the path of a socket of this machine.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whose rights we have. Mining needs `REPLICATION SLAVE` and `BINLOG MONITOR`, and `SELECT` on the
    /// tables for their copy.
    pub user: String,
    /// The password, where one is asked for.
    pub password: Option<String>,
    /// Whether anybody on the way can read along.
    pub encryption: Encryption,
    /// The number under which we read the log. No server and no other reader of it has the same.
    pub reader_id: u32,
}

impl MariaDbSettings {
    /// A server without encryption or password, as on a socket of this machine.
    pub fn new(host: &str, port: u16, user: &str, reader_id: u32) -> Self {
        Self {
            host: host.to_owned(),
            port,
            user: user.to_owned(),
            password: None,
            encryption: Encryption::Off,
            reader_id,
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

impl fmt::Debug for MariaDbSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `mariadb://user@host:3306`, without the password.
impl fmt::Display for MariaDbSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, .. } = self;
        write!(f, "mariadb://{user}@{host}:{port}")
    }
}
