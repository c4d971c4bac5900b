//! The words of a request about access, checked one by one.

use crate::access::administration::token_number;
use bytes::Bytes;
use headwater_access::{ContextPattern, GrantId, Scope, StreamPattern, UserName, Verb, Who};
use headwater_model::ContextName;
use headwater_wire::v1;
use std::str::FromStr;
use tonic::Status;
use tonic::metadata::MetadataValue;

/// What cannot be, with the code that the same has when it is found later.
pub(super) fn unfit(why: String) -> Status {
    let mut status = Status::invalid_argument(why);
    let code = MetadataValue::from_static("access.invalid");
    status.metadata_mut().insert("headwater-code", code);
    status
}

/// A text.
pub(super) fn text(what: &str, bytes: Bytes) -> Result<String, Status> {
    let no_text = |_| unfit(format!("{what} is no UTF-8"));
    String::from_utf8(bytes.into()).map_err(no_text)
}

/// Some texts.
pub(super) fn words(what: &str, all: Vec<Bytes>) -> Result<Vec<String>, Status> {
    all.into_iter().map(|bytes| text(what, bytes)).collect()
}

fn parsed<T: FromStr<Err: ToString>>(what: &str, bytes: Bytes) -> Result<T, Status> {
    text(what, bytes)?.parse().map_err(|error: T::Err| unfit(error.to_string()))
}

pub(super) fn user(bytes: Bytes) -> Result<UserName, Status> {
    let name = UserName::new(text("the user", bytes)?);
    name.map_err(|error| unfit(error.to_string()))
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
    name.map_err(|error| unfit(error.to_string()))
}

pub(super) fn token(bytes: Bytes) -> Result<u64, Status> {
    token_number(&text("the token", bytes)?).map_err(unfit)
}

pub(super) fn scope(scope: v1::Scope) -> Result<Scope, Status> {
    let verbs: Vec<Verb> = scope.verbs.into_iter().map(verb).collect::<Result<_, _>>()?;
    let context: ContextPattern = parsed("the context", scope.context)?;
    let streams = scope.streams.into_iter().map(pattern).collect::<Result<_, _>>()?;
    Ok(Scope { verbs: verbs.into(), context, streams })
}
