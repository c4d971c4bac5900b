//! The service `headwater.v1.Access`: users, tokens and grants, over gRPC.

mod read;

use super::{Authority, Caller, ChangeError, Identity};
use crate::Host;
use headwater_access::password::PasswordHash;
use headwater_access::token::Secret;
use headwater_access::who::ADMINS;
use headwater_access::{AccessError, AccessEvent, Change, Effect, Grant, Scope, Target, Verb, Why};
use headwater_model::{Denied, ReadError, Timestamp};
use headwater_wire::{status, v1};
use read::{text, user, words};
use std::sync::Arc;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Response, Status};

type Answered<T> = Result<Response<T>, Status>;

/// Answers the service.
pub(crate) struct AccessService {
    host: Host,
}

/// Who asks, and whom they ask.
struct Asked<'a> {
    caller: Caller,
    authority: &'a Arc<Authority>,
    name: String,
}

impl AccessService {
    pub(crate) const fn new(host: Host) -> Self {
        Self { host }
    }

    fn asked<T>(&self, request: &Request<T>) -> Result<Asked<'_>, Status> {
        let caller = self.host.caller(request.extensions());
        let authority = self.host.authority().ok_or_else(|| {
            let why = "this server asks nobody who they are; start it with authentication";
            Status::failed_precondition(why)
        })?;
        let name = authority.principal(caller.identity()).map_err(denied)?.name;
        Ok(Asked { caller, authority, name })
    }

    /// As [`Self::asked`], for those who administer.
    fn administered<T>(&self, request: &Request<T>) -> Result<Asked<'_>, Status> {
        let asked = self.asked(request)?;
        asked.caller.may(Verb::Administer).map_err(denied)?;
        Ok(asked)
    }
}

impl Asked<'_> {
    async fn change(&self, change: Change) -> Result<Vec<AccessEvent>, Status> {
        self.authority.change(&self.name, change).await.map_err(unchanged)
    }

    async fn hash(&self, password: String) -> Result<PasswordHash, Status> {
        self.authority.hash(password).await.map_err(|error| refused(&error))
    }
}

fn denied(denied: Denied) -> Status {
    status::of(&ReadError::Denied(denied))
}

fn unchanged(error: ChangeError) -> Status {
    match error {
        ChangeError::Access(error) => refused(&error),
        ChangeError::Append(error) => Status::unavailable(error.to_string()),
    }
}

fn refused(error: &AccessError) -> Status {
    let code = match error {
        AccessError::UserExists(_) => Code::AlreadyExists,
        AccessError::NoUser(_) | AccessError::NoToken(_) | AccessError::NoGrant(_) => {
            Code::NotFound
        }
        AccessError::LastAdmin(_) => Code::FailedPrecondition,
        AccessError::Invalid { .. } => Code::InvalidArgument,
    };
    let mut status = Status::new(code, error.to_string());
    status.metadata_mut().insert("headwater-code", MetadataValue::from_static(error.code()));
    status
}

fn done() -> Answered<v1::AccessDone> {
    Ok(Response::new(v1::AccessDone {}))
}

#[tonic::async_trait]
impl v1::access_server::Access for AccessService {
    async fn who_am_i(&self, request: Request<v1::WhoAmIRequest>) -> Answered<v1::WhoAmIReply> {
        let caller = self.host.caller(request.extensions());
        let (name, whos) = match self.host.authority() {
            None => (caller.identity().to_string(), Vec::new()),
            Some(authority) => {
                let principal = authority.principal(caller.identity()).map_err(denied)?;
                (principal.name, principal.whos)
            }
        };
        let whos = whos.iter().map(|who| who.to_string().into()).collect();
        let authenticated = self.host.authority().is_some();
        Ok(Response::new(v1::WhoAmIReply { name: name.into(), whos, authenticated }))
    }

    async fn create_user(
        &self,
        request: Request<v1::CreateUserRequest>,
    ) -> Answered<v1::AccessDone> {
        let asked = self.asked(&request)?;
        let is_bootstrap = *asked.caller.identity() == Identity::Bootstrap;
        if !is_bootstrap {
            asked.caller.may(Verb::Administer).map_err(denied)?;
        }
        let request = request.into_inner();
        let roles = words("a role", request.roles)?;
        if is_bootstrap && !roles.iter().any(|role| role == ADMINS) {
            let why = format!("the bootstrap token makes a user with the role {ADMINS} first");
            return Err(Status::failed_precondition(why));
        }
        let password = match request.password {
            Some(password) => Some(asked.hash(text("the password", password)?).await?),
            None => None,
        };
        let (user, full_name) = (user(request.user)?, text("the full name", request.full_name)?);
        asked.change(Change::CreateUser { user, full_name, roles, password }).await?;
        done()
    }

    async fn change_user(
        &self,
        request: Request<v1::ChangeUserRequest>,
    ) -> Answered<v1::AccessDone> {
        let asked = self.administered(&request)?;
        let request = request.into_inner();
        let user = user(request.user)?;
        let full_name = request.full_name.map(|name| text("the full name", name)).transpose()?;
        let roles = request.roles.map(|roles| words("a role", roles.roles)).transpose()?;
        asked.change(Change::ChangeUser { user: user.clone(), full_name, roles }).await?;
        match request.disabled {
            Some(true) => drop(asked.change(Change::DisableUser(user)).await?),
            Some(false) => drop(asked.change(Change::EnableUser(user)).await?),
            None => {}
        }
        done()
    }

    async fn set_password(
        &self,
        request: Request<v1::SetPasswordRequest>,
    ) -> Answered<v1::AccessDone> {
        let asked = self.asked(&request)?;
        let request = request.into_inner();
        let user = user(request.user)?;
        let own = match (asked.caller.identity(), request.current) {
            (Identity::User(name), Some(current)) if *name == user => {
                asked.authority.is_password(&user, text("the password", current)?).await
            }
            _ => false,
        };
        if !own {
            asked.caller.may(Verb::Administer).map_err(denied)?;
        }
        let password = asked.hash(text("the password", request.password)?).await?;
        asked.change(Change::SetPassword { user, password }).await?;
        done()
    }

    async fn remove_user(
        &self,
        request: Request<v1::RemoveUserRequest>,
    ) -> Answered<v1::AccessDone> {
        let asked = self.administered(&request)?;
        asked.change(Change::RemoveUser(user(request.into_inner().user)?)).await?;
        done()
    }

    async fn list_users(
        &self,
        request: Request<v1::ListUsersRequest>,
    ) -> Answered<v1::ListUsersReply> {
        let directory = self.administered(&request)?.authority.directory();
        let users = directory.users().iter().map(|(name, user)| v1::User {
            user: name.to_string().into(),
            full_name: user.full_name.clone().into(),
            roles: user.roles.iter().map(|role| role.clone().into()).collect(),
            disabled: user.is_disabled,
            has_password: user.password.is_some(),
        });
        Ok(Response::new(v1::ListUsersReply { users: users.collect() }))
    }

    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Answered<v1::CreateTokenReply> {
        let asked = self.administered(&request)?;
        let request = request.into_inner();
        let secret = Secret::of(super::passwords::random());
        let seconds = request.seconds.map(|seconds| seconds.saturating_mul(1_000_000));
        let now = asked.authority.now().as_micros();
        let expires_at = seconds.map(|left| Timestamp::from_micros(now.saturating_add(left)));
        let scopes = request.scopes.into_iter().map(read::scope).collect::<Result<_, _>>()?;
        let (user, words) = (user(request.user)?, text("the words", request.words)?);
        let digest = secret.digest();
        let change = Change::CreateToken { user, words, digest, scopes, expires_at };
        asked.change(change).await?;
        let number = asked.authority.directory().token_of(&digest);
        let number = number.ok_or_else(|| Status::aborted("the token was revoked at once"))?;
        let (token, secret) = (format!("t-{number}").into(), secret.reveal().to_owned().into());
        Ok(Response::new(v1::CreateTokenReply { token, secret }))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Answered<v1::AccessDone> {
        let asked = self.administered(&request)?;
        let token = read::token(request.into_inner().token)?;
        asked.change(Change::RevokeToken(token)).await?;
        done()
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Answered<v1::ListTokensReply> {
        let directory = self.administered(&request)?.authority.directory();
        let tokens = directory.tokens().iter().map(|(number, token)| v1::Token {
            token: format!("t-{number}").into(),
            user: token.user.to_string().into(),
            words: token.words.clone().into(),
            scopes: token.scopes.iter().map(shown).collect(),
            expires_at_us: token.expires_at.map(Timestamp::as_micros),
        });
        Ok(Response::new(v1::ListTokensReply { tokens: tokens.collect() }))
    }

    async fn make_grant(
        &self,
        request: Request<v1::MakeGrantRequest>,
    ) -> Answered<v1::MakeGrantReply> {
        let asked = self.administered(&request)?;
        let request = request.into_inner();
        let effect = if request.deny { Effect::Deny } else { Effect::Allow };
        let scope = request.scope.ok_or_else(|| Status::invalid_argument("there is no scope"))?;
        let (who, scope) = (read::who(request.who)?, read::scope(scope)?);
        let made = asked.change(Change::MakeGrant { effect, who, scope }).await?;
        let id = made.into_iter().find_map(|event| match event {
            AccessEvent::GrantMade(grant) => Some(grant.id),
            _ => None,
        });
        let grant = id.map(|id| id.to_string()).unwrap_or_default().into();
        Ok(Response::new(v1::MakeGrantReply { grant }))
    }

    async fn withdraw_grant(
        &self,
        request: Request<v1::WithdrawGrantRequest>,
    ) -> Answered<v1::AccessDone> {
        let asked = self.administered(&request)?;
        let grant = read::grant(request.into_inner().grant)?;
        asked.change(Change::WithdrawGrant(grant)).await?;
        done()
    }

    async fn list_grants(
        &self,
        request: Request<v1::ListGrantsRequest>,
    ) -> Answered<v1::ListGrantsReply> {
        let directory = self.administered(&request)?.authority.directory();
        let grants =
            directory.grants().values().map(|Grant { id, effect, who, scope }| v1::Grant {
                grant: id.to_string().into(),
                deny: *effect == Effect::Deny,
                who: who.to_string().into(),
                scope: Some(shown(scope)),
            });
        Ok(Response::new(v1::ListGrantsReply { grants: grants.collect() }))
    }

    async fn check_grant(
        &self,
        request: Request<v1::CheckGrantRequest>,
    ) -> Answered<v1::CheckGrantReply> {
        let asked = self.asked(&request)?;
        let request = request.into_inner();
        let principal = match request.who {
            None => asked.authority.principal(asked.caller.identity()).map_err(denied)?,
            Some(who) => {
                asked.caller.may(Verb::Administer).map_err(denied)?;
                read::principal(&asked.authority.directory(), read::who(who)?)
            }
        };
        let verb = read::verb(request.verb)?;
        let context = request.context.map(read::context).transpose()?;
        let target = match (request.streams, &context) {
            (Some(streams), _) => Target::pattern(read::pattern(streams)?),
            (None, Some(_)) => Target::Context,
            (None, None) => Target::Server,
        };
        let directory = asked.authority.directory();
        let decision = directory.decide(&principal, verb, context.as_ref(), &target);
        let why = match decision.why {
            Why::Grant(id) => id.to_string(),
            Why::Role(role) => format!("role {role}"),
            Why::OwnContext => "access is changed by its own calls only".to_owned(),
            Why::Nothing => "no grant allows it".to_owned(),
            Why::Scope => "the token's scopes do not hold it".to_owned(),
        };
        Ok(Response::new(v1::CheckGrantReply { allowed: decision.is_allowed, why: why.into() }))
    }
}

fn shown(scope: &Scope) -> v1::Scope {
    v1::Scope {
        verbs: scope.verbs.iter().map(|verb| verb.as_str().into()).collect(),
        context: scope.context.to_string().into(),
        streams: scope.streams.iter().map(|pattern| pattern.to_string().into()).collect(),
    }
}
