//! A relay's connection to MariaDB, or to MySQL.

use super::secure::Secured;
use super::{Dialect, Session, Value};
use crate::SqlError;
use crate::mariadb_errors::from_mariadb;
use futures_util::future::BoxFuture;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, IoError, Opts, OptsBuilder, Params, Row, SslOpts};

/// A connection of its own.
pub(crate) struct MariaDbSession {
    connection: Conn,
}

impl MariaDbSession {
    /// Connects.
    pub(crate) async fn connect(url: &str) -> Result<Self, SqlError> {
        let secured = Secured::of(url)?;
        let opts = Opts::from_url(&secured.url);
        let opts = opts.map_err(|error| SqlError::Address { why: format!("is wrong: {error}") })?;
        let mut opts = OptsBuilder::from_opts(opts);
        if secured.tls == Some(true) {
            let authorities = secured.authorities()?.into_iter();
            let roots = authorities.map(|one| one.to_vec().into()).collect();
            let ssl = SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true);
            // The driver goes over to a socket of this machine where it can, which has no TLS.
            opts = opts.ssl_opts(ssl).prefer_socket(false);
        }
        let connection = Conn::new(opts).await.map_err(|error| not_let_in(&error))?;
        let mut session = Self { connection };
        // What is committed shows at once, and taking rows away locks only them.
        session.batch("set session transaction isolation level read committed").await?;
        session.batch("set session time_zone = '+00:00'").await?;
        session.batch("set session innodb_lock_wait_timeout = 5").await?;
        Ok(session)
    }
}

/// Why there is no connection: the password, the certificate, or nobody is there.
fn not_let_in(error: &Error) -> SqlError {
    let why = error.to_string();
    let is_of_tls =
        |error: &std::io::Error| error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>());
    match error {
        Error::Server(refused) if DENIED.contains(&refused.code) => SqlError::Credentials { why },
        Error::Io(IoError::Tls(_)) | Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            SqlError::Tls { why }
        }
        Error::Io(IoError::Io(cause)) if is_of_tls(cause) => SqlError::Tls { why },
        error => from_mariadb(error, "connecting"),
    }
}

/// Access denied, no password given, unknown proof.
const DENIED: &[u16] = &[1045, 1698, 1251, 2059];

fn parameters(values: Vec<Value>) -> Params {
    if values.is_empty() {
        return Params::Empty;
    }
    let value = |value| match value {
        Value::Null => mysql_async::Value::NULL,
        Value::Number(number) => mysql_async::Value::Int(number),
        Value::Text(text) => mysql_async::Value::Bytes(text.into_bytes()),
        Value::Bytes(bytes) => mysql_async::Value::Bytes(bytes),
    };
    Params::Positional(values.into_iter().map(value).collect())
}

/// A text is bytes to the driver; who reads the cell knows which it is.
fn cell(value: mysql_async::Value) -> Value {
    match value {
        mysql_async::Value::NULL => Value::Null,
        mysql_async::Value::Bytes(bytes) => Value::Bytes(bytes),
        mysql_async::Value::Int(number) => Value::Number(number),
        mysql_async::Value::UInt(number) => {
            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Number)
        }
        other => Value::Text(other.as_sql(true)),
    }
}

impl Session for MariaDbSession {
    fn dialect(&self) -> Dialect {
        Dialect::MariaDb
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async move {
            let done = self.connection.exec_drop(sql, parameters(values)).await;
            done.map_err(|error| from_mariadb(&error, sql))?;
            Ok(self.connection.affected_rows())
        })
    }

    fn rows<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<Vec<Vec<Value>>, SqlError>> {
        Box::pin(async move {
            let rows: Result<Vec<Row>, _> = self.connection.exec(sql, parameters(values)).await;
            let rows = rows.map_err(|error| from_mariadb(&error, sql))?;
            // A cell is absent only when somebody took it out of the row.
            let found = |value: Option<_>| value.map_or(Value::Null, cell);
            let cells = |row: Row| row.unwrap_raw().into_iter().map(found).collect();
            Ok(rows.into_iter().map(cells).collect())
        })
    }

    fn batch<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), SqlError>> {
        Box::pin(async move {
            let done = self.connection.query_drop(sql).await;
            done.map_err(|error| from_mariadb(&error, sql))
        })
    }
}
