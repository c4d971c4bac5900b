//! Contexts, their heads, and the checkpoints of their readers.

use super::ask::Ask;
use super::form;
use super::problem::Problem;
use super::stream::fresh;
use axum::response::Response;
use headwater_model::{CheckpointName, ContextName, EventStore, Incarnation, Position};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

/// All contexts.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Contexts")]
pub(super) struct ShownContexts {
    /// Their names, in order.
    #[schemars(with = "Vec<String>")]
    contexts: Vec<ContextName>,
}

/// A context, and where its order ends.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Context")]
pub(super) struct ShownContext {
    /// Its name.
    #[schemars(with = "String")]
    context: ContextName,
    /// The last position; `null`: it is empty.
    #[schemars(schema_with = "form::place_or_null")]
    head: Option<Position>,
    /// The history that the positions belong to: a restore begins another.
    #[schemars(with = "u32")]
    incarnation: Incarnation,
}

/// Where a reader has come to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReaderCheckpoint")]
pub(super) struct ShownCheckpoint {
    /// Whose.
    #[schemars(with = "String")]
    name: CheckpointName,
    /// The last position fully handled; `null`: it never saved.
    #[schemars(schema_with = "form::place_or_null")]
    position: Option<Position>,
    /// The history that the position belongs to.
    #[schemars(with = "Option<u32>")]
    incarnation: Option<Incarnation>,
}

/// The names of all contexts.
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let contexts = ask.caller.contexts().names().await?;
    Ok(fresh(&ShownContexts { contexts }))
}

/// One context.
pub(super) async fn show(ask: Ask) -> Result<Response, Problem> {
    shown(&*ask.context().await?).await
}

/// Makes a context, if it is not there.
pub(super) async fn make(ask: Ask) -> Result<Response, Problem> {
    let name = ask.context_name()?;
    let known = ask.face.exists(&name).await?;
    // Who may not is told so before whether it is there.
    let context = ask.caller.contexts().context(name).await?;
    let is_new = !known;
    let mut response = shown(&*context).await?;
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// Where a reader has come to.
pub(super) async fn checkpoint(ask: Ask) -> Result<Response, Problem> {
    let name = ask.named("checkpoint", CheckpointName::new)?;
    let saved = ask.context().await?.checkpoint(name.clone()).await?;
    Ok(fresh(&ShownCheckpoint {
        name,
        position: saved.map(|checkpoint| checkpoint.position),
        incarnation: saved.map(|checkpoint| checkpoint.incarnation),
    }))
}

async fn shown(context: &dyn EventStore) -> Result<Response, Problem> {
    let (incarnation, head) = context.head().await?;
    Ok(fresh(&ShownContext { context: context.context().clone(), head, incarnation }))
}
