//! TLS: whom a client believes, and who it says it is.
//!
//! Why: `headwaters://` means that nobody in between reads or changes anything, and that the server
//! is the one that was named. A certificate that does not show this is said so in words, at once:
//! asking again would not make it better.
//!
//! Invariant: there is no way to skip the check. Who has an authority of their own names it.

mod connector;
mod refusal;
mod told;

pub(crate) use connector::{Connector, read};
pub use connector::{Stream, connect};
pub(crate) use refusal::refusal;

use std::fmt;
use std::path::PathBuf;

/// What makes a connection safe. All files are PEM, and are read again for each new connection, so
/// that renewed ones are taken up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Secure {
    /// Whose signature on the server's certificate counts; without it, those this machine trusts.
    pub authority: Option<PathBuf>,
    /// The client's own certificate, for servers that ask for one.
    pub identity: Option<Identity>,
}

/// A client's certificate and the key that belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The certificate, and behind it those that lead to the root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Secure {
    /// From what stands behind the `?` of an address.
    pub(crate) fn parse(query: &str) -> Result<Self, String> {
        let (mut authority, mut certificate, mut key) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "ca" => &mut authority,
                "cert" => &mut certificate,
                "key" => &mut key,
                other => return Err(format!("?{other}= is not known; ca, cert and key are")),
            };
            if value.is_empty() || place.replace(PathBuf::from(&*value)).is_some() {
                return Err(format!("?{name}= takes one file"));
            }
        }
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            _ => return Err("?cert= and ?key= go together".to_owned()),
        };
        Ok(Self { authority, identity })
    }
}

/// As it stands behind an address: `?ca=ca.pem`, or nothing.
impl fmt::Display for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let identity = self.identity.as_ref();
        let files = [
            ("ca", self.authority.as_ref()),
            ("cert", identity.map(|identity| &identity.certificate)),
            ("key", identity.map(|identity| &identity.key)),
        ];
        for (name, file) in files {
            if let Some(file) = file {
                query.append_pair(name, &file.to_string_lossy());
            }
        }
        let query = query.finish();
        if query.is_empty() { Ok(()) } else { write!(f, "?{query}") }
    }
}
