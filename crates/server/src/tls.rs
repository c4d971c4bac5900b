//! TLS: who the server is, and, if it asks, who its callers are.
//!
//! Why: beyond this machine, whoever listens in between must learn nothing and change nothing; and
//! certificates live shorter than servers, so new ones are taken up while it runs.
//!
//! Picture:
//! ```text
//!   files ─▶ material (read, checked) ─▶ certificates (the ones in use) ─▶ each new connection
//!     └──── looked at again: every minute, and when told ──┘ broken ones are named, and not used
//!   a caller's certificate, verified ─▶ peer ─▶ the request's extensions
//! ```
//! Invariants: a certificate is used only with the key that belongs to it. What cannot be used never
//! replaces what can. D3: what a stranger sends is looked at by rustls alone, in bounded time.

mod certificates;
mod material;
mod peer;

pub use certificates::{Certificates, Looked};
pub use peer::PeerCertificate;

use std::path::PathBuf;
use std::time::Duration;

/// The server's own certificate, and whose it asks for. All files are PEM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsOptions {
    /// The server's certificate, and behind it those that lead to the root.
    pub certificate: PathBuf,
    /// The key that belongs to the certificate.
    pub key: PathBuf,
    /// Whether callers show certificates of their own.
    pub callers: CallerCertificates,
    /// How often the files are looked at again.
    pub look_again_every: Duration,
}

impl TlsOptions {
    /// With this certificate and key, callers unasked, and a look at the files every minute.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        let look_again_every = crate::limits::LOOK_AGAIN_EVERY;
        let callers = CallerCertificates::NotAsked;
        Self { certificate: certificate.into(), key: key.into(), callers, look_again_every }
    }
}

/// Whether callers show certificates, and who must have signed them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallerCertificates {
    /// They are not asked.
    NotAsked,
    /// Who has one shows it; who has none comes in without. One that does not verify is refused.
    Asked {
        /// The authorities that sign callers' certificates.
        authority: PathBuf,
    },
    /// Nobody comes in without.
    Required {
        /// The authorities that sign callers' certificates.
        authority: PathBuf,
    },
}

impl CallerCertificates {
    /// The file of the authorities.
    pub const fn authority(&self) -> Option<&PathBuf> {
        match self {
            Self::NotAsked => None,
            Self::Asked { authority } | Self::Required { authority } => Some(authority),
        }
    }
}

/// Why the files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// The system's words.
        why: String,
    },
    /// A file does not hold what it should.
    #[error("{} has no {wanted} in it: {why}", file.display())]
    Content {
        /// Which.
        file: PathBuf,
        /// What was looked for.
        wanted: &'static str,
        /// What there is instead.
        why: String,
    },
    /// Certificate and key do not work together.
    #[error("the certificate in {} cannot be used with the key in {}: {why}", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What does not fit.
        why: String,
    },
}

impl TlsError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "server.tls"
    }
}
