//! Opening the store of a data directory, and a context in it.
//!
//! Why: a typing error must not leave a new, empty context behind: only `append` makes one.
//! Picture: `DIR/store` holds the contexts, `DIR/views` the read models of the demo.

use crate::args::Place;
use crate::exit::{NoSuchContext, NotFound};
use headwater::prelude::*;
use headwater_client::{Address, Client, ClientOptions};
use headwater_model::{ContextName, Contexts, EventStore};
use headwater_registry::EnforcedContexts;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the store is inside a data directory.
pub(crate) fn store_directory(data: &Path) -> PathBuf {
    data.join("store")
}

/// The context that was asked for; made if it is not there.
pub(crate) async fn context(place: &Place) -> anyhow::Result<Arc<dyn EventStore>> {
    let contexts = contexts(place).await?;
    Ok(contexts.context(name(place)?).await?)
}

/// The context that was asked for, if it is there.
pub(crate) async fn existing_context(place: &Place) -> anyhow::Result<Arc<dyn EventStore>> {
    let directory = store_directory(&place.data.data);
    if place.server.is_none() && !directory.is_dir() {
        let data = place.data.data.display();
        return Err(NotFound(format!("{data} has no store; `headwater dev` makes one")).into());
    }
    let contexts = contexts(place).await?;
    let name = name(place)?;
    let names = contexts.names().await?;
    if !names.contains(&name) {
        return Err(NoSuchContext::of(name, names).into());
    }
    Ok(contexts.context(name).await?)
}

/// The context's name: the server's URL may have it.
fn name(place: &Place) -> anyhow::Result<ContextName> {
    match place.server.as_ref().and_then(|server| server.context.clone()) {
        Some(name) => Ok(name),
        None => Ok(ContextName::new(place.context.clone())?),
    }
}

/// Of the server, if one was named, or of the directory.
async fn contexts(place: &Place) -> anyhow::Result<Arc<dyn Contexts>> {
    contexts_of(&place.data.data, place.server.as_ref()).await
}

/// All contexts there are, of a server or of a directory that must be there.
pub(crate) async fn all_contexts(
    data: &Path,
    server: Option<&Address>,
) -> anyhow::Result<Arc<dyn Contexts>> {
    if server.is_none() && !store_directory(data).is_dir() {
        return Err(NotFound(format!("{} has no store", data.display())).into());
    }
    contexts_of(data, server).await
}

async fn contexts_of(data: &Path, server: Option<&Address>) -> anyhow::Result<Arc<dyn Contexts>> {
    match server {
        Some(server) => {
            let options =
                ClientOptions { answer_within: ANSWER_WITHIN, ..ClientOptions::default() };
            Ok(Arc::new(Client::connect(server.clone(), options).await?))
        }
        None => {
            let contexts = Arc::clone(open(data).await?.contexts());
            Ok(Arc::new(EnforcedContexts::new(contexts)))
        }
    }
}

/// Somebody sits and waits: a server that is not there is said so soon.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

async fn open(data: &Path) -> anyhow::Result<Store> {
    Ok(Store::open(&format!("file:{}", store_directory(data).display())).await?)
}
