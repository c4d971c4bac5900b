//! Headwater's server in this process, as `headwater server` has it.

use crate::child::Running;
use crate::folder;
use headwater_server::{Server, ServerOptions};
use headwater_store::EmbeddedStore;
use std::path::Path;
use std::sync::Arc;

/// Serves the store in `dir` at a free port, which it prints, until it is killed.
pub(crate) fn serve(dir: &Path) -> anyhow::Result<()> {
    let runtime = headwater_server::runtime()?;
    runtime.block_on(async {
        let store = Arc::new(EmbeddedStore::open(dir)?);
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(any, store, ServerOptions::default()).await?;
        println!("{}", server.address());
        server.run(std::future::pending()).await;
        Ok(())
    })
}

/// Such a server in a process of its own, over an empty store; and where it listens.
pub(crate) fn started(dir: &Path) -> anyhow::Result<(Running, String)> {
    folder::empty(dir)?;
    let mut server = Running::start("serve-headwater", dir)?;
    let address = server.line()?;
    Ok((server, address))
}
