//! The service `headwater.v1.Access`: users, tokens and grants, over gRPC.

mod read;

use super::administration::{
    Administrator, ChangedUser, Known, NewPassword, NewToken, NewUser, NotAdministered, Question,
    reason,
};
use crate::Host;
use headwater_access::{AccessError, Effect, Grant, Scope};
use headwater_model::{ReadError, Timestamp};
use headwater_wire::{status, v1};
use read::{text, user, words};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Response, Status};

type Answered<T> = Result<Response<T>, Status>;

/// Answers the service.
pub(crate) struct AccessService {
    host: Host,
}

impl AccessService {
    pub(crate) const fn new(host: Host) -> Self {
        Self { host }
    }

    fn known<T>(&self, request: &Request<T>) -> Result<Known, Status> {
        Known::of(&self.host.caller(request.extensions())).map_err(refused)
    }

    /// As [`Self::known`], for those who administer.
    fn administrator<T>(&self, request: &Request<T>) -> Result<Administrator, Status> {
        self.known(request)?.administrator().map_err(refused)
    }
}

pub(super) fn refused(error: NotAdministered) -> Status {
    let (text, code) = (error.to_string(), error.code());
    let coded = |grpc| {
        let mut status = Status::new(grpc, text);
        status.metadata_mut().insert("headwater-code", MetadataValue::from_static(code));
        status
    };
    match error {
        NotAdministered::Denied(denied) => status::of(&ReadError::Denied(denied)),
        NotAdministered::Open | NotAdministered::AdminFirst => coded(Code::FailedPrecondition),
        NotAdministered::Overtaken => coded(Code::Aborted),
        NotAdministered::Append(_) => coded(Code::Unavailable),
        NotAdministered::Access(error) => coded(match error {
            AccessError::UserExists(_) => Code::AlreadyExists,
            AccessError::NoUser(_) | AccessError::NoToken(_) | AccessError::NoGrant(_) => {
                Code::NotFound
            }
            AccessError::LastAdmin(_) | AccessError::NobodyLeft(_) => Code::FailedPrecondition,
            AccessError::Busy => Code::Unavailable,
            AccessError::Invalid { .. } => Code::InvalidArgument,
        }),
    }
}

fn done() -> Answered<v1::AccessDone> {
    Ok(Response::new(v1::AccessDone {}))
}

#[tonic::async_trait]
impl v1::access_server::Access for AccessService {
    async fn who_am_i(&self, request: Request<v1::WhoAmIRequest>) -> Answered<v1::WhoAmIReply> {
        if self.host.authority().is_none() {
            let name = self.host.caller(request.extensions()).identity().to_string().into();
            let anybody = v1::WhoAmIReply { name, whos: Vec::new(), authenticated: false };
            return Ok(Response::new(anybody));
        }
        let known = self.known(&request)?;
        let whos = known.principal().whos.iter().map(|who| who.to_string().into()).collect();
        let name = known.principal().name.clone().into();
        Ok(Response::new(v1::WhoAmIReply { name, whos, authenticated: true }))
    }

    async fn create_user(
        &self,
        request: Request<v1::CreateUserRequest>,
    ) -> Answered<v1::AccessDone> {
        let known = self.known(&request)?;
        known.may_create_users().map_err(refused)?;
        let request = request.into_inner();
        let asked = NewUser {
            user: user(request.user)?,
            full_name: text("the full name", request.full_name)?,
            roles: words("a role", request.roles)?,
            password: request.password.map(|word| text("the password", word)).transpose()?,
        };
        known.create_user(asked).await.map_err(refused)?;
        done()
    }

    async fn change_user(
        &self,
        request: Request<v1::ChangeUserRequest>,
    ) -> Answered<v1::AccessDone> {
        let administrator = self.administrator(&request)?;
        let request = request.into_inner();
        let asked = ChangedUser {
            user: user(request.user)?,
            full_name: request.full_name.map(|name| text("the full name", name)).transpose()?,
            roles: request.roles.map(|roles| words("a role", roles.roles)).transpose()?,
            is_disabled: request.disabled,
        };
        administrator.change_user(asked).await.map_err(refused)?;
        done()
    }

    async fn set_password(
        &self,
        request: Request<v1::SetPasswordRequest>,
    ) -> Answered<v1::AccessDone> {
        let known = self.known(&request)?;
        let request = request.into_inner();
        let asked = NewPassword {
            user: user(request.user)?,
            password: text("the password", request.password)?,
            current: request.current.map(|word| text("the password", word)).transpose()?,
        };
        known.set_password(asked).await.map_err(refused)?;
        done()
    }

    async fn remove_user(
        &self,
        request: Request<v1::RemoveUserRequest>,
    ) -> Answered<v1::AccessDone> {
        let administrator = self.administrator(&request)?;
        administrator.remove_user(user(request.into_inner().user)?).await.map_err(refused)?;
        done()
    }

    async fn list_users(
        &self,
        request: Request<v1::ListUsersRequest>,
    ) -> Answered<v1::ListUsersReply> {
        let directory = self.administrator(&request)?.directory();
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
        let administrator = self.administrator(&request)?;
        let request = request.into_inner();
        let asked = NewToken {
            user: user(request.user)?,
            words: text("the words", request.words)?,
            scopes: request.scopes.into_iter().map(read::scope).collect::<Result<_, _>>()?,
            seconds: request.seconds,
        };
        let made = administrator.create_token(asked).await.map_err(refused)?;
        let token = format!("t-{}", made.number).into();
        let secret = made.secret.reveal().to_owned().into();
        Ok(Response::new(v1::CreateTokenReply { token, secret }))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Answered<v1::AccessDone> {
        let administrator = self.administrator(&request)?;
        let token = read::token(request.into_inner().token)?;
        administrator.revoke_token(token).await.map_err(refused)?;
        done()
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Answered<v1::ListTokensReply> {
        let directory = self.administrator(&request)?.directory();
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
        let administrator = self.administrator(&request)?;
        let request = request.into_inner();
        let effect = if request.deny { Effect::Deny } else { Effect::Allow };
        let scope = request.scope.ok_or_else(|| read::unfit("there is no scope".to_owned()))?;
        let (who, scope) = (read::who(request.who)?, read::scope(scope)?);
        let id = administrator.make_grant(effect, who, scope).await.map_err(refused)?;
        Ok(Response::new(v1::MakeGrantReply { grant: id.to_string().into() }))
    }

    async fn withdraw_grant(
        &self,
        request: Request<v1::WithdrawGrantRequest>,
    ) -> Answered<v1::AccessDone> {
        let administrator = self.administrator(&request)?;
        let grant = read::grant(request.into_inner().grant)?;
        administrator.withdraw_grant(grant).await.map_err(refused)?;
        done()
    }

    async fn list_grants(
        &self,
        request: Request<v1::ListGrantsRequest>,
    ) -> Answered<v1::ListGrantsReply> {
        let directory = self.administrator(&request)?.directory();
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
        let known = self.known(&request)?;
        let request = request.into_inner();
        let question = Question {
            who: request.who.map(read::who).transpose()?,
            verb: read::verb(request.verb)?,
            context: request.context.map(read::context).transpose()?,
            streams: request.streams.map(read::pattern).transpose()?,
        };
        let decision = known.decide(question).map_err(refused)?;
        let (allowed, why) = (decision.is_allowed, reason(&decision).into());
        Ok(Response::new(v1::CheckGrantReply { allowed, why }))
    }
}

fn shown(scope: &Scope) -> v1::Scope {
    v1::Scope {
        verbs: scope.verbs.iter().map(|verb| verb.as_str().into()).collect(),
        context: scope.context.to_string().into(),
        streams: scope.streams.iter().map(|pattern| pattern.to_string().into()).collect(),
    }
}
