//! Whether the server asks who asks, and whom it believes.

use headwater_access::bearer::BearerRules;
use std::time::Duration;

/// How often refusals are written down, unless told otherwise: at most so many events a minute
/// come of an attack, whatever it does.
const REFUSED_EVERY: Duration = Duration::from_secs(60);

/// How a server knows who asks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum AccessOptions {
    /// It asks nobody: everybody who reaches it may do everything.
    #[default]
    Open,
    /// Everybody is asked who they are.
    Authenticated(Authentication),
}

/// Whom it believes, besides the users and tokens that it keeps and certificates that TLS has verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authentication {
    /// Whose JWTs hold.
    pub issuer: Option<IssuerOptions>,
    /// How often refusals are written down.
    pub refused_every: Duration,
}

/// An identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuerOptions {
    /// What its tokens must be like.
    pub rules: BearerRules,
    /// Where its keys are; `None`: where `/.well-known/openid-configuration` below the issuer says.
    pub keys_url: Option<String>,
}

impl Default for Authentication {
    fn default() -> Self {
        Self { issuer: None, refused_every: REFUSED_EVERY }
    }
}
