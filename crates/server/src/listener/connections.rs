//! The open connections: taken, served, and ended when the server ends.

use super::connected::{Connected, Idle};
use super::door::{Door, Entered};
use super::prompt::{Connection, Impatient, Prompt};
use crate::limits::{ACCEPT_AGAIN_AFTER, FIRST_REQUEST_WITHIN, Limits};
use crate::metrics::{Gauge, Name};
use crate::{Host, ServerOptions};
use axum::Router;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// The open connections.
pub(super) struct Connections {
    serving: Serving,
    places: Arc<Semaphore>,
    tasks: Tracked,
    /// Ends when the last task has.
    ended: mpsc::Receiver<Infallible>,
    /// Says that what is left must go.
    cut: watch::Sender<bool>,
    /// How many there are.
    open: Gauge,
}

/// What every connection is served with.
#[derive(Clone)]
struct Serving {
    builder: Builder<Tracked>,
    router: Router,
    door: Arc<Door>,
    host: Host,
}

impl Connections {
    pub(super) fn new(router: Router, door: Door, host: &Host) -> Self {
        let (tasks, ended) = Tracked::new();
        let limits = host.limits();
        let builder = builder(tasks.clone(), limits);
        let serving = Serving { builder, router, door: Arc::new(door), host: host.clone() };
        let places = Arc::new(Semaphore::new(limits.connection_count_max));
        let open = host.metrics().gauge(Name::Connections, &[]);
        Self { serving, places, tasks, ended, cut: watch::Sender::new(false), open }
    }

    /// Takes connections for ever; at the limit it waits for one to end.
    pub(super) async fn accept(&self, listener: &TcpListener) {
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
        let (serving, open) = (self.serving.clone(), self.open.enter());
        let mut cut = self.cut.subscribe();
        self.tasks.execute(async move {
            tokio::select! {
                () = serving.connection(socket, peer) => {}
                _ = cut.wait_for(|cut| *cut) => {}
            }
            drop((place, open));
        });
    }

    /// No new requests; waits for what is in hand, then cuts. Behind it no task is left that could
    /// touch a store.
    pub(super) async fn close(self, options: &ServerOptions) {
        let Self { serving, tasks, mut ended, cut, .. } = self;
        drop((serving, tasks));
        if tokio::time::timeout(options.close_within, ended.recv()).await.is_err() {
            tracing::warn!(waited = ?options.close_within, "connections are cut: they did not end");
        }
        cut.send_replace(true);
        while ended.recv().await.is_some() {}
    }
}

impl Serving {
    /// One connection's life.
    async fn connection(self, socket: TcpStream, peer: SocketAddr) {
        let entered = tokio::select! {
            entered = self.door.enter(socket, peer) => entered,
            // Nothing was asked yet.
            () = self.host.closing() => return,
        };
        match entered {
            Some(Entered::Plain(socket)) => self.requests(socket, peer, None).await,
            Some(Entered::Secure(stream, certificate)) => {
                self.requests(stream, peer, certificate).await;
            }
            None => {}
        }
    }

    async fn requests(
        self,
        connection: impl Connection,
        peer: SocketAddr,
        certificate: Option<crate::PeerCertificate>,
    ) {
        let (idle, impatient) = (Arc::new(Idle::default()), Impatient::default());
        let connected = Connected::new(self.router, (peer, certificate), &idle, &impatient);
        let io = TokioIo::new(Prompt::new(connection, impatient));
        let mut connection = pin!(self.builder.serve_connection(io, connected));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = idle.too_long(FIRST_REQUEST_WITHIN, self.host.limits().idle_within) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = self.host.closing() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(cause) = ended {
            tracing::debug!(%peer, %cause, "a connection ended badly");
        }
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

fn builder(tasks: Tracked, limits: &Limits) -> Builder<Tracked> {
    let mut builder = Builder::new(tasks);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers_within)
        .max_buf_size(limits.header_buffer_bytes());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.concurrent_stream_count_max)
        .max_header_list_size(limits.header_list_bytes_max)
        .initial_stream_window_size(limits.stream_window_bytes)
        .initial_connection_window_size(limits.connection_window_bytes)
        .max_send_buf_size(limits.send_buffer_bytes_max)
        .keep_alive_interval(limits.keepalive_every)
        .keep_alive_timeout(limits.keepalive_answer_within);
    builder
}
