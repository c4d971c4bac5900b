//! What is recorded of access: every change is an event, and so is what was refused.
//!
//! Why events: who was given what by whom, and when, is asked after it has gone wrong.
//!
//! Picture, in the context `headwater-access`:
//! ```text
//!   user-ana        UserCreated, UserChanged, UserDisabled, …      token-t-4   TokenCreated, TokenRevoked
//!   credential-ana  PasswordSet (the newest is kept, nobody reads it)  grant-g-7   GrantMade, GrantWithdrawn
//!   bootstrap       BootstrapOffered                               refused     AccessRefused (bounded)
//! ```

use crate::decide::CREDENTIAL_CATEGORY;
use crate::password::PasswordHash;
use crate::token::TokenDigest;
use crate::{Grant, GrantId, Scope, UserName};
use headwater_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened to access.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum AccessEvent {
    /// A user is there.
    UserCreated {
        /// Who.
        user: UserName,
        /// In full.
        full_name: String,
        /// In which roles.
        roles: Vec<String>,
    },
    /// A user's words or roles are other ones.
    UserChanged {
        /// Who.
        user: UserName,
        /// In full.
        full_name: String,
        /// In which roles.
        roles: Vec<String>,
    },
    /// A user's password is this one.
    PasswordSet {
        /// Whose.
        user: UserName,
        /// Its hash.
        hash: PasswordHash,
    },
    /// A user is not let in any more, nor are their tokens.
    UserDisabled {
        /// Who.
        user: UserName,
    },
    /// And is let in again.
    UserEnabled {
        /// Who.
        user: UserName,
    },
    /// A user is gone, with their tokens and the grants about them.
    UserRemoved {
        /// Who.
        user: UserName,
    },
    /// A token acts for a user.
    TokenCreated {
        /// Its number.
        token: u64,
        /// For whom.
        user: UserName,
        /// What it is for.
        words: String,
        /// What is kept of it.
        digest: TokenDigest,
        /// It does no more than this.
        scopes: Vec<Scope>,
        /// Until when, in microseconds since 1970; `None`: until it is revoked.
        expires_at: Option<Timestamp>,
    },
    /// A token is good for nothing any more.
    TokenRevoked {
        /// Its number.
        token: u64,
    },
    /// A grant holds.
    GrantMade(Grant),
    /// A grant holds no more.
    GrantWithdrawn {
        /// Which.
        grant: GrantId,
    },
    /// Whoever has this token may make the first user who administers. It replaces one before it.
    BootstrapOffered {
        /// What is kept of the token.
        digest: TokenDigest,
    },
    /// Somebody was refused, so many times since the last of these.
    AccessRefused {
        /// Who, as far as known.
        who: String,
        /// `access.denied` or `access.unauthenticated`.
        code: String,
        /// What was asked or what was wrong, of the first of them.
        what: String,
        /// How often.
        count: u64,
    },
}

impl AccessEvent {
    /// The stream it stands in.
    pub fn stream(&self) -> String {
        match self {
            Self::UserCreated { user, .. }
            | Self::UserChanged { user, .. }
            | Self::UserDisabled { user }
            | Self::UserEnabled { user }
            | Self::UserRemoved { user } => format!("user-{user}"),
            Self::PasswordSet { user, .. } => format!("{CREDENTIAL_CATEGORY}-{user}"),
            Self::TokenCreated { token, .. } | Self::TokenRevoked { token } => {
                format!("token-t-{token}")
            }
            Self::GrantMade(Grant { id, .. }) => format!("grant-{id}"),
            Self::GrantWithdrawn { grant } => format!("grant-{grant}"),
            Self::BootstrapOffered { .. } => "bootstrap".to_owned(),
            Self::AccessRefused { .. } => "refused".to_owned(),
        }
    }

    /// Its type, as events are named.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::UserCreated { .. } => "UserCreated",
            Self::UserChanged { .. } => "UserChanged",
            Self::PasswordSet { .. } => "PasswordSet",
            Self::UserDisabled { .. } => "UserDisabled",
            Self::UserEnabled { .. } => "UserEnabled",
            Self::UserRemoved { .. } => "UserRemoved",
            Self::TokenCreated { .. } => "TokenCreated",
            Self::TokenRevoked { .. } => "TokenRevoked",
            Self::GrantMade(_) => "GrantMade",
            Self::GrantWithdrawn { .. } => "GrantWithdrawn",
            Self::BootstrapOffered { .. } => "BootstrapOffered",
            Self::AccessRefused { .. } => "AccessRefused",
        }
    }

    /// The categories whose events make the directory: all but what was refused.
    pub const DIRECTORY: [&str; 5] = ["user", CREDENTIAL_CATEGORY, "token", "grant", "bootstrap"];

    /// Its payload.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }

    /// The event of a payload.
    ///
    /// # Errors
    /// What does not fit, in serde's words.
    pub fn decode(payload: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(payload).map_err(|cause| cause.to_string())
    }
}
