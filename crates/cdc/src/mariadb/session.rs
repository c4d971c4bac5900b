//! A session: who we are, and questions in text.
//!
//! Invariant: every session speaks UTF-8 and UTC, so a value looks the same whoever set up the server.

use super::settings::MariaDbSettings;
use crate::cell::{Cell, Row};
use crate::database::{DatabaseError, Encryption};
use crate::limits::CONNECT_WAIT_MAX;
use bytestring::ByteString;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, DriverError, Error, IoError, OptsBuilder, SslOpts, Value};

/// A connection. One thing at a time.
pub(crate) struct Session {
    pub(crate) conn: Conn,
    server: String,
}

/// How values are written, and that nobody is hurried: the same in every session.
const SETTINGS: &str = "set names utf8mb4, sql_mode = '', time_zone = '+00:00', \
     max_statement_time = 0, lock_wait_timeout = 30, net_write_timeout = 3600, wait_timeout = 3600";

impl Session {
    pub(crate) async fn connect(settings: &MariaDbSettings) -> Result<Self, DatabaseError> {
        let server = settings.to_string();
        let connected = tokio::time::timeout(CONNECT_WAIT_MAX, Conn::new(options(settings))).await;
        let why = || format!("no connection within {CONNECT_WAIT_MAX:?}");
        let conn = match connected {
            Ok(connected) => connected.map_err(|error| failed(&server, &error, ""))?,
            Err(_) => return Err(DatabaseError::Away { server, why: why() }),
        };
        let mut session = Self { conn, server };
        session.tell(SETTINGS).await?;
        Ok(session)
    }

    /// Says something that has no answer.
    pub(crate) async fn tell(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let done = self.conn.query_drop(sql).await;
        done.map_err(|error| failed(&self.server, &error, sql))
    }

    /// The rows of a question.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        let rows: Result<Vec<mysql_async::Row>, _> = self.conn.query(sql).await;
        let rows = rows.map_err(|error| failed(&self.server, &error, sql))?;
        // A cell is absent only when somebody took it out of the row.
        let found = |value: Option<Value>| value.map_or(Cell::Null, cell);
        let cells = |row: mysql_async::Row| Row(row.unwrap_raw().into_iter().map(found).collect());
        Ok(rows.into_iter().map(cells).collect())
    }

    /// The first cell of a question's first row.
    pub(crate) async fn ask(&mut self, sql: &str) -> Result<Option<String>, DatabaseError> {
        let rows = self.query(sql).await?;
        Ok(rows.first().and_then(|row| row.cell(0).text()).map(str::to_owned))
    }
}

/// What the text protocol gives is bytes or null.
fn cell(value: Value) -> Cell {
    match value {
        Value::NULL => Cell::Null,
        Value::Bytes(bytes) => text(bytes),
        other => Cell::Text(other.as_sql(true).into()),
    }
}

/// Bytes that should be UTF-8; where they are not, what is none is shown as such.
pub(super) fn text(bytes: Vec<u8>) -> Cell {
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Cell::Text(ByteString::from(text))
}

fn options(settings: &MariaDbSettings) -> OptsBuilder {
    let encryption = match &settings.encryption {
        Encryption::Off => None,
        Encryption::Verified(trust) => {
            let roots = trust.authorities().iter().cloned().map(Into::into).collect();
            Some(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true))
        }
    };
    let options = OptsBuilder::default()
        .user(Some(settings.user.clone()))
        .pass(settings.password.clone())
        .prefer_socket(false)
        .tcp_nodelay(true)
        .ssl_opts(encryption);
    if settings.host.starts_with('/') {
        return options.socket(Some(settings.host.clone()));
    }
    options.ip_or_hostname(settings.host.clone()).tcp_port(settings.port)
}

/// Access denied; no password given; unknown authentication.
const DENIED: &[u16] = &[1045, 1698, 1251, 2059];

/// Too many connections, shutting down, killed, waited for a lock, a deadlock's victim, a table that
/// was altered beneath us.
const PASSES: &[u16] = &[
    1040, 1041, 1053, 1077, 1078, 1079, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317,
    1412, 1927,
];

/// The driver's error, by what can be done about it.
pub(super) fn failed(server: &str, error: &Error, asked: &str) -> DatabaseError {
    let server = server.to_owned();
    match error {
        Error::Server(refused) if DENIED.contains(&refused.code) => {
            DatabaseError::Credentials { server, why: refused.message.clone() }
        }
        Error::Server(refused) => DatabaseError::Refused {
            state: format!("{}, error {}", refused.state, refused.code),
            message: refused.message.clone(),
            asked: asked.chars().take(ASKED_CHARS_MAX).collect(),
            passes: PASSES.contains(&refused.code),
        },
        Error::Io(IoError::Tls(error)) => DatabaseError::Tls { why: error.to_string() },
        Error::Io(IoError::Io(error)) if is_tls(error) => {
            DatabaseError::Tls { why: error.to_string() }
        }
        Error::Io(IoError::Io(error)) => DatabaseError::Away { server, why: error.to_string() },
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            DatabaseError::Tls { why: format!("{server} has no TLS") }
        }
        Error::Driver(DriverError::ConnectionClosed) => {
            DatabaseError::Away { server, why: "the connection ended".to_owned() }
        }
        other => DatabaseError::Protocol { why: other.to_string() },
    }
}

/// Whether the socket's error is what TLS had to say.
fn is_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>())
}

/// So much of a statement is shown in a message.
const ASKED_CHARS_MAX: usize = 300;

/// A text as a literal of SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A name as SQL quotes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
