//! Where an outbox is: the address of its database.

use super::RelayError;
use super::session::Session;
#[cfg(feature = "mariadb")]
use super::session::mariadb::MariaDbSession;
#[cfg(feature = "postgres")]
use super::session::postgres::PostgresSession;
#[cfg(feature = "sqlite")]
use super::session::sqlite::SqliteSession;
use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

/// The database of an outbox. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum OutboxAddress {
    /// A file: `sqlite:orders.db`.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`.
    #[cfg(feature = "postgres")]
    Postgres(String),
    /// `mariadb://user:password@host/database`, also `mysql://`.
    #[cfg(feature = "mariadb")]
    MariaDb(String),
}

impl OutboxAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// [`RelayError::Address`] for a database that this build knows nothing of.
    ///
    /// ```
    /// use headwater_sql::outbox::OutboxAddress;
    /// let address = OutboxAddress::parse("sqlite:data/orders.db")?;
    /// assert_eq!(address.to_string(), "sqlite:data/orders.db");
    /// # Ok::<(), headwater_sql::outbox::RelayError>(())
    /// ```
    pub fn parse(address: &str) -> Result<Self, RelayError> {
        #[cfg(feature = "sqlite")]
        if let Some(path) = address.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        #[cfg(feature = "postgres")]
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            return Ok(Self::Postgres(address.to_owned()));
        }
        #[cfg(feature = "mariadb")]
        for scheme in ["mariadb://", "mysql://"] {
            if let Some(rest) = address.strip_prefix(scheme) {
                return Ok(Self::MariaDb(format!("mysql://{rest}")));
            }
        }
        let why = "it begins with none of postgres://, mariadb:// and sqlite:, or this build \
                   has no driver for it";
        Err(RelayError::Address { address: masked(address), why: why.to_owned() })
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Result<Box<dyn Session>, RelayError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => Ok(Box::new(SqliteSession::open(path.clone()).await?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Ok(Box::new(PostgresSession::connect(url).await?)),
            #[cfg(feature = "mariadb")]
            Self::MariaDb(url) => Ok(Box::new(MariaDbSession::connect(url).await?)),
        }
    }
}

impl fmt::Display for OutboxAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => f.write_str(&masked(url)),
            #[cfg(feature = "mariadb")]
            Self::MariaDb(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for OutboxAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An address without its password, also if it is none.
fn masked(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}@{host}")
        }
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let error = OutboxAddress::parse("oracle://scott:tiger@db/x").unwrap_err();
        assert!(!error.to_string().contains("tiger"), "{error}");
        assert_eq!(masked("postgres://a:s@e@cret@db/x"), "postgres://a@db/x");
    }
}
