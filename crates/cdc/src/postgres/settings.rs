//! Where a PostgreSQL server is, and who we are there.

use super::error::PostgresError;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::fmt;
use std::sync::Arc;

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

/// Whether anybody on the way can read along.
#[derive(Clone, Default)]
pub enum Encryption {
    /// Anybody can: for a loopback or a socket.
    #[default]
    Off,
    /// TLS, and the server's certificate is checked together with its name. There is no TLS without it.
    Verified(Arc<ClientConfig>),
}

impl Encryption {
    /// TLS that believes the authorities in this PEM text.
    ///
    /// # Errors
    /// [`PostgresError::Tls`] for a text without certificates, or one that is none.
    pub fn trusting(pem: &[u8]) -> Result<Self, PostgresError> {
        let failed = |why: String| PostgresError::Tls { why };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            roots.add(certificate).map_err(|error| failed(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(failed("the text has no certificate".to_owned()));
        }
        Self::of(roots)
    }

    /// TLS that believes the authorities that this machine believes.
    ///
    /// # Errors
    /// [`PostgresError::Tls`] if there are none.
    pub fn of_this_machine() -> Result<Self, PostgresError> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why =
                found.errors.first().map_or("this machine trusts nobody".to_owned(), |error| {
                    format!("this machine's authorities cannot be read: {error}")
                });
            return Err(PostgresError::Tls { why });
        }
        Self::of(roots)
    }

    fn of(roots: RootCertStore) -> Result<Self, PostgresError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| PostgresError::Tls { why: error.to_string() })?;
        Ok(Self::Verified(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Verified(_) => "Verified",
        })
    }
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
