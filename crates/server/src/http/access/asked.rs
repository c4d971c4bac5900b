//! What is asked about users, tokens and grants, as JSON asks for it.

use crate::access::NewUser;
use crate::http::form;
use crate::http::json::{at_most, number, said};
use crate::http::problem::Problem;
use crate::http::refused::Refused;
use headwater_access::limits::{
    PATTERN_COUNT_MAX, ROLE_COUNT_MAX, SCOPE_COUNT_MAX, TOKEN_SECONDS_MAX,
};
use headwater_access::{ContextPattern, Effect, Scope, StreamPattern, UserName, Verb, Who};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Deserializer;

/// A user to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewUser")]
pub(super) struct AskedUser {
    /// Their name.
    #[schemars(schema_with = "form::user")]
    user: String,
    /// In full.
    #[serde(default)]
    #[schemars(schema_with = "form::words")]
    full_name: String,
    /// Their roles; `$admins` may do everything.
    #[serde(default, deserialize_with = "at_most::<ROLE_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::roles")]
    roles: Vec<String>,
    /// Without one they come with tokens only.
    #[serde(default, deserialize_with = "said")]
    #[schemars(schema_with = "form::password")]
    password: Option<String>,
}

impl TryFrom<AskedUser> for NewUser {
    type Error = Problem;
    fn try_from(asked: AskedUser) -> Result<Self, Problem> {
        let AskedUser { user, full_name, roles, password } = asked;
        let user = UserName::new(user).map_err(|error| Refused::body("/user", error.why))?;
        Ok(Self { user, full_name, roles, password })
    }
}

/// What is to be another about a user. What is not said stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeUser")]
pub(super) struct AskedChange {
    /// In full.
    #[serde(default, deserialize_with = "said")]
    #[schemars(schema_with = "form::words")]
    pub(super) full_name: Option<String>,
    /// Their roles, all of them.
    #[serde(default, deserialize_with = "roles")]
    #[schemars(schema_with = "form::roles")]
    pub(super) roles: Option<Vec<String>>,
    /// Whether they are kept out.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "bool")]
    pub(super) disabled: Option<bool>,
}

/// A password to be set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SetPassword")]
pub(super) struct AskedPassword {
    /// The new one.
    #[schemars(schema_with = "form::password")]
    pub(super) password: String,
    /// The one before: who gives it for themselves needs not administer.
    #[serde(default, deserialize_with = "said")]
    #[schemars(with = "String")]
    pub(super) current: Option<String>,
}

/// A token to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewToken")]
pub(super) struct AskedToken {
    /// For whom it acts.
    #[schemars(schema_with = "form::user")]
    pub(super) user: UserName,
    /// What it is for.
    #[serde(default)]
    #[schemars(schema_with = "form::words")]
    pub(super) words: String,
    /// It does no more than one of these, and no more than its user.
    #[serde(deserialize_with = "at_most::<SCOPE_COUNT_MAX, _, _>")]
    #[schemars(with = "Vec<ScopeJson>", length(min = 1, max = 64))]
    pub(super) scopes: Vec<ScopeJson>,
    /// For so many seconds from now; until it is revoked if nothing is said.
    #[serde(default, deserialize_with = "number")]
    #[schemars(with = "u64", range(max = TOKEN_SECONDS_MAX))]
    pub(super) seconds: Option<u64>,
}

/// What to which streams of which contexts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewScope")]
pub(super) struct ScopeJson {
    /// What.
    #[serde(deserialize_with = "at_most::<{ Verb::ALL.len() }, _, _>")]
    #[schemars(schema_with = "form::verbs")]
    verbs: Vec<Verb>,
    /// A context's name, or `*`.
    #[schemars(schema_with = "form::contexts")]
    context: ContextPattern,
    /// `*`, `$*`, `category:order`, `prefix:order-eu`, `stream:order-1`.
    #[serde(deserialize_with = "at_most::<PATTERN_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::patterns")]
    streams: Vec<StreamPattern>,
}

impl From<ScopeJson> for Scope {
    fn from(json: ScopeJson) -> Self {
        let ScopeJson { verbs, context, streams } = json;
        Self { verbs: verbs.into(), context, streams }
    }
}

/// Whether it allows or denies; a deny wins.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Effect")]
pub(super) enum AskedEffect {
    Allow,
    Deny,
}

impl From<AskedEffect> for Effect {
    fn from(asked: AskedEffect) -> Self {
        match asked {
            AskedEffect::Allow => Self::Allow,
            AskedEffect::Deny => Self::Deny,
        }
    }
}

/// A grant to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewGrant")]
pub(super) struct AskedGrant {
    pub(super) effect: AskedEffect,
    /// `user:ana`, `role:billing`, `certificate:orders.svc`, `bearer:7f3a`, `everybody`.
    #[schemars(schema_with = "form::who")]
    pub(super) who: Who,
    /// What.
    pub(super) scope: ScopeJson,
}

fn roles<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    at_most::<ROLE_COUNT_MAX, _, _>(from).map(Some)
}
