//! The decision.
//!
//! Invariants: default deny. Deny wins. Of a target with several streams each is decided by itself,
//! and one that is not allowed denies all of it. A token does no more than its owner, and no more
//! than its scopes.

use crate::who::{ADMINS, OPERATORS};
use crate::{ContextPattern, Directory, Effect, Grant, GrantId, Scope, StreamPattern};
use crate::{Target, Verb, Who};
use headwater_model::ContextName;
use std::borrow::Cow;

/// The context that users, tokens, grants and the audit are kept in.
pub const ACCESS_CONTEXT: &str = "headwater-access";

/// The category of the streams that hold hashes of passwords, in [`ACCESS_CONTEXT`]. Nobody reads it.
pub const CREDENTIAL_CATEGORY: &str = "credential";

/// Who asks, as grants see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// As messages call them.
    pub name: String,
    /// Everything that grants may call them: themselves, their roles, everybody.
    pub whos: Vec<Who>,
    /// Of a token: no more than one of these.
    pub scopes: Option<Vec<Scope>>,
}

/// What was decided, and by what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Whether they may.
    pub is_allowed: bool,
    /// By what.
    pub why: Why,
}

/// What decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// This grant.
    Grant(GrantId),
    /// A rule that is always there: what [`ADMINS`] and [`OPERATORS`] may.
    Role(&'static str),
    /// A rule that is always there: access is changed by its own calls only, and passwords are read
    /// by nobody.
    OwnContext,
    /// Nothing allows it.
    Nothing,
    /// The scopes of the token do not hold it.
    Scope,
}

impl Directory {
    /// Whether they may do this to all of the target; `context` is `None` for the server itself.
    pub fn decide(
        &self,
        who: &Principal,
        verb: Verb,
        context: Option<&ContextName>,
        target: &Target,
    ) -> Decision {
        if context.is_some_and(|name| is_closed(name, verb, target)) {
            return denied(Why::OwnContext);
        }
        let mut why = Why::Nothing;
        for part in target.each() {
            let decision = self.decide_one(who, verb, context, &part);
            if !decision.is_allowed {
                return decision;
            }
            why = decision.why;
        }
        Decision { is_allowed: why != Why::Nothing, why }
    }

    fn decide_one(
        &self,
        who: &Principal,
        verb: Verb,
        context: Option<&ContextName>,
        target: &Target,
    ) -> Decision {
        let grants = || who.whos.iter().flat_map(|who| self.grants_of(who));
        let is = |effect| move |grant: &&Grant| grant.effect == effect;
        let mut denies = grants().filter(is(Effect::Deny));
        if let Some(deny) = denies.find(|grant| grant.scope.touches(verb, context, target)) {
            return denied(Why::Grant(deny.id));
        }
        let scopes = who.scopes.as_deref();
        if scopes.is_some_and(|own| !own.iter().any(|s| s.covers(verb, context, target))) {
            return denied(Why::Scope);
        }
        if let Some(role) = built_in(who, verb, context, target) {
            return Decision { is_allowed: true, why: Why::Role(role) };
        }
        let covers = |grant: &&Grant| {
            // A star is not meant to hand out who may do what, or who was denied what.
            let named = context.is_none_or(|name| name.as_str() != ACCESS_CONTEXT)
                || grant.scope.context != ContextPattern::All;
            named && grant.scope.covers(verb, context, target)
        };
        match grants().filter(is(Effect::Allow)).find(covers) {
            Some(grant) => Decision { is_allowed: true, why: Why::Grant(grant.id) },
            None => denied(Why::Nothing),
        }
    }

    /// Whether anything at all in this context is theirs: who has nothing there is not told whether
    /// it exists.
    pub fn enters(&self, who: &Principal, context: &ContextName) -> bool {
        let some = |verb| self.decide(who, verb, Some(context), &Target::Context).is_allowed;
        Verb::ALL.into_iter().any(some)
    }
}

const fn denied(why: Why) -> Decision {
    Decision { is_allowed: false, why }
}

/// Access is changed by its own calls, which check each change; and hashes of passwords are read by
/// nobody.
fn is_closed(context: &ContextName, verb: Verb, target: &Target) -> bool {
    let secret = [StreamPattern::Category(CREDENTIAL_CATEGORY.into())];
    let is_read = matches!(verb, Verb::Read | Verb::Observe);
    let is_secret = || matches!(target, Target::Streams(_)) && target.is_touched(&secret);
    context.as_str() == ACCESS_CONTEXT && (!is_read || is_secret())
}

/// What the built-in roles may.
fn built_in(
    who: &Principal,
    verb: Verb,
    context: Option<&ContextName>,
    target: &Target,
) -> Option<&'static str> {
    let has = |role: &str| {
        let role = Cow::Borrowed(role);
        who.whos.iter().any(|who| matches!(who, Who::Role(own) if *own == role))
    };
    let all = Scope::all();
    if has(ADMINS) && all.covers(verb, context, target) {
        return Some(ADMINS);
    }
    let is_theirs = matches!(verb, Verb::Observe | Verb::Manage);
    let is_own = context.is_some_and(|name| name.as_str() == ACCESS_CONTEXT);
    (is_theirs && !is_own && has(OPERATORS) && all.covers(verb, context, target))
        .then_some(OPERATORS)
}
