//! A relay's connection to PostgreSQL, which also hears what writers call.

use super::secure::Secured;
use super::{Dialect, Session, Value};
use crate::SqlError;
use crate::postgres_errors::{from_postgres, lost};
use bytes::BytesMut;
use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Statements that are kept prepared: those of relays are a handful.
const PREPARED_COUNT_MAX: usize = 64;

/// A connection of its own.
pub(crate) struct PostgresSession {
    client: Client,
    called: Arc<Notify>,
    prepared: HashMap<String, Statement>,
}

impl PostgresSession {
    /// Connects, and listens to what writers call.
    pub(crate) async fn connect(url: &str) -> Result<Self, SqlError> {
        let secured = Secured::of(url)?;
        let config = secured.url.parse::<Config>();
        let mut config = config.map_err(|error| not_let_in(&error))?;
        match secured.tls {
            Some(true) => config.ssl_mode(SslMode::Require),
            Some(false) => config.ssl_mode(SslMode::Disable),
            None => &mut config,
        };
        let tls = MakeRustlsConnect::new(believing(secured.authorities()?)?);
        let (client, connection) = config.connect(tls).await.map_err(|error| not_let_in(&error))?;
        let called = Arc::new(Notify::new());
        tokio::spawn(hear(connection, Arc::clone(&called)));
        let mut session = Self { client, called, prepared: HashMap::new() };
        // What is deleted was published: should a power cut undo the deletion, the store knows.
        session.batch("set synchronous_commit = off; listen headwater_outbox").await?;
        Ok(session)
    }

    async fn prepared(&mut self, sql: &str) -> Result<Statement, SqlError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        if self.prepared.len() >= PREPARED_COUNT_MAX {
            self.prepared.clear();
        }
        let prepared = self.client.prepare(&numbered(sql)).await;
        let statement = prepared.map_err(|error| from_postgres(&error, sql))?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// TLS that believes these authorities.
fn believing(authorities: Vec<CertificateDer<'static>>) -> Result<ClientConfig, SqlError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SqlError::Tls { why: error.to_string() })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Why there is no connection: the password, the certificate, or nobody is there.
fn not_let_in(error: &tokio_postgres::Error) -> SqlError {
    if let Some(refused) = error.as_db_error() {
        return match refused.code().code().get(..2) {
            Some("28") => SqlError::Credentials { why: refused.to_string() },
            _ => from_postgres(error, "connecting"),
        };
    }
    let why = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    // The driver tells them apart by its words only.
    match why.as_str() {
        words if words.contains("TLS") => SqlError::Tls { why },
        words if words.contains("authentication") || words.contains("password") => {
            SqlError::Credentials { why }
        }
        _ => lost("connecting", error),
    }
}

/// Drives the connection until it ends, and passes on that somebody called.
async fn hear<S, T>(mut connection: Connection<S, T>, called: Arc<Notify>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
        match message {
            Ok(AsyncMessage::Notification(_)) => called.notify_one(),
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "a relay's connection ended");
                break;
            }
        }
    }
    called.notify_one(); // whoever sleeps on it finds out
}

/// `?` as `$1`, `$2` …
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (n, part) in parts.enumerate() {
        text.push('$');
        text.push_str(&(n + 1).to_string());
        text.push_str(part);
    }
    text
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Session for PostgresSession {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(async move {
            let statement = self.prepared(sql).await?;
            let done = self.client.execute(&statement, &parameters(&values)).await;
            done.map_err(|error| from_postgres(&error, sql))
        })
    }

    fn rows<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<Vec<Vec<Value>>, SqlError>> {
        Box::pin(async move {
            let statement = self.prepared(sql).await?;
            let failed = |error| from_postgres(&error, sql);
            let rows = self.client.query(&statement, &parameters(&values)).await.map_err(failed)?;
            let cells = |row: tokio_postgres::Row| {
                (0..row.len()).map(|n| row.try_get::<_, Value>(n)).collect::<Result<_, _>>()
            };
            rows.into_iter().map(cells).collect::<Result<_, _>>().map_err(failed)
        })
    }

    fn batch<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), SqlError>> {
        Box::pin(async move {
            let done = self.client.batch_execute(sql).await;
            done.map_err(|error| from_postgres(&error, sql))
        })
    }

    fn listens(&self) -> bool {
        true
    }

    fn sleep(&mut self, at_most: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Called or not: it looks again.
            let _ = tokio::time::timeout(at_most, self.called.notified()).await;
        })
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) if *kind == Type::INT4 => {
                i32::try_from(*number)?.to_sql(kind, out)
            }
            Self::Number(number) if *kind == Type::INT2 => {
                i16::try_from(*number)?.to_sql(kind, out)
            }
            Self::Number(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        let known = [Type::INT2, Type::INT4, Type::INT8, Type::TEXT, Type::VARCHAR, Type::BYTEA];
        known.contains(kind)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Self::Number(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Number(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Self::Number(i16::from_sql(kind, raw)?.into()),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            _ => Self::Text(String::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        <Self as ToSql>::accepts(kind) || <String as FromSql<'_>>::accepts(kind)
    }
}
