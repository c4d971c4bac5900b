//! A server over a fresh directory, for tests in other languages: it prints its address, and ends
//! when its input does.

use anyhow::Context;
use headwater_server::{Server, ServerOptions};
use headwater_store::EmbeddedStore;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let contexts = Arc::new(EmbeddedStore::open(dir.path())?);
    let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::bind(anywhere, contexts, ServerOptions::default()).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", server.address())?;
    stdout.flush().context("nobody reads the address")?;
    let (stop, stopped) = oneshot::channel();
    std::thread::spawn(move || {
        // Whoever started this holds the other end of its input.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = stop.send(());
    });
    server
        .run(async {
            let _ = stopped.await;
        })
        .await;
    Ok(())
}
