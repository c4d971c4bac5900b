//! Why a secured connection did not come about, in words that say what to do.

use rustls::{AlertDescription, CertificateError, Error as Tls};
use std::error::Error;
use std::io;

/// What is wrong between the two, if it is that, and not the network.
///
/// It may lie deep beneath what tonic hands out, and within an I/O error that hides it from those
/// who follow `source`.
pub(crate) fn refusal(error: &(dyn Error + 'static)) -> Option<String> {
    let mut beneath = Some(error);
    while let Some(cause) = beneath {
        let hidden = cause.downcast_ref::<io::Error>().and_then(tls_within);
        if let Some(tls) = hidden.or_else(|| cause.downcast_ref()) {
            return explained(tls);
        }
        beneath = cause.source();
    }
    None
}

/// Whether this is such a refusal.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    tls_within(error).and_then(explained).is_some()
}

fn tls_within(error: &io::Error) -> Option<&Tls> {
    error.get_ref().and_then(|hidden| hidden.downcast_ref())
}

/// `None` for what may be better the next time.
fn explained(error: &Tls) -> Option<String> {
    Some(match error {
        Tls::InvalidCertificate(why) => certificate(why),
        Tls::AlertReceived(alert) => alerted(*alert)?,
        Tls::InvalidMessage(_) => {
            "the server speaks no TLS there; write headwater:// instead of headwaters://".to_owned()
        }
        Tls::PeerIncompatible(why) => format!("the server's TLS does not fit: {why:?}"),
        _ => return None,
    })
}

fn certificate(why: &CertificateError) -> String {
    match why {
        // The second: another authority of the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "nobody whom this machine trusts has signed the server's certificate; name the authority \
             that has, with ?ca=FILE"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; is this machine's clock right?".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let (expected, presented) = (expected.to_str(), presented.join(", "));
            format!("the server's certificate is not for {expected}; it is for {presented}")
        }
        CertificateError::NotValidForName => {
            "the server's certificate is for another host".to_owned()
        }
        other => format!("the server's certificate cannot be accepted: {other}"),
    }
}

fn alerted(alert: AlertDescription) -> Option<String> {
    Some(match alert {
        AlertDescription::CertificateRequired => {
            "the server asks for a certificate of ours; name it with ?cert=FILE&key=FILE".to_owned()
        }
        AlertDescription::UnknownCA => {
            "the server does not know the authority that has signed our certificate".to_owned()
        }
        AlertDescription::CertificateExpired => "our certificate has expired".to_owned(),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => {
            format!("the server does not accept our certificate ({alert:?})")
        }
        AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
            format!("the server's TLS does not fit ({alert:?})")
        }
        _ => return None,
    })
}
