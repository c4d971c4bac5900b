//! The certificates in use, and those that take their place.
//!
//! Invariants: a connection keeps what it began with. Files that cannot be used change nothing, and
//! are named in the log and counted each time they are looked at.

use super::material::Material;
use super::{TlsError, TlsOptions};
use crate::metrics::{Metrics, Name};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// A certificate that ends this soon is worth a line in the log.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The certificates of a server. Clones are of the same.
#[derive(Clone)]
pub struct Certificates {
    inner: Arc<Inner>,
}

struct Inner {
    options: TlsOptions,
    current: RwLock<Material>,
    metrics: Metrics,
}

/// What a look at the files has found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Looked {
    /// What is in use.
    Same,
    /// Others, which new connections get from now on.
    Renewed,
    /// Others, which cannot be used: the ones before stay.
    Kept(TlsError),
}

impl Certificates {
    /// Those of the files, if they can be used.
    pub(crate) fn read(options: TlsOptions, metrics: Metrics) -> Result<Self, TlsError> {
        let current = Material::read(&options)?;
        let inner = Inner { options, current: RwLock::new(current), metrics };
        let certificates = Self { inner: Arc::new(inner) };
        certificates.tell_when_they_end();
        Ok(certificates)
    }

    /// Looks at the files again, and takes up what has changed. It reads files: not on a thread
    /// that others wait for.
    pub fn look_again(&self) -> Looked {
        let looked = self.look();
        let outcome = match &looked {
            Looked::Same => return looked,
            Looked::Renewed => {
                tracing::info!("new certificates are in use");
                self.tell_when_they_end();
                "renewed"
            }
            Looked::Kept(error) => {
                tracing::error!(%error, "new certificates cannot be used; the old ones stay in use");
                "kept"
            }
        };
        self.inner.metrics.counter(Name::TlsReloads, &[("outcome", outcome)]).add(1);
        looked
    }

    fn look(&self) -> Looked {
        let there = Material::digest_of(&self.inner.options);
        if there.as_ref().is_ok_and(|digest| *digest == self.inner.current.read().digest) {
            return Looked::Same;
        }
        match Material::read(&self.inner.options) {
            Ok(material) => {
                *self.inner.current.write() = material;
                Looked::Renewed
            }
            Err(error) => Looked::Kept(error),
        }
    }

    /// Looks again and again, for as long as it is polled.
    pub(crate) async fn watch(&self) {
        loop {
            tokio::time::sleep(self.inner.options.look_again_every).await;
            let certificates = self.clone();
            // A look that panics has changed nothing; the next one is a minute away.
            let _ = tokio::task::spawn_blocking(move || certificates.look_again()).await;
        }
    }

    /// What a new connection is given.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.inner.current.read().acceptor.clone()
    }

    fn tell_when_they_end(&self) {
        let expires = self.inner.current.read().expires;
        self.inner.metrics.gauge(Name::TlsCertificateExpires, &[]).set(expires);
        // The wall's clock is what certificates end by, so also what rustls looks at.
        let now = rustls::pki_types::UnixTime::now().as_secs();
        let file = self.inner.options.certificate.display();
        match expires.checked_sub(now) {
            None => tracing::error!(%file, "the certificate has expired: callers will refuse it"),
            Some(left) if left < SOON.as_secs() => {
                tracing::warn!(%file, hours = left / 3_600, "the certificate expires soon");
            }
            Some(_) => {}
        }
    }
}
