//! Where a store is: `headwater://host:2113`, and perhaps `/context`; `headwaters://` by TLS.

use crate::Credentials;
use crate::tls::Secure;
use headwater_model::{ContextName, Retry};
use std::fmt;
use std::str::FromStr;

/// The port that a store is expected at.
pub const DEFAULT_PORT: u16 = 2_113;

/// A server, and the context in it if one was named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// `host:port`, an IPv6 address in brackets.
    pub(crate) authority: String,
    /// The context named behind the `/`.
    pub context: Option<ContextName>,
    /// How the connection is secured, if it is.
    pub(crate) secure: Option<Secure>,
    /// Who we say we are there, if it was said.
    pub(crate) credentials: Option<Credentials>,
}

/// The scheme without TLS, and the one with it.
const SCHEMES: [(&str, bool); 2] = [("headwater://", false), ("headwaters://", true)];

impl Address {
    /// How the connection is secured; `None` if it is not.
    pub const fn secure(&self) -> Option<&Secure> {
        self.secure.as_ref()
    }

    /// The same place, secured so instead.
    #[must_use]
    pub fn with(self, secure: Option<Secure>) -> Self {
        Self { secure, ..self }
    }

    /// Who we say we are there; `None`: what the environment says.
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Who we say we are there: what the address says, or else the environment.
    ///
    /// # Errors
    /// In words, if the environment holds what no token holds.
    pub fn said(&self) -> Result<Credentials, String> {
        self.credentials.clone().map_or_else(Credentials::of_environment, Ok)
    }

    /// The same place, as somebody else.
    #[must_use]
    pub fn by(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// `host:port`; an IPv6 address is in brackets.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// As HTTP writes it, without a path: `https://host:2113`.
    pub fn http(&self) -> String {
        let scheme = if self.secure.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        let (host, port) = self.authority.rsplit_once(':').unwrap_or((&self.authority, ""));
        (host, port.parse().unwrap_or(DEFAULT_PORT))
    }
}

/// Why a text is no address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is no address of a store ({why}); write headwater://localhost:2113")]
pub struct InvalidAddress {
    /// As given.
    pub text: String,
    /// What does not fit.
    pub why: String,
}

impl InvalidAddress {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "client.address"
    }

    /// What the caller can do.
    pub const fn retry(&self) -> Retry {
        Retry::Never
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid =
            |why: &str| InvalidAddress { text: without_password(text), why: why.to_owned() };
        let stripped = |(scheme, secure)| Some((text.strip_prefix(scheme)?, secure));
        let (rest, secure) = SCHEMES
            .into_iter()
            .find_map(stripped)
            .ok_or_else(|| invalid("it begins neither with headwater:// nor with headwaters://"))?;
        let (rest, secure) = match (rest.split_once('?'), secure) {
            (None, false) => (rest, None),
            (None, true) => (rest, Some(Secure::default())),
            (Some((rest, query)), true) => {
                (rest, Some(Secure::parse(query).map_err(|why| invalid(&why))?))
            }
            (Some(_), false) => return Err(invalid("only headwaters:// takes what is behind a ?")),
        };
        let (authority, context) = match rest.split_once('/') {
            None | Some((_, "")) => (rest.trim_end_matches('/'), None),
            Some((authority, context)) => (authority, Some(context)),
        };
        let (credentials, authority) = match authority.rsplit_once('@') {
            None => (None, authority),
            Some((said, authority)) => {
                (Some(Credentials::of_address(said).map_err(|why| invalid(&why))?), authority)
            }
        };
        let parsed: http::uri::Authority =
            authority.parse().map_err(|_| invalid("there is no host in it"))?;
        if parsed.host().is_empty() || parsed.as_str().contains('@') {
            return Err(invalid("a host and a port are all it takes behind the `@`"));
        }
        let authority = match authority.strip_prefix(parsed.host()) {
            Some("") => format!("{authority}:{DEFAULT_PORT}"),
            Some(port)
                if port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()) =>
            {
                authority.to_owned()
            }
            _ => return Err(invalid("the port is no number below 65536")),
        };
        let context = context.map(ContextName::try_from).transpose();
        let context = context.map_err(|error| invalid(&error.to_string()))?;
        Ok(Self { authority, context, secure, credentials })
    }
}

/// An address as it may be shown.
fn without_password(text: &str) -> String {
    let (Some((said, rest)), Some((scheme, _))) = (text.rsplit_once('@'), text.split_once("://"))
    else {
        return text.to_owned();
    };
    let user = said.strip_prefix(scheme).and_then(|said| said.strip_prefix("://"));
    let user = user.and_then(|said| said.split(':').next()).unwrap_or_default();
    format!("{scheme}://{user}:…@{rest}")
}

/// Who we say we are is not shown.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure.is_some() { "headwaters" } else { "headwater" };
        write!(f, "{scheme}://{}", self.authority)?;
        self.context.iter().try_for_each(|context| write!(f, "/{context}"))?;
        self.secure.iter().try_for_each(|secure| write!(f, "{secure}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_perhaps_a_port_and_perhaps_a_context() {
        let shown = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        for (text, full) in [
            ("headwater://localhost", "headwater://localhost:2113"),
            ("headwater://127.0.0.1:99/", "headwater://127.0.0.1:99"),
            ("headwater://[::1]/orders", "headwater://[::1]:2113/orders"),
            ("headwaters://store", "headwaters://store:2113"),
            ("headwaters://store/orders?ca=a.pem", "headwaters://store:2113/orders?ca=a.pem"),
            (
                "headwaters://store?key=k.pem&cert=%2Fetc%2Fc.pem",
                "headwaters://store:2113?cert=%2Fetc%2Fc.pem&key=k.pem",
            ),
        ] {
            assert_eq!(shown(text), Ok(full.to_owned()));
        }
        let address: Address = "headwater://ana:p%40ss@store/orders".parse().expect("an address");
        assert_eq!(address.to_string(), "headwater://store:2113/orders", "nothing is shown");
        let said = address.credentials().and_then(Credentials::header);
        assert_eq!(said, Some("Basic YW5hOnBAc3M="));
        assert!(
            !format!("{address:?}").contains("p@ss") && !format!("{address:?}").contains("YW5h")
        );
        let error = "headwater://ana:secret@store:x".parse::<Address>().expect_err("no port");
        assert!(!error.to_string().contains("secret"), "{error}");
        for text in [
            "http://localhost",
            "headwater://",
            "headwater:///orders",
            "headwater://a@c",
            "headwater://a:b@",
            "headwater://localhost:70000",
            "headwater://localhost:",
            "headwater://localhost/$all",
            "headwater://localhost/a\nb",
            "headwater://localhost?ca=a.pem",
            "headwaters://localhost?cert=c.pem",
            "headwaters://localhost?ca=a.pem&ca=b.pem",
            "headwaters://localhost?ca=",
            "headwaters://localhost?verify=no",
        ] {
            let error = shown(text).expect_err(text);
            assert_eq!(error.code(), "client.address");
        }
    }
}
