//! Who asks, as far as it is known, and what they said to be known.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_access::UserName;
use headwater_access::limits::CREDENTIAL_BYTES_MAX;
use headwater_access::token::{PREFIX, Secret};
use headwater_model::{Denied, Timestamp};
use http::{HeaderMap, header};
use std::fmt;

/// Who asks. Put into a request's extensions by the layer that authenticates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    /// This server asks nobody who they are: everybody may do everything.
    Anybody,
    /// There were no credentials.
    Nobody,
    /// A user of this server, who gave their password.
    User(UserName),
    /// An API token, by its number.
    Token(u64),
    /// Whoever has the token that was printed at the first start.
    Bootstrap,
    /// A certificate of an authority that is trusted, by its common name.
    Certificate(String),
    /// Somebody whom an identity provider vouches for.
    Bearer {
        /// Who, in its words.
        subject: String,
        /// Their roles here.
        roles: Vec<String>,
        /// Until when.
        expires_at: Timestamp,
    },
}

/// What a request says about who sent it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    /// A name and its password.
    Password { user: String, password: String },
    /// A token of ours.
    Token(Secret),
    /// A JWT, it seems.
    Jwt(String),
}

impl Credentials {
    /// What the header says; `None`: it is not there.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Denied> {
        let wrong = |why: &str| Denied::Unauthenticated { why: why.to_owned() };
        let mut all = headers.get_all(header::AUTHORIZATION).iter();
        let Some(first) = all.next() else { return Ok(None) };
        if all.next().is_some() || first.len() > CREDENTIAL_BYTES_MAX {
            return Err(wrong("there are two credentials, or they are too long"));
        }
        let form = || wrong("the authorization is neither Basic nor Bearer");
        let text = first.to_str().map_err(|_| form())?.trim();
        let (scheme, rest) = text.split_once(' ').ok_or_else(form)?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("basic") {
            return Self::of_basic(rest).map(Some).ok_or_else(|| wrong("the Basic text is broken"));
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(form());
        }
        if rest.starts_with(PREFIX) {
            let secret = Secret::read(rest).ok_or_else(|| wrong("the token is broken"))?;
            return Ok(Some(Self::Token(secret)));
        }
        Ok(Some(Self::Jwt(rest.to_owned())))
    }

    /// A token may stand for the password, for clients that know nothing else.
    fn of_basic(text: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        if let Some(secret) = Secret::read(password) {
            return Some(Self::Token(secret));
        }
        Some(Self::Password { user: user.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anybody => f.write_str("anybody"),
            Self::Nobody => f.write_str("nobody"),
            Self::User(name) => write!(f, "user {name}"),
            Self::Token(number) => write!(f, "token t-{number}"),
            Self::Bootstrap => f.write_str("the bootstrap token"),
            Self::Certificate(name) => write!(f, "certificate {name}"),
            Self::Bearer { subject, .. } => write!(f, "bearer {subject}"),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}
