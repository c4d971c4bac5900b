//! Connections to PostgreSQL, and what they are told first.
//!
//! | setting | because |
//! |---|---|
//! | `synchronous_commit = off` of who writes | rows and checkpoint are one transaction, and only durable events are delivered. A crash of the server may take the last transactions, rows *and* checkpoint, and the log delivers those events again |
//! | `search_path` is the model's schema alone | a name that is mistyped is an error, not somebody else's table |
//! | `lock_timeout` | another instance that holds the model is waited for, not for ever |
//! | `idle_in_transaction_session_timeout` | an instance whose machine stands still lets go of the model |
//! | readers in one transaction that only reads | two queries of a request see one moment |

use crate::SqlError;
use crate::bind::check_count;
use crate::error::shorten;
use crate::postgres_errors::{from_postgres, lost};
use rustls::{ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::sync::Arc;
use tokio_postgres::{Client, Config, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Statements a connection keeps prepared: a projection with its queries has a dozen or two.
const PREPARED_COUNT_MAX: usize = 64;

/// Longer names are cut by PostgreSQL, and two models would be one.
const NAME_BYTES_MAX: usize = 63;

const OF_WRITERS: &str = "set synchronous_commit = off; set lock_timeout = '30s'; \
    set idle_in_transaction_session_timeout = '60s'";

const OF_READERS: &str = "set default_transaction_read_only = on; \
    set idle_in_transaction_session_timeout = '60s'";

/// A database, and the schema of a model in it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    config: Config,
    pub(crate) schema: String,
}

impl Place {
    pub(super) fn at(address: &str) -> Result<Self, SqlError> {
        let mut config: Config = address.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            SqlError::Address { why: format!("is wrong: {error}{}", cause.unwrap_or_default()) }
        })?;
        if config.get_application_name().is_none() {
            config.application_name("headwater");
        }
        Ok(Self { config, schema: String::new() })
    }

    pub(super) fn schema(&self, schema: String) -> Result<Self, SqlError> {
        if schema.len() > NAME_BYTES_MAX || schema.contains(['"', '\0']) {
            let why = format!("has no schema `{schema}`: at most 63 bytes, without quotes");
            return Err(SqlError::Address { why });
        }
        Ok(Self { config: self.config.clone(), schema })
    }

    /// For messages: what a person looks for, without a password.
    pub(crate) fn name(&self) -> String {
        let database = self.config.get_dbname().unwrap_or("postgres");
        format!("the schema {} of the database {database}", self.schema)
    }

    pub(super) async fn writer(&self) -> Result<Connection, SqlError> {
        self.connect(OF_WRITERS).await
    }

    pub(super) async fn reader(&self) -> Result<Connection, SqlError> {
        self.connect(OF_READERS).await
    }

    async fn connect(&self, settings: &str) -> Result<Connection, SqlError> {
        let what = "connecting to PostgreSQL";
        let tls = MakeRustlsConnect::new(tls()?);
        let connected = self.config.connect(tls).await;
        let (client, driver) = connected.map_err(|error| match error.as_db_error() {
            // Whoever runs the server can let us in: that is waited for.
            Some(refused) => SqlError::Io { what: what.into(), why: refused.to_string() },
            None => lost(what, &error),
        })?;
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to PostgreSQL has ended");
            }
        });
        let settings = format!("set search_path to \"{}\"; {settings}", self.schema);
        client.batch_execute(&settings).await.map_err(|error| from_postgres(&error, &settings))?;
        Ok(Connection { client: Arc::new(client), prepared: HashMap::new() })
    }
}

/// With the authorities that this machine trusts.
fn tls() -> Result<ClientConfig, SqlError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SqlError::Io { what: "preparing TLS".into(), why: error.to_string() })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A statement that the server knows, with its text for messages.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) statement: Statement,
    pub(super) sql: Arc<str>,
}

/// An open connection, and what is prepared on it.
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    prepared: HashMap<String, Prepared>,
}

impl Connection {
    /// Runs statements that take no parameters.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.client.batch_execute(sql).await.map_err(|error| from_postgres(&error, sql))
    }

    /// The statement, prepared once, that takes this many parameters.
    pub(super) async fn prepare(&mut self, sql: &str, count: usize) -> Result<Prepared, SqlError> {
        if !self.prepared.contains_key(sql) {
            let statement = self.client.prepare(sql).await;
            let statement = statement.map_err(|error| from_postgres(&error, sql))?;
            if self.prepared.len() == PREPARED_COUNT_MAX {
                self.prepared.clear();
            }
            let prepared = Prepared { statement, sql: shorten(sql).into() };
            self.prepared.insert(sql.to_owned(), prepared);
        }
        let prepared = &self.prepared[sql];
        check_count(prepared.statement.params().len(), count, sql)?;
        Ok(prepared.clone())
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("closed", &self.client.is_closed()).finish()
    }
}
