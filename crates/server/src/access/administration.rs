//! Users, tokens and grants, looked after by whoever may: what every protocol's calls about them do.
//!
//! Why: gRPC and HTTP must not differ in who may do what here, nor in what happens then.
//!
//! Picture:
//! ```text
//!   Caller ─▶ Known (they are somebody) ─▶ Administrator (they may administer) ─▶ Change
//!                  └─ themselves: who they are, what they may, their own password
//! ```
//! Invariants: what needs `administer` is reached through [`Administrator`] only. A secret is hashed or
//! digested before it is anything else.

mod refused;

pub(crate) use refused::NotAdministered;

use super::{Authority, Caller, Identity};
use headwater_access::limits::TOKEN_SECONDS_MAX;
use headwater_access::password::PasswordHash;
use headwater_access::token::Secret;
use headwater_access::who::ADMINS;
use headwater_access::{
    AccessError, AccessEvent, Change, ContextPattern, Decision, Directory, Effect, Grant, GrantId,
    Principal, Scope, StreamPattern, Target, User, UserName, Verb, Who,
};
use headwater_model::{ContextName, Denied, Timestamp};
use std::sync::Arc;

/// Somebody whom the server knows.
pub(crate) struct Known {
    caller: Caller,
    authority: Arc<Authority>,
    principal: Principal,
}

/// Somebody who may administer.
pub(crate) struct Administrator(Known);

/// A user to be made.
pub(crate) struct NewUser {
    pub(crate) user: UserName,
    pub(crate) full_name: String,
    pub(crate) roles: Vec<String>,
    /// `None`: they come with tokens only.
    pub(crate) password: Option<String>,
}

/// What is to be another about a user; `None` leaves it.
pub(crate) struct ChangedUser {
    pub(crate) user: UserName,
    pub(crate) full_name: Option<String>,
    pub(crate) roles: Option<Vec<String>>,
    pub(crate) is_disabled: Option<bool>,
}

/// A password to be set.
pub(crate) struct NewPassword {
    pub(crate) user: UserName,
    pub(crate) password: String,
    /// The one before: who gives it for themselves needs not administer.
    pub(crate) current: Option<String>,
}

/// A token to be made.
pub(crate) struct NewToken {
    pub(crate) user: UserName,
    /// What it is for.
    pub(crate) words: String,
    pub(crate) scopes: Vec<Scope>,
    /// For so long; `None`: until it is revoked.
    pub(crate) seconds: Option<u64>,
}

/// A token that was made: its secret is here, and nowhere else.
pub(crate) struct MadeToken {
    pub(crate) number: u64,
    pub(crate) secret: Secret,
    pub(crate) expires_at: Option<Timestamp>,
}

/// What would be decided?
pub(crate) struct Question {
    /// `None`: whoever asks.
    pub(crate) who: Option<Who>,
    pub(crate) verb: Verb,
    /// `None`: the server itself.
    pub(crate) context: Option<ContextName>,
    /// `None`: the context as such.
    pub(crate) streams: Option<StreamPattern>,
}

type Answer<T> = Result<T, NotAdministered>;

impl Known {
    /// Whoever this is, if the server asks and knows.
    pub(crate) fn of(caller: &Caller) -> Answer<Self> {
        let authority = caller.host().authority().ok_or(NotAdministered::Open)?;
        let principal = authority.principal(caller.identity())?;
        Ok(Self { caller: caller.clone(), authority: Arc::clone(authority), principal })
    }

    /// The same, if they may administer.
    pub(crate) fn administrator(self) -> Answer<Administrator> {
        self.caller.may(Verb::Administer)?;
        Ok(Administrator(self))
    }

    /// As grants see them.
    pub(crate) const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The grants about them: what they may, and what not. A deny in a context in which nothing is
    /// theirs is left out, which would say that the context is there.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        let directory = self.authority.directory();
        let about = self.principal.whos.iter().flat_map(|who| directory.grants_of(who));
        let is_told = |grant: &&Grant| match (&grant.effect, &grant.scope.context) {
            (Effect::Allow, _) | (_, ContextPattern::All) => true,
            (Effect::Deny, ContextPattern::One(context)) => {
                directory.enters(&self.principal, context)
            }
        };
        let mut grants: Vec<Grant> = about.filter(is_told).cloned().collect();
        grants.sort_by_key(|grant| grant.id);
        grants.dedup_by_key(|grant| grant.id);
        grants
    }

    /// Refuses whoever may make no user: those who administer may, and the bootstrap token once.
    pub(crate) fn may_create_users(&self) -> Answer<()> {
        match self.caller.identity() {
            Identity::Bootstrap => Ok(()),
            _ => Ok(self.caller.may(Verb::Administer)?),
        }
    }

    /// Makes a user.
    pub(crate) async fn create_user(&self, asked: NewUser) -> Answer<()> {
        self.may_create_users()?;
        let NewUser { user, full_name, roles, password } = asked;
        let is_bootstrap = *self.caller.identity() == Identity::Bootstrap;
        if is_bootstrap && !roles.iter().any(|role| role == ADMINS) {
            return Err(NotAdministered::AdminFirst);
        }
        let password = match password {
            Some(password) => Some(self.hash(password).await?),
            None => None,
        };
        self.change(Change::CreateUser { user, full_name, roles, password }).await?;
        Ok(())
    }

    /// Sets a password: the own one by who knows it now, anybody's by who administers.
    pub(crate) async fn set_password(&self, asked: NewPassword) -> Answer<()> {
        let NewPassword { user, password, current } = asked;
        let is_own = match (self.caller.identity(), current) {
            (Identity::User(name), Some(current)) if *name == user => {
                self.authority.is_password(&user, current).await?
            }
            _ => false,
        };
        if !is_own {
            self.caller.may(Verb::Administer)?;
        }
        let password = self.hash(password).await?;
        self.change(Change::SetPassword { user, password }).await?;
        Ok(())
    }

    /// A user, shown to themselves and to who administers.
    pub(crate) fn user(&self, name: &UserName) -> Answer<User> {
        self.is_or_administers(name)?;
        found(&self.authority.directory(), name)
    }

    /// Refuses whoever may not set this user's password, whatever they send.
    pub(crate) fn may_set_password(&self, of: &UserName) -> Answer<()> {
        self.is_or_administers(of)
    }

    fn is_or_administers(&self, name: &UserName) -> Answer<()> {
        match self.caller.identity() {
            Identity::User(own) if own == name => Ok(()),
            _ => Ok(self.caller.may(Verb::Administer)?),
        }
    }

    /// What would be decided, about oneself or, by who administers, about anybody.
    pub(crate) fn decide(&self, asked: Question) -> Answer<Decision> {
        let Question { who, verb, context, streams } = asked;
        let directory = self.authority.directory();
        let principal = match who {
            None => self.principal.clone(),
            Some(who) => {
                self.caller.may(Verb::Administer)?;
                as_seen(&directory, who)
            }
        };
        let target = match (streams, &context) {
            (Some(streams), _) => Target::pattern(streams),
            (None, Some(_)) => Target::Context,
            (None, None) => Target::Server,
        };
        Ok(directory.decide(&principal, verb, context.as_ref(), &target))
    }

    async fn change(&self, change: Change) -> Answer<Vec<AccessEvent>> {
        Ok(self.authority.change(&self.principal.name, change).await?)
    }

    async fn hash(&self, password: String) -> Answer<PasswordHash> {
        Ok(self.authority.hash(password).await?)
    }
}

impl Administrator {
    /// Users, tokens and grants as they stand.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.0.authority.directory()
    }

    /// A user.
    pub(crate) fn user(&self, name: &UserName) -> Answer<User> {
        found(&self.directory(), name)
    }

    /// Changes a user's words or roles, keeps them out, lets them in.
    pub(crate) async fn change_user(&self, asked: ChangedUser) -> Answer<()> {
        let ChangedUser { user, full_name, roles, is_disabled } = asked;
        self.0.change(Change::ChangeUser { user: user.clone(), full_name, roles }).await?;
        match is_disabled {
            Some(true) => drop(self.0.change(Change::DisableUser(user)).await?),
            Some(false) => drop(self.0.change(Change::EnableUser(user)).await?),
            None => {}
        }
        Ok(())
    }

    /// Takes a user away, with their tokens and the grants about them.
    pub(crate) async fn remove_user(&self, user: UserName) -> Answer<()> {
        self.0.change(Change::RemoveUser(user)).await.map(drop)
    }

    /// Makes a token.
    pub(crate) async fn create_token(&self, asked: NewToken) -> Answer<MadeToken> {
        let NewToken { user, words, scopes, seconds } = asked;
        if let Some(given) = seconds.filter(|given| *given > TOKEN_SECONDS_MAX) {
            let why = format!("{given}, at most {TOKEN_SECONDS_MAX} are kept; leave them out");
            return Err(AccessError::Invalid { what: "seconds", why }.into());
        }
        let secret = Secret::of(super::passwords::random());
        let left = seconds.map(|seconds| seconds.saturating_mul(1_000_000));
        let now = self.0.authority.now().as_micros();
        let expires_at = left.map(|left| Timestamp::from_micros(now.saturating_add(left)));
        let digest = secret.digest();
        let change = Change::CreateToken { user, words, digest, scopes, expires_at };
        self.0.change(change).await?;
        let number = self.directory().token_of(&digest).ok_or(NotAdministered::Overtaken)?;
        Ok(MadeToken { number, secret, expires_at })
    }

    /// Revokes a token.
    pub(crate) async fn revoke_token(&self, number: u64) -> Answer<()> {
        self.0.change(Change::RevokeToken(number)).await.map(drop)
    }

    /// Allows or denies.
    pub(crate) async fn make_grant(
        &self,
        effect: Effect,
        who: Who,
        scope: Scope,
    ) -> Answer<GrantId> {
        let made = self.0.change(Change::MakeGrant { effect, who, scope }).await?;
        let id = made.into_iter().find_map(|event| match event {
            AccessEvent::GrantMade(grant) => Some(grant.id),
            _ => None,
        });
        Ok(id.expect("a grant that is asked for is made, or refused"))
    }

    /// Takes a grant back.
    pub(crate) async fn withdraw_grant(&self, grant: GrantId) -> Answer<()> {
        self.0.change(Change::WithdrawGrant(grant)).await.map(drop)
    }
}

fn found(directory: &Directory, name: &UserName) -> Answer<User> {
    let user = directory.users().get(name).cloned();
    user.ok_or_else(|| AccessError::NoUser(name.clone()).into())
}

/// Somebody as grants would see them, whether or not they are let in.
fn as_seen(directory: &Directory, who: Who) -> Principal {
    let roles = match &who {
        Who::User(name) => directory.users().get(name).map(|user| user.roles.clone()),
        _ => None,
    };
    let name = who.to_string();
    let mut whos = vec![who, Who::Everybody];
    whos.extend(roles.unwrap_or_default().into_iter().map(Who::Role));
    Principal { name, whos, scopes: None }
}

/// A decision's reason, in words.
pub(crate) fn reason(decision: &Decision) -> String {
    use headwater_access::Why;
    match decision.why {
        Why::Grant(id) => id.to_string(),
        Why::Role(role) => format!("role {role}"),
        Why::OwnContext => "access is changed by its own calls only".to_owned(),
        Why::Nothing => "no grant allows it".to_owned(),
        Why::Scope => "the token's scopes do not hold it".to_owned(),
    }
}

/// The number in a token's name.
pub(crate) fn token_number(name: &str) -> Result<u64, String> {
    let digits = name.strip_prefix("t-").filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| "a token's name is `t-` and a number".to_owned())
}

impl From<Denied> for NotAdministered {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
