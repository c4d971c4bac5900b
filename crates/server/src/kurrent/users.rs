//! Users: the users of this server, under the calls that clients of this protocol have for them.
//!
//! Why: who moves here has scripts that make users; they go on. What is changed is the same that the
//! server's own commands change: a group there is a role here, and `$admins` and `$ops` are the same.
//!
//! Invariants: D3, nobody learns whether a user is there before it is known that they may. A server
//! that asks nobody who they are keeps no users, and says so.

mod refused;

use super::home::House;
use super::refusal::Refusal;
use crate::Caller;
use crate::access::{Authority, Identity};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use headwater_access::password::PasswordHash;
use headwater_access::{Change, User, UserName, Verb};
use headwater_model::Denied;
use headwater_wire::kurrent::event_store::client::users as pb;
use pb::details_resp::UserDetails;
use refused::Refused;
use std::sync::Arc;
use tonic::{Request, Response, Status};

type Answered<T> = Result<Response<T>, Status>;

pub(super) struct Users {
    house: House,
}

/// Who asks.
struct Asked {
    caller: Caller,
    authority: Arc<Authority>,
    actor: String,
}

impl Users {
    pub(super) const fn new(house: House) -> Self {
        Self { house }
    }

    fn asked<T>(&self, request: &Request<T>) -> Result<Asked, Refused> {
        let caller = self.house.home(request).caller().clone();
        let authority = caller.host().authority().map(Arc::clone).ok_or(Refused::NoUsers)?;
        let principal = authority.principal(caller.identity()).map_err(Refusal::Denied)?;
        Ok(Asked { caller, authority, actor: principal.name })
    }

    /// As [`Self::asked`], for those who administer.
    fn administered<T>(&self, request: &Request<T>) -> Result<Asked, Refused> {
        let asked = self.asked(request)?;
        asked.may_administer()?;
        Ok(asked)
    }
}

impl Asked {
    fn may_administer(&self) -> Result<(), Refused> {
        Ok(self.caller.may(Verb::Administer).map_err(Refusal::Denied)?)
    }

    fn is(&self, login: &str) -> bool {
        matches!(self.caller.identity(), Identity::User(name) if name.as_str() == login)
    }

    async fn change(&self, change: Change) -> Result<(), Refused> {
        self.authority.change(&self.actor, change).await?;
        Ok(())
    }

    async fn hash(&self, password: String) -> Result<PasswordHash, Refused> {
        Ok(self.authority.hash(password).await?)
    }

    /// Refuses whoever does not know the password that they have now.
    async fn knows(&self, user: &UserName, current: String) -> Result<(), Refused> {
        if self.authority.is_password(user, current).await? {
            return Ok(());
        }
        let (who, verb) = (self.actor.clone(), "change".to_owned());
        let what = format!("the password of {user} without the one that it is now");
        let denied = Denied::Forbidden { who, verb, what };
        let denied = self.authority.refused(&self.caller.identity().to_string(), denied);
        Err(Refusal::Denied(denied).into())
    }

    fn details(&self, login: &str) -> Result<Vec<UserDetails>, Refused> {
        let directory = self.authority.directory();
        if login.is_empty() {
            return Ok(directory.users().iter().map(|(name, user)| shown(name, user)).collect());
        }
        let name = existing(login.to_owned())?;
        let user = directory.users().get(&name);
        let user = user.ok_or_else(|| Refused::NotFound { login: login.to_owned() })?;
        Ok(vec![shown(&name, user)])
    }
}

/// A name that a user may have who is there: nobody has one that cannot be.
fn existing(login: String) -> Result<UserName, Refused> {
    UserName::new(login.as_str()).map_err(|_| Refused::NotFound { login })
}

fn shown(name: &UserName, user: &User) -> UserDetails {
    UserDetails {
        login_name: name.to_string(),
        full_name: user.full_name.clone(),
        groups: user.roles.clone(),
        // Each change is an event, with its time: they are read there.
        last_updated: None,
        disabled: user.is_disabled,
    }
}

#[tonic::async_trait]
impl pb::users_server::Users for Users {
    type DetailsStream = BoxStream<'static, Result<pb::DetailsResp, Status>>;

    async fn create(&self, request: Request<pb::CreateReq>) -> Answered<pb::CreateResp> {
        let asked = self.administered(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        let pb::create_req::Options { login_name, password, full_name, groups: roles } = options;
        let user = UserName::new(login_name).map_err(|error| Refusal::invalid(error.to_string()));
        let user = user.map_err(Refused::Plain)?;
        let password = Some(asked.hash(password).await?);
        asked.change(Change::CreateUser { user, full_name, roles, password }).await?;
        Ok(Response::new(pb::CreateResp {}))
    }

    /// A password that is empty is left as it is.
    async fn update(&self, request: Request<pb::UpdateReq>) -> Answered<pb::UpdateResp> {
        let asked = self.administered(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        let user = existing(options.login_name)?;
        // First: a password that is unfit changes nothing.
        let password = match options.password {
            empty if empty.is_empty() => None,
            password => Some(asked.hash(password).await?),
        };
        let (full_name, roles) = (Some(options.full_name), Some(options.groups));
        asked.change(Change::ChangeUser { user: user.clone(), full_name, roles }).await?;
        if let Some(password) = password {
            asked.change(Change::SetPassword { user, password }).await?;
        }
        Ok(Response::new(pb::UpdateResp {}))
    }

    async fn delete(&self, request: Request<pb::DeleteReq>) -> Answered<pb::DeleteResp> {
        let asked = self.administered(&request)?;
        let user = existing(request.into_inner().options.unwrap_or_default().login_name)?;
        asked.change(Change::RemoveUser(user)).await?;
        Ok(Response::new(pb::DeleteResp {}))
    }

    async fn disable(&self, request: Request<pb::DisableReq>) -> Answered<pb::DisableResp> {
        let asked = self.administered(&request)?;
        let user = existing(request.into_inner().options.unwrap_or_default().login_name)?;
        asked.change(Change::DisableUser(user)).await?;
        Ok(Response::new(pb::DisableResp {}))
    }

    async fn enable(&self, request: Request<pb::EnableReq>) -> Answered<pb::EnableResp> {
        let asked = self.administered(&request)?;
        let user = existing(request.into_inner().options.unwrap_or_default().login_name)?;
        asked.change(Change::EnableUser(user)).await?;
        Ok(Response::new(pb::EnableResp {}))
    }

    async fn details(&self, request: Request<pb::DetailsReq>) -> Answered<Self::DetailsStream> {
        let asked = self.asked(&request)?;
        let login = request.into_inner().options.unwrap_or_default().login_name;
        if !asked.is(&login) {
            asked.may_administer()?;
        }
        let all = asked.details(&login)?.into_iter();
        let all = all.map(|user| Ok(pb::DetailsResp { user_details: Some(user) }));
        Ok(Response::new(stream::iter(all.collect::<Vec<_>>()).boxed()))
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordReq>,
    ) -> Answered<pb::ChangePasswordResp> {
        let asked = self.asked(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        if !asked.is(&options.login_name) {
            asked.may_administer()?;
        }
        let user = existing(options.login_name)?;
        asked.knows(&user, options.current_password).await?;
        let password = asked.hash(options.new_password).await?;
        asked.change(Change::SetPassword { user, password }).await?;
        Ok(Response::new(pb::ChangePasswordResp {}))
    }

    async fn reset_password(
        &self,
        request: Request<pb::ResetPasswordReq>,
    ) -> Answered<pb::ResetPasswordResp> {
        let asked = self.administered(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        let user = existing(options.login_name)?;
        let password = asked.hash(options.new_password).await?;
        asked.change(Change::SetPassword { user, password }).await?;
        Ok(Response::new(pb::ResetPasswordResp {}))
    }
}
