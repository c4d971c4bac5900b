//! The words of a request about access, checked one by one.

use bytes::Bytes;
use headwater_access::{
    ContextPattern, Directory, GrantId, Principal, Scope, StreamPattern, UserName, Verb, Who,
};
use headwater_model::ContextName;
use headwater_wire::v1;
use std::str::FromStr;
use tonic::Status;

/// A text.
pub(super) fn text(what: &str, bytes: Bytes) -> Result<String, Status> {
    let no_text = |_| Status::invalid_argument(format!("{what} is no UTF-8"));
    String::from_utf8(bytes.into()).map_err(no_text)
}

/// Some texts.
pub(super) fn words(what: &str, all: Vec<Bytes>) -> Result<Vec<String>, Status> {
    all.into_iter().map(|bytes| text(what, bytes)).collect()
}

fn parsed<T: FromStr<Err: ToString>>(what: &str, bytes: Bytes) -> Result<T, Status> {
    text(what, bytes)?.parse().map_err(|error: T::Err| Status::invalid_argument(error.to_string()))
}

pub(super) fn user(bytes: Bytes) -> Result<UserName, Status> {
    let name = UserName::new(text("the user", bytes)?);
    name.map_err(|error| Status::invalid_argument(error.to_string()))
}

pub(super) fn who(bytes: Bytes) -> Result<Who, Status> {
    parsed("whom the grant is about", bytes)
}

pub(super) fn verb(bytes: Bytes) -> Result<Verb, Status> {
    parsed("a verb", bytes)
}

pub(super) fn pattern(bytes: Bytes) -> Result<StreamPattern, Status> {
    parsed("a pattern", bytes)
}

pub(super) fn grant(bytes: Bytes) -> Result<GrantId, Status> {
    parsed("the grant", bytes)
}

pub(super) fn context(bytes: Bytes) -> Result<ContextName, Status> {
    let name = ContextName::new(text("the context", bytes)?);
    name.map_err(|error| Status::invalid_argument(error.to_string()))
}

pub(super) fn token(bytes: Bytes) -> Result<u64, Status> {
    let text = text("the token", bytes)?;
    let number = text.strip_prefix("t-").and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| Status::invalid_argument("a token's name is `t-` and a number"))
}

pub(super) fn scope(scope: v1::Scope) -> Result<Scope, Status> {
    let verbs: Vec<Verb> = scope.verbs.into_iter().map(verb).collect::<Result<_, _>>()?;
    let context: ContextPattern = parsed("the context", scope.context)?;
    let streams = scope.streams.into_iter().map(pattern).collect::<Result<_, _>>()?;
    Ok(Scope { verbs: verbs.into(), context, streams })
}

/// Somebody as grants would see them, whether or not they are let in.
pub(super) fn principal(directory: &Directory, who: Who) -> Principal {
    let roles = match &who {
        Who::User(name) => directory.users().get(name).map(|user| user.roles.clone()),
        _ => None,
    };
    let name = who.to_string();
    let mut whos = vec![who, Who::Everybody];
    whos.extend(roles.unwrap_or_default().into_iter().map(Who::Role));
    Principal { name, whos, scopes: None }
}
