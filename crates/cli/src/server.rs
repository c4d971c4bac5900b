//! `headwater server`: a store for other processes.
//!
//! Why: one process holds a store's files; all others, in whatever language, work with it over one
//! port. Stopping drains: what was accepted is answered.
//!
//! Invariant: other machines are let in only if somebody said so in as many words.

use crate::args::{Output, Server as Arguments};
use crate::output::Printer;
use crate::settings::gather;
use crate::store::store_directory;
use anyhow::Context as _;
use headwater_model::Contexts;
use headwater_registry::EnforcedContexts;
use headwater_server::tls::Certificates;
use headwater_server::{Server, ServerOptions};
use headwater_store::EmbeddedStore;
use sd_notify::NotifyState;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) async fn run(asked: &Arguments, output: Output) -> anyhow::Result<()> {
    crate::dev::log_to_stderr();
    let settings = gather(&asked.said.sources())?.configured;
    let options = settings.server()?;
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let mut told = signal(SignalKind::hangup()).context("SIGHUP cannot be waited for")?;
    let store = EmbeddedStore::open(&store_directory(&settings.data))?;
    let secure = options.tls.is_some();
    let server = Server::bind(settings.listen, enforced(Arc::new(store)), options).await?;
    if let Some(secret) = server.bootstrap().await? {
        offer(secret.reveal(), &url(server.address(), secure));
    }
    announce(&mut Printer::new(output), &settings.data, server.address(), secure)?;
    let certificates = server.certificates();
    tell_manager(NotifyState::Ready);
    let stop = async {
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return tell_manager(NotifyState::Stopping),
                _ = terminated.recv() => return tell_manager(NotifyState::Stopping),
                _ = told.recv() => look_again(certificates.clone()).await,
            }
        }
    };
    server.run(stop).await;
    Ok(())
}

/// A service manager that asked to be told is told; without one, nobody is.
fn tell_manager(state: NotifyState<'_>) {
    if let Err(cause) = sd_notify::notify(&[state]) {
        tracing::warn!(%cause, "the service manager was not told");
    }
}

/// Somebody says that there are new certificates. What came of it stands in the log.
async fn look_again(certificates: Option<Certificates>) {
    if let Some(certificates) = certificates {
        // A look that panics has changed nothing.
        let _ = tokio::task::spawn_blocking(move || certificates.look_again()).await;
    }
}

/// Printed once, where the person is who started it; nothing of it is kept but a digest.
#[expect(clippy::print_stderr, reason = "a secret is for the person at the terminal, not for logs")]
fn offer(secret: &str, server: &str) {
    eprintln!("nobody can administer yet; this token makes the first who can, and is then over:");
    eprintln!(
        "  HEADWATER_TOKEN={secret} headwater user add NAME --role '$admins' --server {server}"
    );
}

/// As its clients write it.
fn url(address: SocketAddr, secure: bool) -> String {
    format!("headwater{}://{address}", if secure { "s" } else { "" })
}

fn announce(
    printer: &mut Printer,
    data: &Path,
    address: SocketAddr,
    secure: bool,
) -> anyhow::Result<()> {
    let (shown, server) = (data.display(), url(address, secure));
    let s = if secure { "s" } else { "" };
    printer.line(
        &format!("headwater listens at {address}; its data is in {shown}"),
        &json!({ "data": data, "server": server }),
    )?;
    printer.say(&format!("\n  headwater stream ls --server {server}"))?;
    printer.say(&format!("  curl http{s}://{address}/readyz"))?;
    Ok(printer.flush()?)
}

/// Contexts whose appends are held to their rules about schemas, by whichever protocol they come.
fn enforced(contexts: Arc<dyn Contexts>) -> Arc<dyn Contexts> {
    Arc::new(EnforcedContexts::new(contexts))
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
        let server = Server::bind(at, enforced(contexts), ServerOptions::default()).await?;
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
