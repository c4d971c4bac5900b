//! Changes to access: asked for, checked against the directory, and turned into events.

use crate::event::AccessEvent;
use crate::limits::{
    GRANT_COUNT_MAX, PATTERN_COUNT_MAX, ROLE_COUNT_MAX, SCOPE_COUNT_MAX, TOKEN_COUNT_MAX,
    USER_COUNT_MAX, WORDS_BYTES_MAX,
};
use crate::password::PasswordHash;
use crate::token::TokenDigest;
use crate::{Directory, Effect, Grant, GrantId, Scope, Target, User, UserName, Verb, Who};
use headwater_model::{Retry, Timestamp};

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Make a user.
    CreateUser {
        /// Who.
        user: UserName,
        /// In full.
        full_name: String,
        /// In which roles.
        roles: Vec<String>,
        /// Their password; `None`: they come with tokens only.
        password: Option<PasswordHash>,
    },
    /// Change a user's words or roles; `None` leaves them.
    ChangeUser {
        /// Who.
        user: UserName,
        /// In full.
        full_name: Option<String>,
        /// In which roles.
        roles: Option<Vec<String>>,
    },
    /// Set a user's password.
    SetPassword {
        /// Whose.
        user: UserName,
        /// The hash of the new one.
        password: PasswordHash,
    },
    /// Keep a user out.
    DisableUser(UserName),
    /// Let a user in again.
    EnableUser(UserName),
    /// Take a user away.
    RemoveUser(UserName),
    /// Make a token for a user.
    CreateToken {
        /// For whom.
        user: UserName,
        /// What it is for.
        words: String,
        /// What is kept of it.
        digest: TokenDigest,
        /// It does no more than this.
        scopes: Vec<Scope>,
        /// Until when.
        expires_at: Option<Timestamp>,
    },
    /// Revoke a token.
    RevokeToken(u64),
    /// Allow or deny.
    MakeGrant {
        /// Which way.
        effect: Effect,
        /// Whom.
        who: Who,
        /// What.
        scope: Scope,
    },
    /// Take a grant back.
    WithdrawGrant(GrantId),
    /// Let whoever has this token make the first user who administers.
    OfferBootstrap(TokenDigest),
}

/// Why access was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is a user of this name.
    #[error("there is a user {0} already")]
    UserExists(UserName),
    /// There is none.
    #[error("there is no user {0}")]
    NoUser(UserName),
    /// There is no such token, or it was revoked.
    #[error("there is no token t-{0}")]
    NoToken(u64),
    /// There is no such grant, or it was withdrawn.
    #[error("there is no grant {0}")]
    NoGrant(GrantId),
    /// Then nobody could administer.
    #[error("{0} is the last user who administers")]
    LastAdmin(UserName),
    /// Then nobody could administer, and so nobody could withdraw the grant either.
    #[error("if {0} were denied that, nobody could administer any more")]
    NobodyLeft(Who),
    /// Each check of a password costs; so many may wait for theirs.
    #[error("too many passwords are being checked; ask again in a second")]
    Busy,
    /// Past a limit, or contradicting itself.
    #[error("{what}: {why}")]
    Invalid {
        /// What is wrong.
        what: &'static str,
        /// How.
        why: String,
    },
}

impl AccessError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UserExists(_) => "access.user_exists",
            Self::NoUser(_) => "access.no_user",
            Self::NoToken(_) => "access.no_token",
            Self::NoGrant(_) => "access.no_grant",
            Self::LastAdmin(_) | Self::NobodyLeft(_) => "access.last_admin",
            Self::Busy => "access.busy",
            Self::Invalid { .. } => "access.invalid",
        }
    }

    /// What the caller can do.
    pub const fn retry(&self) -> Retry {
        match self {
            Self::UserExists(_) | Self::NoUser(_) | Self::NoToken(_) | Self::NoGrant(_) => {
                Retry::AfterReload
            }
            Self::Busy => Retry::Later,
            Self::LastAdmin(_) | Self::NobodyLeft(_) | Self::Invalid { .. } => Retry::Never,
        }
    }
}

impl Directory {
    /// The events that carry this change out; none if all is so already.
    ///
    /// # Errors
    /// [`AccessError`] if it cannot be.
    pub fn plan(&self, change: Change) -> Result<Vec<AccessEvent>, AccessError> {
        match change {
            Change::CreateUser { user, full_name, roles, password } => {
                self.plan_user(user, full_name, roles, password)
            }
            Change::ChangeUser { user, full_name, roles } => {
                self.plan_changed_user(user, full_name, roles)
            }
            Change::SetPassword { user, password: hash } => {
                self.user(&user)?;
                Ok(vec![AccessEvent::PasswordSet { user, hash }])
            }
            Change::DisableUser(user) => {
                if self.user(&user)?.is_disabled {
                    return Ok(Vec::new());
                }
                self.keep_an_admin(&user, None)?;
                Ok(vec![AccessEvent::UserDisabled { user }])
            }
            Change::EnableUser(user) => {
                let is_needed = self.user(&user)?.is_disabled;
                Ok(is_needed.then_some(AccessEvent::UserEnabled { user }).into_iter().collect())
            }
            Change::RemoveUser(user) => {
                self.user(&user)?;
                self.keep_an_admin(&user, None)?;
                Ok(vec![AccessEvent::UserRemoved { user }])
            }
            Change::CreateToken { user, words, digest, scopes, expires_at } => {
                self.user(&user)?;
                self.plan_token(user, words, digest, scopes, expires_at)
            }
            Change::RevokeToken(token) => {
                let known = self.tokens().contains_key(&token);
                known
                    .then(|| vec![AccessEvent::TokenRevoked { token }])
                    .ok_or(AccessError::NoToken(token))
            }
            Change::MakeGrant { effect, who, scope } => {
                bounded("grants", self.grants().len() + 1, GRANT_COUNT_MAX)?;
                check_scope(&scope)?;
                let grant = Grant { id: self.next_grant(), effect, who, scope };
                self.keep_who_administers(&grant)?;
                Ok(vec![AccessEvent::GrantMade(grant)])
            }
            Change::WithdrawGrant(grant) => {
                let known = self.grants().contains_key(&grant);
                known
                    .then(|| vec![AccessEvent::GrantWithdrawn { grant }])
                    .ok_or(AccessError::NoGrant(grant))
            }
            Change::OfferBootstrap(digest) => Ok(vec![AccessEvent::BootstrapOffered { digest }]),
        }
    }

    fn user(&self, name: &UserName) -> Result<&User, AccessError> {
        self.users().get(name).ok_or_else(|| AccessError::NoUser(name.clone()))
    }

    fn plan_user(
        &self,
        user: UserName,
        full_name: String,
        roles: Vec<String>,
        password: Option<PasswordHash>,
    ) -> Result<Vec<AccessEvent>, AccessError> {
        if self.users().contains_key(&user) {
            return Err(AccessError::UserExists(user));
        }
        bounded("users", self.users().len() + 1, USER_COUNT_MAX)?;
        check_user(&full_name, &roles)?;
        let set = password.map(|hash| AccessEvent::PasswordSet { user: user.clone(), hash });
        let made = AccessEvent::UserCreated { user, full_name, roles };
        Ok([made].into_iter().chain(set).collect())
    }

    fn plan_changed_user(
        &self,
        user: UserName,
        full_name: Option<String>,
        roles: Option<Vec<String>>,
    ) -> Result<Vec<AccessEvent>, AccessError> {
        let own = self.user(&user)?;
        let full_name = full_name.unwrap_or_else(|| own.full_name.clone());
        let roles = roles.unwrap_or_else(|| own.roles.clone());
        check_user(&full_name, &roles)?;
        if own.full_name == full_name && own.roles == roles {
            return Ok(Vec::new());
        }
        let changed = User { roles, full_name, ..own.clone() };
        self.keep_an_admin(&user, Some(&changed))?;
        let User { full_name, roles, .. } = changed;
        Ok(vec![AccessEvent::UserChanged { user, full_name, roles }])
    }

    fn plan_token(
        &self,
        user: UserName,
        words: String,
        digest: TokenDigest,
        scopes: Vec<Scope>,
        expires_at: Option<Timestamp>,
    ) -> Result<Vec<AccessEvent>, AccessError> {
        bounded("tokens", self.tokens().len() + 1, TOKEN_COUNT_MAX)?;
        bounded("scopes", scopes.len(), SCOPE_COUNT_MAX)?;
        bounded("the bytes of the words", words.len(), WORDS_BYTES_MAX)?;
        if scopes.is_empty() {
            let why = "a token without a scope could do nothing".to_owned();
            return Err(AccessError::Invalid { what: "scopes", why });
        }
        scopes.iter().try_for_each(check_scope)?;
        let token = self.next_token();
        Ok(vec![AccessEvent::TokenCreated { token, user, words, digest, scopes, expires_at }])
    }

    /// Refuses what would leave nobody who can administer.
    fn keep_an_admin(&self, name: &UserName, after: Option<&User>) -> Result<(), AccessError> {
        let rules = |user: &User| user.is_admin() && !user.is_disabled;
        let is_left = |other: &UserName| other != name && self.administers(other);
        let others = self.users().iter().any(|(other, user)| rules(user) && is_left(other));
        if others || after.is_some_and(rules) || !self.users().get(name).is_some_and(rules) {
            return Ok(());
        }
        Err(AccessError::LastAdmin(name.clone()))
    }

    /// Refuses a deny that would leave nobody who can administer.
    fn keep_who_administers(&self, grant: &Grant) -> Result<(), AccessError> {
        if grant.effect == Effect::Allow || !grant.scope.verbs.contains(Verb::Administer) {
            return Ok(());
        }
        let mut after = self.clone();
        after.evolve(AccessEvent::GrantMade(grant.clone()));
        let is_kept =
            |directory: &Self| self.users().keys().any(|name| directory.administers(name));
        if is_kept(&after) || !is_kept(self) {
            return Ok(());
        }
        Err(AccessError::NobodyLeft(grant.who.clone()))
    }

    /// Whether this user may administer as grants and roles stand.
    fn administers(&self, name: &UserName) -> bool {
        let principal = self.principal_of_user(name);
        principal.is_some_and(|who| {
            self.decide(&who, Verb::Administer, None, &Target::Server).is_allowed
        })
    }
}

fn check_user(full_name: &str, roles: &[String]) -> Result<(), AccessError> {
    bounded("the bytes of the full name", full_name.len(), WORDS_BYTES_MAX)?;
    bounded("roles", roles.len(), ROLE_COUNT_MAX)?;
    for role in roles {
        if format!("role:{role}").parse::<Who>().is_err() {
            let why = format!("{:?} is no role", role.chars().take(64).collect::<String>());
            return Err(AccessError::Invalid { what: "roles", why });
        }
    }
    Ok(())
}

fn check_scope(scope: &Scope) -> Result<(), AccessError> {
    bounded("the patterns of a grant", scope.streams.len(), PATTERN_COUNT_MAX)?;
    let empty = |what| AccessError::Invalid { what, why: "there is none".to_owned() };
    if scope.verbs.is_empty() {
        return Err(empty("the verbs of a grant"));
    }
    if scope.streams.is_empty() {
        return Err(empty("the patterns of a grant"));
    }
    Ok(())
}

fn bounded(what: &'static str, count: usize, count_max: usize) -> Result<(), AccessError> {
    if count <= count_max {
        return Ok(());
    }
    Err(AccessError::Invalid { what, why: format!("{count}, at most {count_max} are kept") })
}
