//! `headwater server`: a store for other processes.
//!
//! Why: one process holds a store's files; all others, in whatever language, work with it over one
//! port. Stopping drains: what was accepted is answered.
//!
//! Invariant: other machines are let in only if somebody said so in as many words.

use crate::args::{Output, Server as Arguments};
use crate::output::Printer;
use crate::store::store_directory;
use anyhow::Context as _;
use headwater_model::{ContextName, Contexts};
use headwater_server::{KurrentOptions, Reach, Server, ServerOptions};
use headwater_store::EmbeddedStore;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) async fn run(asked: &Arguments, output: Output) -> anyhow::Result<()> {
    let data = &asked.data.data;
    crate::dev::log_to_stderr();
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let store = EmbeddedStore::open(&store_directory(data))?;
    let server = Server::bind(asked.listen, Arc::new(store), options(asked)?).await?;
    announce(&mut Printer::new(output), data, server.address())?;
    let stop = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    };
    server.run(stop).await;
    Ok(())
}

fn options(asked: &Arguments) -> anyhow::Result<ServerOptions> {
    let reach =
        if asked.insecure_listen_anywhere { Reach::AnyoneUnencrypted } else { Reach::ThisMachine };
    let context = ContextName::new(asked.kurrent_context.clone())?;
    let kurrent = KurrentOptions { context, ..KurrentOptions::default() };
    let drain_for = Duration::from_secs(asked.drain_seconds);
    Ok(ServerOptions { reach, kurrent, drain_for, ..ServerOptions::default() })
}

fn announce(printer: &mut Printer, data: &Path, address: SocketAddr) -> anyhow::Result<()> {
    let shown = data.display();
    printer.line(
        &format!("headwater listens at {address}; its data is in {shown}"),
        &json!({ "data": data, "server": format!("headwater://{address}") }),
    )?;
    printer.say(&format!("\n  headwater stream ls --server headwater://{address}"))?;
    printer.say(&format!("  curl http://{address}/readyz"))?;
    Ok(printer.flush()?)
}

/// A server beside something else, which stops it.
pub(crate) struct Beside {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Beside {
    /// Serves these contexts to this machine.
    pub(crate) async fn start(at: SocketAddr, contexts: Arc<dyn Contexts>) -> anyhow::Result<Self> {
        let server = Server::bind(at, contexts, ServerOptions::default()).await?;
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async {
            // Told or forgotten, it stops.
            let _ = stopped.await;
        }));
        Ok(Self { address, stop, running })
    }

    /// Answers what is in hand, and lets go of the contexts.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.running.await.context("the server did not stop as it should")
    }
}
