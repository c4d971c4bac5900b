//! What the KurrentDB protocol is told when the server is started.

use headwater_model::ContextName;
use http::uri::Authority;
use std::str::FromStr;

/// How the KurrentDB protocol is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KurrentOptions {
    /// The context that its clients see: the protocol has no word for contexts.
    pub context: ContextName,
    /// Where clients that ask by gossip find this server; `None`: where they asked.
    pub advertised: Option<Advertised>,
}

/// An address as a client reaches it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advertised {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A text that is no address that a client could connect to.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{text}' is not HOST:PORT")]
pub struct InvalidAddress {
    /// As it was given.
    pub text: String,
}

impl FromStr for Advertised {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress { text: text.to_owned() };
        let authority = Authority::from_str(text).map_err(|_| invalid())?;
        let host = authority.host().trim_matches(['[', ']']);
        match authority.port_u16() {
            Some(port @ 1..) if !host.is_empty() && !text.contains('@') => {
                Ok(Self { host: host.to_owned(), port })
            }
            _ => Err(invalid()),
        }
    }
}

impl Default for KurrentOptions {
    fn default() -> Self {
        let context = ContextName::new("default").expect("a word is a name");
        Self { context, advertised: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        let of = |text: &str| text.parse::<Advertised>().ok().map(|at| (at.host, at.port));
        assert_eq!(of("events.example:2113"), Some(("events.example".to_owned(), 2113)));
        assert_eq!(of("[::1]:2113"), Some(("::1".to_owned(), 2113)));
        for nonsense in ["", "events.example", ":2113", "a:0", "a:70000", "me@a:1", "a b:1"] {
            assert_eq!(of(nonsense), None, "{nonsense}");
        }
    }
}
