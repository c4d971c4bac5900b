//! Encryption: whether anybody on the way to a database can read along.

use super::DatabaseError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::sync::Arc;

/// Whether anybody on the way can read along.
#[derive(Clone, Default)]
pub enum Encryption {
    /// Anybody can: for a loopback or a socket.
    #[default]
    Off,
    /// TLS, and the server's certificate is checked together with its name. There is no TLS without it.
    Verified(Trust),
}

/// Whom we believe when a server says who it is.
#[derive(Clone)]
pub struct Trust(Arc<Believed>);

struct Believed {
    config: Arc<ClientConfig>,
    authorities: Vec<Vec<u8>>,
}

impl Encryption {
    /// TLS that believes the authorities in this PEM text.
    ///
    /// # Errors
    /// [`DatabaseError::Tls`] for a text without certificates, or one that is none.
    pub fn trusting(pem: &[u8]) -> Result<Self, DatabaseError> {
        let failed = |why: String| DatabaseError::Tls { why };
        let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let authorities = read.map_err(|error| failed(error.to_string()))?;
        if authorities.is_empty() {
            return Err(failed("the text has no certificate".to_owned()));
        }
        let mut roots = RootCertStore::empty();
        for certificate in &authorities {
            roots.add(certificate.clone()).map_err(|error| failed(error.to_string()))?;
        }
        Self::of(roots, authorities)
    }

    /// TLS that believes the authorities that this machine believes.
    ///
    /// # Errors
    /// [`DatabaseError::Tls`] if there are none.
    pub fn of_this_machine() -> Result<Self, DatabaseError> {
        let (mut roots, mut authorities) = (RootCertStore::empty(), Vec::new());
        let found = rustls_native_certs::load_native_certs();
        for certificate in found.certs {
            // One that nobody can read is nobody's authority.
            if roots.add(certificate.clone()).is_ok() {
                authorities.push(certificate);
            }
        }
        if roots.is_empty() {
            let why =
                found.errors.first().map_or("this machine trusts nobody".to_owned(), |error| {
                    format!("this machine's authorities cannot be read: {error}")
                });
            return Err(DatabaseError::Tls { why });
        }
        Self::of(roots, authorities)
    }

    fn of(
        roots: RootCertStore,
        authorities: Vec<CertificateDer<'_>>,
    ) -> Result<Self, DatabaseError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| DatabaseError::Tls { why: error.to_string() })?;
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let authorities = authorities.into_iter().map(|one| one.to_vec()).collect();
        Ok(Self::Verified(Trust(Arc::new(Believed { config, authorities }))))
    }
}

impl Trust {
    /// For TLS that we speak ourselves.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.config)
    }

    /// The authorities' certificates, for a driver that speaks it.
    pub(crate) fn authorities(&self) -> &[Vec<u8>] {
        &self.0.authorities
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

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trust").field(&self.0.authorities.len()).finish()
    }
}
