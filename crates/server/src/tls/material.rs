//! What the files hold, read and checked: a certificate with its key, ready for connections.

use super::{CallerCertificates, TlsError, TlsOptions};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// HTTP/2 first: gRPC needs it, and everybody else is as well off.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate and all that belongs to it.
pub(super) struct Material {
    pub(super) acceptor: TlsAcceptor,
    /// The content of all files: another one means that somebody has been at them.
    pub(super) digest: [u8; 32],
    /// Its last second, counted as Unix does.
    pub(super) expires: u64,
}

/// The files' bytes.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authority: Vec<u8>,
}

impl Material {
    /// Reads the files, and checks that they can be used together.
    pub(super) fn read(options: &TlsOptions) -> Result<Self, TlsError> {
        let files = Files::read(options)?;
        let chain = certificates(&options.certificate, &files.certificate)?;
        let expires = last_second(&options.certificate, &chain)?;
        let key = PrivateKeyDer::from_pem_slice(&files.key)
            .map_err(|error| content(&options.key, "private key", &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pair = |error: rustls::Error| TlsError::Pair {
            certificate: options.certificate.clone(),
            key: options.key.clone(),
            why: error.to_string(),
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(pair)?;
        let builder = match verifier(&options.callers, &files.authority, provider)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { acceptor, digest: files.digest(), expires })
    }

    /// What the files hold now, without looking closer.
    pub(super) fn digest_of(options: &TlsOptions) -> Result<[u8; 32], TlsError> {
        Ok(Files::read(options)?.digest())
    }
}

impl Files {
    fn read(options: &TlsOptions) -> Result<Self, TlsError> {
        let authority = options.callers.authority().map(|file| bytes(file)).transpose()?;
        Ok(Self {
            certificate: bytes(&options.certificate)?,
            key: bytes(&options.key)?,
            authority: authority.unwrap_or_default(),
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for bytes in [&self.certificate, &self.key, &self.authority] {
            // Each with its length: what moves from one file to the next is a change.
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
        digest.finalize().into()
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file)
        .map_err(|error| TlsError::Unreadable { file: file.to_owned(), why: error.to_string() })
}

fn content(file: &Path, wanted: &'static str, why: &dyn std::fmt::Display) -> TlsError {
    TlsError::Content { file: file.to_owned(), wanted, why: why.to_string() }
}

fn certificates(file: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| content(file, "certificate", &error))?;
    if found.is_empty() {
        return Err(content(file, "certificate", &"there is no PEM section of that name"));
    }
    Ok(found)
}

/// When the first certificate, the server's own, ends.
fn last_second(file: &Path, chain: &[CertificateDer<'_>]) -> Result<u64, TlsError> {
    let own = chain.first().map_or(&[][..], |own| own);
    let parsed =
        Certificate::from_der(own).map_err(|error| content(file, "X.509 certificate", &error))?;
    Ok(parsed.tbs_certificate().validity().not_after.to_unix_duration().as_secs())
}

/// Who looks at callers' certificates.
fn verifier(
    callers: &CallerCertificates,
    pem: &[u8],
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let Some(file) = callers.authority() else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, pem)? {
        roots.add(certificate).map_err(|error| content(file, "authority", &error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match callers {
        CallerCertificates::Asked { .. } => builder.allow_unauthenticated(),
        CallerCertificates::NotAsked | CallerCertificates::Required { .. } => builder,
    };
    builder.build().map(Some).map_err(|error| content(file, "authority", &error))
}
