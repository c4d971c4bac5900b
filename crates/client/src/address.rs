//! Where a store is: `headwater://host:2113`, and perhaps `/context`.

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
        let invalid = |why: &str| InvalidAddress { text: text.to_owned(), why: why.to_owned() };
        let rest = text.strip_prefix("headwater://");
        let rest = rest.ok_or_else(|| invalid("it does not begin with headwater://"))?;
        let (authority, context) = match rest.split_once('/') {
            None | Some((_, "")) => (rest.trim_end_matches('/'), None),
            Some((authority, context)) => (authority, Some(context)),
        };
        let parsed: http::uri::Authority =
            authority.parse().map_err(|_| invalid("there is no host in it"))?;
        if parsed.host().is_empty() || parsed.as_str().contains('@') {
            return Err(invalid("a host and a port are all it takes"));
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
        Ok(Self { authority, context })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "headwater://{}", self.authority)?;
        self.context.iter().try_for_each(|context| write!(f, "/{context}"))
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
        ] {
            assert_eq!(shown(text), Ok(full.to_owned()));
        }
        for text in [
            "http://localhost",
            "headwater://",
            "headwater:///orders",
            "headwater://a:b@c",
            "headwater://localhost:70000",
            "headwater://localhost:",
            "headwater://localhost/$all",
            "headwater://localhost/a\nb",
        ] {
            let error = shown(text).expect_err(text);
            assert_eq!(error.code(), "client.address");
        }
    }
}
