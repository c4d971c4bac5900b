//! Users, tokens, grants, and whoever asks, as JSON shows them.

use crate::Caller;
use crate::access::{Known, MadeToken, NewUser, reason};
use crate::http::form;
use headwater_access::{Decision, Effect, Grant, Scope, Token, User, UserName, Verb};
use headwater_model::{ContextName, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// All users.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Users")]
pub(super) struct ShownUsers {
    /// In order of name.
    pub(super) users: Vec<ShownUser>,
}

/// A user.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(super) struct ShownUser {
    /// Their name.
    user: String,
    /// In full.
    full_name: String,
    /// Their roles.
    roles: Vec<String>,
    /// Whether they are kept out.
    disabled: bool,
    /// Whether they have a password; without, they come with tokens only.
    has_password: bool,
}

impl ShownUser {
    pub(super) fn of(name: &UserName, user: &User) -> Self {
        Self {
            user: name.to_string(),
            full_name: user.full_name.clone(),
            roles: user.roles.clone(),
            disabled: user.is_disabled,
            has_password: user.password.is_some(),
        }
    }

    /// As they will be when they are made.
    pub(super) fn new(asked: &NewUser) -> Self {
        Self {
            user: asked.user.to_string(),
            full_name: asked.full_name.clone(),
            roles: asked.roles.clone(),
            disabled: false,
            has_password: asked.password.is_some(),
        }
    }
}

/// All tokens that were not revoked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tokens")]
pub(super) struct ShownTokens {
    /// In the order in which they were made.
    pub(super) tokens: Vec<ShownToken>,
}

/// A token, without its secret, which nobody keeps.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub(super) struct ShownToken {
    /// Its name.
    token: String,
    /// For whom it acts.
    user: String,
    /// What it is for.
    words: String,
    /// It does no more than one of these.
    scopes: Vec<ShownScope>,
    /// Until when; `null`: until it is revoked.
    #[schemars(schema_with = "form::time_or_null")]
    expires_at: Option<Timestamp>,
}

impl ShownToken {
    pub(super) fn of(number: u64, token: &Token) -> Self {
        Self {
            token: format!("t-{number}"),
            user: token.user.to_string(),
            words: token.words.clone(),
            scopes: token.scopes.iter().map(ShownScope::of).collect(),
            expires_at: token.expires_at,
        }
    }
}

/// A token that was made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MadeToken")]
pub(super) struct ShownMade {
    /// Its name.
    token: String,
    /// `hw_…`: it is shown this once, and kept nowhere.
    secret: String,
    /// Until when; `null`: until it is revoked.
    #[schemars(schema_with = "form::time_or_null")]
    expires_at: Option<Timestamp>,
}

impl ShownMade {
    pub(super) fn of(made: &MadeToken) -> Self {
        let (token, secret) = (format!("t-{}", made.number), made.secret.reveal().to_owned());
        Self { token, secret, expires_at: made.expires_at }
    }
}

/// What to which streams of which contexts.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Scope")]
pub(super) struct ShownScope {
    /// What.
    #[schemars(schema_with = "form::verbs")]
    verbs: Vec<Verb>,
    /// A context's name, or `*`.
    context: String,
    /// To which of its streams.
    streams: Vec<String>,
}

impl ShownScope {
    fn of(scope: &Scope) -> Self {
        Self {
            verbs: scope.verbs.iter().collect(),
            context: scope.context.to_string(),
            streams: scope.streams.iter().map(ToString::to_string).collect(),
        }
    }
}

/// All grants.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Grants")]
pub(super) struct ShownGrants {
    /// In the order in which they were made.
    pub(super) grants: Vec<ShownGrant>,
}

/// A grant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Grant")]
pub(super) struct ShownGrant {
    /// Its name.
    grant: String,
    /// `allow` or `deny`; a deny wins.
    #[schemars(with = "String")]
    effect: Effect,
    /// Whom it is about.
    who: String,
    /// What it is about.
    scope: ShownScope,
}

impl ShownGrant {
    pub(super) fn of(grant: &Grant) -> Self {
        Self {
            grant: grant.id.to_string(),
            effect: grant.effect,
            who: grant.who.to_string(),
            scope: ShownScope::of(&grant.scope),
        }
    }
}

/// What would be decided, and by what.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Decision")]
pub(super) struct ShownDecision {
    /// Whether they may.
    allowed: bool,
    /// A grant's name, a role, or the reason in words.
    why: String,
}

impl From<Decision> for ShownDecision {
    fn from(decision: Decision) -> Self {
        Self { allowed: decision.is_allowed, why: reason(&decision) }
    }
}

/// Who asks, and what they may.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Me")]
pub(super) struct ShownMe {
    /// As messages call them.
    name: String,
    /// As grants may call them: `user:ana`, `role:billing`, `everybody`.
    whos: Vec<String>,
    /// Whether this server asks who asks.
    authenticated: bool,
    /// What they may do to the server as a whole.
    #[schemars(schema_with = "form::verbs_shown")]
    server: Vec<Verb>,
    /// The contexts in which something is theirs.
    contexts: Vec<ShownVerbs>,
    /// The grants about them: what they may there, and what not.
    grants: Vec<ShownGrant>,
    /// Who comes with a token does no more than one of these; `null`: it is no token.
    scopes: Option<Vec<ShownScope>>,
}

/// What somebody may do in a context.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MineInContext")]
struct ShownVerbs {
    /// Where.
    #[schemars(with = "String")]
    context: ContextName,
    /// To some of its streams at least: the grants say to which.
    #[schemars(schema_with = "form::verbs_shown")]
    verbs: Vec<Verb>,
}

impl ShownMe {
    /// `contexts`: those that they may see.
    pub(super) fn of(caller: &Caller, known: Option<&Known>, contexts: Vec<ContextName>) -> Self {
        let mine = |context: ContextName| {
            let verbs = caller.verbs_in(Some(&context));
            ShownVerbs { context, verbs }
        };
        let principal = known.map(Known::principal);
        let grants = known.map(Known::grants).unwrap_or_default();
        let scopes = principal.and_then(|principal| principal.scopes.as_ref());
        Self {
            name: principal.map_or_else(|| caller.identity().to_string(), |own| own.name.clone()),
            whos: principal
                .map_or_else(Vec::new, |own| own.whos.iter().map(ToString::to_string).collect()),
            authenticated: known.is_some(),
            server: caller.verbs_in(None),
            contexts: contexts.into_iter().map(mine).collect(),
            grants: grants.iter().map(ShownGrant::of).collect(),
            scopes: scopes.map(|scopes| scopes.iter().map(ShownScope::of).collect()),
        }
    }
}
