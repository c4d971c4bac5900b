//! Opening the store of a data directory, and a context in it.
//!
//! Why: a typing error must not leave a new, empty context behind: only `append` makes one.
//! Picture: `DIR/store` holds the contexts, `DIR/views` the read models of the demo.

use crate::args::Place;
use crate::exit::NotFound;
use headwater::prelude::*;
use headwater_model::{ContextName, EventStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the store is inside a data directory.
pub(crate) fn store_directory(data: &Path) -> PathBuf {
    data.join("store")
}

/// The context that was asked for; made if it is not there.
pub(crate) async fn context(place: &Place) -> anyhow::Result<Arc<dyn EventStore>> {
    let store = open(&place.data.data).await?;
    Ok(store.contexts().context(ContextName::new(place.context.clone())?).await?)
}

/// The context that was asked for, if it is there.
pub(crate) async fn existing_context(place: &Place) -> anyhow::Result<Arc<dyn EventStore>> {
    let directory = store_directory(&place.data.data);
    if !directory.is_dir() {
        let data = place.data.data.display();
        return Err(NotFound(format!("{data} has no store; `headwater dev` makes one")).into());
    }
    let store = open(&place.data.data).await?;
    let name = ContextName::new(place.context.clone())?;
    let names = store.contexts().names().await?;
    if !names.contains(&name) {
        let names: Vec<&str> = names.iter().map(ContextName::as_str).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(NotFound(format!("there is no context {name}; there are: {there}")).into());
    }
    Ok(store.contexts().context(name).await?)
}

async fn open(data: &Path) -> anyhow::Result<Store> {
    Ok(Store::open(&format!("file:{}", store_directory(data).display())).await?)
}
