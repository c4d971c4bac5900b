//! Who a caller's certificate says they are.
//!
//! Why: what decides about access wants names, not bytes; it reads them from the request's
//! extensions, where a connection that was verified puts them.
//!
//! Invariant: there is one only if rustls has verified it against the authorities that were named.

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// A caller's verified certificate. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerCertificate {
    names: Arc<Names>,
}

#[derive(PartialEq, Eq, Debug)]
struct Names {
    subject: String,
    common_name: Option<String>,
    dns_names: Vec<String>,
    uris: Vec<String>,
    fingerprint: String,
}

impl PeerCertificate {
    /// Reads the names of a certificate that was verified.
    pub(crate) fn read(verified: &CertificateDer<'_>) -> Result<Self, String> {
        let unreadable = |error: x509_cert::der::Error| error.to_string();
        let certificate = Certificate::from_der(verified).map_err(unreadable)?;
        let own = certificate.tbs_certificate();
        let subject = own.subject();
        let common_name = subject.common_name().map_err(unreadable)?;
        let alternatives = own.get_extension::<SubjectAltName>().map_err(unreadable)?;
        let (mut dns_names, mut uris) = (Vec::new(), Vec::new());
        for name in alternatives.iter().flat_map(|(_, names)| &names.0) {
            match name {
                GeneralName::DnsName(name) => dns_names.push(name.to_string()),
                GeneralName::UniformResourceIdentifier(uri) => uris.push(uri.to_string()),
                _ => {}
            }
        }
        let names = Names {
            subject: subject.to_string(),
            common_name: common_name.map(|name| name.value().to_string()),
            dns_names,
            uris,
            fingerprint: hex::encode(Sha256::digest(verified)),
        };
        Ok(Self { names: Arc::new(names) })
    }

    /// The whole subject, as RFC 4514 writes it: `CN=orders,O=Example`.
    pub fn subject(&self) -> &str {
        &self.names.subject
    }

    /// The subject's common name.
    pub fn common_name(&self) -> Option<&str> {
        self.names.common_name.as_deref()
    }

    /// The alternative names that are host names.
    pub fn dns_names(&self) -> &[String] {
        &self.names.dns_names
    }

    /// The alternative names that are URIs, as SPIFFE has them.
    pub fn uris(&self) -> &[String] {
        &self.names.uris
    }

    /// SHA-256 of the certificate, in lower-case hex.
    pub fn fingerprint(&self) -> &str {
        &self.names.fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn certificate(params: &CertificateParams) -> CertificateDer<'static> {
        let key = KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("signed").der().clone()
    }

    #[test]
    fn a_certificate_says_all_its_names() {
        let mut params = CertificateParams::new(["orders.example".to_owned()]).expect("a host");
        params.distinguished_name.push(DnType::OrganizationName, "Example, Ltd");
        params.distinguished_name.push(DnType::CommonName, "orders");
        let uri = "spiffe://example.org/orders".try_into().expect("ASCII");
        params.subject_alt_names.push(SanType::URI(uri));
        let peer = PeerCertificate::read(&certificate(&params)).expect("it can be read");
        assert!(peer.subject().contains("CN=orders"), "{}", peer.subject());
        assert!(peer.subject().contains("O=Example\\, Ltd"), "{}", peer.subject());
        assert_eq!(peer.common_name(), Some("orders"));
        assert_eq!(peer.dns_names(), ["orders.example"]);
        assert_eq!(peer.uris(), ["spiffe://example.org/orders"]);
        assert_eq!(peer.fingerprint().len(), 64);
    }

    /// D3: rustls verifies signatures and dates; the rest of a certificate may still be anything.
    #[test]
    fn bytes_that_are_no_certificate_are_an_error() {
        let whole = certificate(&CertificateParams::default());
        for length in 0..whole.len() {
            let cut = CertificateDer::from(whole[..length].to_vec());
            assert!(PeerCertificate::read(&cut).is_err(), "{length} bytes");
        }
    }
}
