//! The directory: users, tokens and grants as they stand, folded from their events.
//!
//! Invariants: a user who is removed leaves nothing behind that another of the same name would find.
//! Numbers of tokens and grants are never given twice.

use crate::decide::Principal;
use crate::event::AccessEvent;
use crate::password::PasswordHash;
use crate::token::TokenDigest;
use crate::who::ADMINS;
use crate::{Grant, GrantId, Scope, UserName, Who};
use headwater_model::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// Users, tokens and grants as they stand.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    users: BTreeMap<UserName, User>,
    tokens: BTreeMap<u64, Token>,
    by_digest: HashMap<TokenDigest, u64>,
    grants: BTreeMap<GrantId, Grant>,
    by_who: HashMap<Who, Vec<GrantId>>,
    bootstrap: Option<TokenDigest>,
    last_token: u64,
    last_grant: u64,
}

/// A user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// In full.
    pub full_name: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// Whether they are kept out.
    pub is_disabled: bool,
    /// Their password's hash; `None`: they come with tokens only.
    pub password: Option<PasswordHash>,
}

/// A token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// For whom it acts.
    pub user: UserName,
    /// What it is for.
    pub words: String,
    /// What is kept of it.
    pub digest: TokenDigest,
    /// It does no more than this.
    pub scopes: Vec<Scope>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

impl Directory {
    /// What stands after this event.
    pub fn evolve(&mut self, event: AccessEvent) {
        match event {
            AccessEvent::UserCreated { user, full_name, roles } => {
                let made = User { full_name, roles, is_disabled: false, password: None };
                self.users.insert(user, made);
            }
            AccessEvent::UserChanged { user, full_name, roles } => self.with(&user, |user| {
                (user.full_name, user.roles) = (full_name, roles);
            }),
            AccessEvent::PasswordSet { user, hash } => {
                self.with(&user, |user| user.password = Some(hash));
            }
            AccessEvent::UserDisabled { user } => self.with(&user, |user| user.is_disabled = true),
            AccessEvent::UserEnabled { user } => self.with(&user, |user| user.is_disabled = false),
            AccessEvent::UserRemoved { user } => self.remove(&user),
            AccessEvent::TokenCreated { token, user, words, digest, scopes, expires_at } => {
                self.last_token = self.last_token.max(token);
                self.by_digest.insert(digest, token);
                let made = Token { user, words, digest, scopes, expires_at };
                self.tokens.insert(token, made);
            }
            AccessEvent::TokenRevoked { token } => self.revoke(token),
            AccessEvent::GrantMade(grant) => {
                self.last_grant = self.last_grant.max(grant.id.0);
                self.by_who.entry(grant.who.clone()).or_default().push(grant.id);
                self.grants.insert(grant.id, grant);
            }
            AccessEvent::GrantWithdrawn { grant } => self.withdraw(grant),
            AccessEvent::BootstrapOffered { digest } => self.bootstrap = Some(digest),
            AccessEvent::AccessRefused { .. } => {}
        }
    }

    fn with(&mut self, name: &UserName, change: impl FnOnce(&mut User)) {
        if let Some(user) = self.users.get_mut(name) {
            change(user);
        }
    }

    fn remove(&mut self, name: &UserName) {
        self.users.remove(name);
        let tokens = self.tokens.iter().filter(|(_, token)| token.user == *name);
        let tokens: Vec<u64> = tokens.map(|(number, _)| *number).collect();
        tokens.into_iter().for_each(|token| self.revoke(token));
        let grants = self.by_who.get(&Who::User(name.clone())).cloned().unwrap_or_default();
        grants.into_iter().for_each(|grant| self.withdraw(grant));
    }

    fn revoke(&mut self, number: u64) {
        if let Some(token) = self.tokens.remove(&number) {
            self.by_digest.remove(&token.digest);
        }
    }

    fn withdraw(&mut self, id: GrantId) {
        let Some(grant) = self.grants.remove(&id) else { return };
        if let Some(own) = self.by_who.get_mut(&grant.who) {
            own.retain(|other| *other != id);
        }
    }

    /// All users.
    pub const fn users(&self) -> &BTreeMap<UserName, User> {
        &self.users
    }

    /// All tokens that were not revoked, by number.
    pub const fn tokens(&self) -> &BTreeMap<u64, Token> {
        &self.tokens
    }

    /// All grants.
    pub const fn grants(&self) -> &BTreeMap<GrantId, Grant> {
        &self.grants
    }

    /// The grants about exactly this one.
    pub fn grants_of(&self, who: &Who) -> impl Iterator<Item = &Grant> + use<'_> {
        let ids = self.by_who.get(who).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.grants.get(id))
    }

    /// The number of the token with this digest, expired or not.
    pub fn token_of(&self, digest: &TokenDigest) -> Option<u64> {
        let number = *self.by_digest.get(digest)?;
        self.tokens.get(&number).filter(|token| token.digest.is(digest)).map(|_| number)
    }

    /// Whether this token may make the first user who administers. Over for good once there is one.
    pub fn is_bootstrap(&self, digest: &TokenDigest) -> bool {
        !self.has_admin() && self.bootstrap.is_some_and(|own| own.is(digest))
    }

    /// Whether somebody can administer: a user who is let in and has the role.
    pub fn has_admin(&self) -> bool {
        self.users.values().any(|user| user.is_admin() && !user.is_disabled)
    }

    /// The number of the next token.
    pub const fn next_token(&self) -> u64 {
        self.last_token + 1
    }

    /// The name of the next grant.
    pub const fn next_grant(&self) -> GrantId {
        GrantId(self.last_grant + 1)
    }

    /// This user as grants see them; `None`: there is none, or they are disabled.
    pub fn principal_of_user(&self, name: &UserName) -> Option<Principal> {
        let user = self.users.get(name).filter(|user| !user.is_disabled)?;
        let mut whos = vec![Who::User(name.clone()), Who::Everybody];
        whos.extend(user.roles.iter().cloned().map(Who::Role));
        Some(Principal { name: name.to_string(), whos, scopes: None })
    }

    /// This token as grants see it at this time; `None`: it was revoked, has expired, or its user is
    /// not let in.
    pub fn principal_of_token(&self, number: u64, now: Timestamp) -> Option<Principal> {
        let token = self.tokens.get(&number)?;
        if token.expires_at.is_some_and(|end| end <= now) {
            return None;
        }
        let owner = self.principal_of_user(&token.user)?;
        let name = format!("{} (token t-{number})", owner.name);
        Some(Principal { name, scopes: Some(token.scopes.clone()), ..owner })
    }
}

impl User {
    /// Whether they have the role that may do everything.
    pub fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == ADMINS)
    }
}
