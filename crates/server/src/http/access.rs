//! Users, tokens and grants over HTTP, and what whoever asks may do themselves.
//!
//! Why: a script with `curl` looks after access as the command line does, by the same rules.
//!
//! Invariants: D3 every body is bounded while it is read. A body that holds a password is never said
//! back, in whole or in part. A token's secret is in one answer, which nobody is to keep.

mod asked;
mod routes;
mod shown;

pub(super) use routes::all;

use super::append::must_be_json;
use super::ask::Ask;
use super::json::{read_object, read_secret};
use super::param::{ABOUT_WHO, IN_CONTEXT, Param, TO_STREAMS, VERB};
use super::problem::Problem;
use super::refused::Refused;
use super::stream::fresh;
use crate::access::{Administrator, ChangedUser, Known, NewPassword, NewToken, NewUser, Question};
use asked::{AskedChange, AskedGrant, AskedPassword, AskedToken, AskedUser};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use headwater_access::{GrantId, Scope, UserName};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use shown::{
    ShownDecision, ShownGrant, ShownGrants, ShownMade, ShownMe, ShownToken, ShownTokens, ShownUser,
    ShownUsers,
};
use std::str::FromStr;

/// Whoever asks, if they may administer.
fn administrator(ask: &Ask) -> Result<Administrator, Problem> {
    Ok(Known::of(&ask.caller)?.administrator()?)
}

/// The user in the path.
fn user(ask: &Ask) -> Result<UserName, Problem> {
    ask.parsed_by("user", |text| UserName::new(text).map_err(|error| error.to_string()))
}

fn done() -> Response {
    (StatusCode::NO_CONTENT, Body::empty()).into_response()
}

/// An answer about something new, and where it is from now on.
fn made(mut response: Response, at: &str) -> Response {
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(at) = HeaderValue::try_from(at) {
        response.headers_mut().insert(LOCATION, at);
    }
    response
}

/// Who asks, and what they may.
async fn me(ask: Ask) -> Result<Response, Problem> {
    let asks = ask.face.host().authority().is_some();
    let known = if asks { Some(Known::of(&ask.caller)?) } else { None };
    let contexts = ask.caller.contexts().names().await?;
    Ok(fresh(&ShownMe::of(&ask.caller, known.as_ref(), contexts)))
}

/// What would be decided.
async fn check(ask: Ask) -> Result<Response, Problem> {
    fn parsed<T: FromStr<Err: ToString>>(ask: &Ask, of: &Param) -> Result<Option<T>, Problem> {
        let refused = |why: T::Err| Refused::query(of.name, why);
        Ok(ask.query(of).map(str::parse).transpose().map_err(refused)?)
    }
    let known = Known::of(&ask.caller)?;
    let none = || Refused::query(VERB.name, "say what: read, append, …");
    let context = ask.names(&IN_CONTEXT, headwater_model::ContextName::new)?.pop();
    let question = Question {
        who: parsed(&ask, &ABOUT_WHO)?,
        verb: parsed(&ask, &VERB)?.ok_or_else(none)?,
        context,
        streams: parsed(&ask, &TO_STREAMS)?,
    };
    Ok(fresh(&ShownDecision::from(known.decide(question)?)))
}

/// All users.
async fn users(ask: Ask) -> Result<Response, Problem> {
    let directory = administrator(&ask)?.directory();
    let users = directory.users().iter().map(|(name, user)| ShownUser::of(name, user)).collect();
    Ok(fresh(&ShownUsers { users }))
}

/// One user.
async fn show_user(ask: Ask) -> Result<Response, Problem> {
    let (known, name) = (Known::of(&ask.caller)?, user(&ask)?);
    Ok(fresh(&ShownUser::of(&name, &known.user(&name)?)))
}

/// Makes a user.
async fn create_user(ask: Ask) -> Result<Response, Problem> {
    let known = Known::of(&ask.caller)?;
    // Who may not is told so before it is looked at what they sent.
    known.may_create_users()?;
    must_be_json(&ask.headers)?;
    let body = ask.body().await?;
    let asked = NewUser::try_from(read_secret::<AskedUser>(&body.bytes)?)?;
    let (shown, name) = (ShownUser::new(&asked), asked.user.clone());
    let response = fresh(&shown);
    known.create_user(asked).await?;
    let encoded: String = form_urlencoded::byte_serialize(name.as_str().as_bytes()).collect();
    Ok(made(response, &format!("/v1/access/users/{}", encoded.replace('+', "%20"))))
}

/// Changes a user's words or roles, keeps them out, lets them in.
async fn change_user(ask: Ask) -> Result<Response, Problem> {
    let (administrator, user) = (administrator(&ask)?, user(&ask)?);
    must_be_json(&ask.headers)?;
    let body = ask.body().await?;
    let AskedChange { full_name, roles, disabled } = read_object(&body.bytes)?;
    let changed = ChangedUser { user: user.clone(), full_name, roles, is_disabled: disabled };
    administrator.change_user(changed).await?;
    Ok(fresh(&ShownUser::of(&user, &administrator.user(&user)?)))
}

/// Sets a password.
async fn set_password(ask: Ask) -> Result<Response, Problem> {
    let (known, user) = (Known::of(&ask.caller)?, user(&ask)?);
    known.may_set_password(&user)?;
    must_be_json(&ask.headers)?;
    let body = ask.body().await?;
    let AskedPassword { password, current } = read_secret(&body.bytes)?;
    known.set_password(NewPassword { user, password, current }).await?;
    Ok(done())
}

/// Takes a user away.
async fn remove_user(ask: Ask) -> Result<Response, Problem> {
    administrator(&ask)?.remove_user(user(&ask)?).await?;
    Ok(done())
}

/// All tokens, without their secrets, which nobody keeps.
async fn tokens(ask: Ask) -> Result<Response, Problem> {
    let directory = administrator(&ask)?.directory();
    let tokens = directory.tokens().iter().map(|(number, token)| ShownToken::of(*number, token));
    Ok(fresh(&ShownTokens { tokens: tokens.collect() }))
}

/// Makes a token.
async fn create_token(ask: Ask) -> Result<Response, Problem> {
    let administrator = administrator(&ask)?;
    must_be_json(&ask.headers)?;
    let body = ask.body().await?;
    let AskedToken { user, words, scopes, seconds } = read_object(&body.bytes)?;
    let scopes = scopes.into_iter().map(Scope::from).collect();
    let token = administrator.create_token(NewToken { user, words, scopes, seconds }).await?;
    let at = format!("/v1/access/tokens/t-{}", token.number);
    Ok(made(fresh(&ShownMade::of(&token)), &at))
}

/// Revokes a token.
async fn revoke_token(ask: Ask) -> Result<Response, Problem> {
    let administrator = administrator(&ask)?;
    let number = ask.parsed_by("token", crate::access::token_number)?;
    administrator.revoke_token(number).await?;
    Ok(done())
}

/// All grants.
async fn grants(ask: Ask) -> Result<Response, Problem> {
    let directory = administrator(&ask)?.directory();
    let grants = directory.grants().values().map(ShownGrant::of).collect();
    Ok(fresh(&ShownGrants { grants }))
}

/// Allows or denies.
async fn make_grant(ask: Ask) -> Result<Response, Problem> {
    let administrator = administrator(&ask)?;
    must_be_json(&ask.headers)?;
    let body = ask.body().await?;
    let asked: AskedGrant = read_object(&body.bytes)?;
    let grant = headwater_access::Grant {
        id: GrantId(0),
        effect: asked.effect.into(),
        who: asked.who,
        scope: Scope::from(asked.scope),
    };
    let id = administrator.make_grant(grant.effect, grant.who.clone(), grant.scope.clone()).await?;
    let grant = headwater_access::Grant { id, ..grant };
    Ok(made(fresh(&ShownGrant::of(&grant)), &format!("/v1/access/grants/{id}")))
}

/// Takes a grant back.
async fn withdraw_grant(ask: Ask) -> Result<Response, Problem> {
    let administrator = administrator(&ask)?;
    administrator.withdraw_grant(ask.parsed::<GrantId>("grant")?).await?;
    Ok(done())
}
