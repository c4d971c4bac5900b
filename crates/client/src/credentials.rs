//! Who we say we are: with every request, in its `authorization`.
//!
//! Invariants: credentials are shown by no `Debug` and no `Display`, and are never indexed by the
//! compression of headers. Without TLS they travel as they are: that is for one's own machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use std::fmt;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};

/// The variable that holds a token, for whoever names none.
pub const TOKEN_VARIABLE: &str = "HEADWATER_TOKEN";

/// A connection whose requests say who we are.
pub type Channel = InterceptedService<tonic::transport::Channel, Credentials>;

/// Who we say we are, if anybody.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// For people, and for addresses: the user's name.
    user: Option<String>,
    authorization: Option<MetadataValue<Ascii>>,
}

impl Credentials {
    /// An API token, or the JWT of an identity provider.
    ///
    /// # Errors
    /// In words, if it holds what no token holds.
    pub fn token(token: &str) -> Result<Self, String> {
        Self::of(None, &format!("Bearer {}", token.trim()))
    }

    /// A user and their password.
    ///
    /// # Errors
    /// In words, if the name holds a `:`.
    pub fn password(user: &str, password: &str) -> Result<Self, String> {
        if user.contains(':') {
            return Err("a user's name has no `:`".to_owned());
        }
        let text = STANDARD.encode(format!("{user}:{password}"));
        Self::of(Some(user.to_owned()), &format!("Basic {text}"))
    }

    /// As an address has them in front of its host: `user:password`, with `%40` for `@`.
    pub(crate) fn of_address(text: &str) -> Result<Self, String> {
        let plain =
            |part: &str| percent_decode_str(part).decode_utf8().map(|text| text.into_owned());
        let (user, password) =
            text.split_once(':').ok_or("a password is missing behind the user")?;
        let not_text = |_| "the user or the password is no UTF-8".to_owned();
        Self::password(&plain(user).map_err(not_text)?, &plain(password).map_err(not_text)?)
    }

    /// From the environment, if it holds a token.
    pub(crate) fn of_environment() -> Result<Self, String> {
        match std::env::var(TOKEN_VARIABLE) {
            Ok(token) if !token.trim().is_empty() => Self::token(&token),
            _ => Ok(Self::default()),
        }
    }

    /// Whether nothing is said.
    pub fn is_none(&self) -> bool {
        self.authorization.is_none()
    }

    /// As HTTP writes them; `None`: nothing is said.
    pub fn header(&self) -> Option<&str> {
        self.authorization.as_ref().and_then(|value| value.to_str().ok())
    }

    fn of(user: Option<String>, text: &str) -> Result<Self, String> {
        let value = text.parse::<MetadataValue<Ascii>>();
        let mut value = value.map_err(|_| "a token is plain ASCII text".to_owned())?;
        value.set_sensitive(true);
        Ok(Self { user, authorization: Some(value) })
    }
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.authorization {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.user, &self.authorization) {
            (Some(user), _) => write!(f, "Credentials({user})"),
            (None, Some(_)) => f.write_str("Credentials(…)"),
            (None, None) => f.write_str("Credentials(none)"),
        }
    }
}
