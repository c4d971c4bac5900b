//! The listener: connections in, requests to the protocols, and an orderly end.
//!
//! Picture:
//! ```text
//!   accept ─▶ (TLS goes here) ─▶ HTTP/2 by its preface, else HTTP/1.1 ─▶ router
//!   stop   ─▶ Draining: not ready ─▶ Closing: GOAWAY, long answers end ─▶ cut what is left
//! ```
//! Invariants: D3 a connection that speaks nonsense is closed and costs nobody else anything.
//! What was in hand when the server stopped is answered, or its connection is cut: never a false
//! answer.

use crate::limits::{
    ACCEPT_AGAIN_AFTER, CONCURRENT_STREAM_COUNT_MAX, CONNECTION_WINDOW_BYTES,
    HEADER_BUFFER_BYTES_MAX, HEADER_LIST_BYTES_MAX, HEADERS_WITHIN, KEEPALIVE_ANSWER_WITHIN,
    KEEPALIVE_EVERY, SEND_BUFFER_BYTES_MAX, STREAM_WINDOW_BYTES,
};
use crate::metrics::{Gauge, Name};
use crate::{Host, Reach, ServerOptions, Stage, routes};
use axum::Router;
use headwater_model::Contexts;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// Why a server could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Nobody is asked who they are, so only this machine's own processes may come in.
    #[error(
        "{address} can be reached by other machines, and there is no encryption and no authentication \
         yet; listen to 127.0.0.1, or say that you want it so"
    )]
    Exposed {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The address is taken, or not ours.
    #[error("{address} cannot be listened to: {why}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The system's words.
        why: String,
    },
}

impl ServerError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Exposed { .. } => "server.exposed",
            Self::Listen { .. } => "server.listen",
        }
    }
}

/// A server that listens and is not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    host: Host,
    stage: watch::Sender<Stage>,
    options: ServerOptions,
}

impl Server {
    /// Listens at `address`; port 0 takes any that is free.
    ///
    /// # Errors
    /// [`ServerError::Exposed`] if others could reach it and [`Reach`] does not say so;
    /// [`ServerError::Listen`] if the address cannot be had.
    pub async fn bind(
        address: SocketAddr,
        contexts: Arc<dyn Contexts>,
        options: ServerOptions,
    ) -> Result<Self, ServerError> {
        if options.reach == Reach::ThisMachine && !address.ip().is_loopback() {
            return Err(ServerError::Exposed { address });
        }
        let failed =
            |error: std::io::Error| ServerError::Listen { address, why: error.to_string() };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (host, stage) = Host::new(contexts);
        Ok(Self { listener, address, host, stage, options })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, then drains and closes.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let router = routes::all(&self.host, &self.options);
        let open = self.host.metrics().gauge(Name::Connections, &[]);
        let connections = Connections::new(router, self.options.connection_count_max, open);
        let stopped = async {
            stop.await;
            self.stage.send_replace(Stage::Draining);
            tokio::time::sleep(self.options.drain_for).await;
        };
        tokio::select! {
            () = connections.accept(&self.listener) => {}
            () = stopped => {}
        }
        drop(self.listener);
        self.stage.send_replace(Stage::Closing);
        connections.close(&self.options).await;
    }
}

/// The open connections.
struct Connections {
    builder: Builder<Tracked>,
    router: Router,
    graceful: GracefulShutdown,
    places: Arc<Semaphore>,
    tasks: Tracked,
    /// Ends when the last task has.
    ended: mpsc::Receiver<Infallible>,
    /// Says that what is left must go.
    cut: watch::Sender<bool>,
    /// How many there are.
    open: Gauge,
}

impl Connections {
    fn new(router: Router, count_max: usize, open: Gauge) -> Self {
        let (tasks, ended) = Tracked::new();
        let builder = builder(tasks.clone());
        let (graceful, cut) = (GracefulShutdown::new(), watch::Sender::new(false));
        let places = Arc::new(Semaphore::new(count_max));
        Self { builder, router, graceful, places, tasks, ended, cut, open }
    }

    /// Takes connections for ever; at the limit it waits for one to end.
    async fn accept(&self, listener: &TcpListener) {
        loop {
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((socket, peer)) => self.open(socket, peer, place),
                Err(cause) => {
                    // Out of descriptors, mostly: others must end first.
                    tracing::warn!(%cause, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    }

    fn open(&self, socket: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        // Small answers must not wait for the acknowledgement of the last one.
        let _ = socket.set_nodelay(true);
        let connection = self.serve(socket, peer);
        let open = self.open.enter();
        self.tasks.execute(async move {
            connection.await;
            drop((place, open));
        });
    }

    /// One connection's life. TLS comes here: whatever reads and writes bytes can be served.
    fn serve<I>(&self, io: I, peer: SocketAddr) -> impl Future<Output = ()> + Send + use<I>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(self.router.clone());
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(io), service);
        let connection = self.graceful.watch(connection.into_owned());
        let mut cut = self.cut.subscribe();
        async move {
            tokio::select! {
                ended = connection => if let Err(cause) = ended {
                    tracing::debug!(%peer, %cause, "a connection ended badly");
                },
                _ = cut.wait_for(|cut| *cut) => {}
            }
        }
    }

    /// No new requests; waits for what is in hand, then cuts. Behind it no task is left that could
    /// touch a store.
    async fn close(self, options: &ServerOptions) {
        let Self { builder, router, graceful, tasks, mut ended, cut, .. } = self;
        drop((builder, router, tasks));
        let finished = tokio::time::timeout(options.close_within, graceful.shutdown()).await;
        if finished.is_err() {
            tracing::warn!(waited = ?options.close_within, "connections are cut: they did not end");
        }
        cut.send_replace(true);
        while ended.recv().await.is_some() {}
    }
}

/// Starts tasks, and tells when all of them have ended: hyper's own for HTTP/2 among them.
#[derive(Clone)]
struct Tracked(mpsc::Sender<Infallible>);

impl Tracked {
    fn new() -> (Self, mpsc::Receiver<Infallible>) {
        let (alive, ended) = mpsc::channel(1);
        (Self(alive), ended)
    }
}

impl<F> Executor<F> for Tracked
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let alive = self.0.clone();
        tokio::spawn(async move {
            task.await;
            drop(alive);
        });
    }
}

fn builder(tasks: Tracked) -> Builder<Tracked> {
    let mut builder = Builder::new(tasks);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(HEADER_BUFFER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(CONCURRENT_STREAM_COUNT_MAX)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .keep_alive_interval(KEEPALIVE_EVERY)
        .keep_alive_timeout(KEEPALIVE_ANSWER_WITHIN);
    builder
}
