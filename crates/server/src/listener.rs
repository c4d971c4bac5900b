//! The listener: connections in, requests to the protocols, and an orderly end.
//!
//! Picture:
//! ```text
//!   accept ─▶ door: the first byte, TLS ─▶ HTTP/2 by its preface, else HTTP/1.1 ─▶ router
//!   stop   ─▶ Draining: not ready ─▶ Closing: GOAWAY, long answers end ─▶ cut what is left
//! ```
//! Invariants: D3 a connection that speaks nonsense is closed and costs nobody else anything.
//! What was in hand when the server stopped is answered, or its connection is cut: never a false
//! answer.

mod connected;
mod connections;
mod door;
mod misled;
mod prompt;

use crate::access::{AccessOptions, ChangeError};
use crate::tls::{Certificates, TlsError};
use crate::{Host, Reach, ServerOptions, Stage, otlp, routes};
pub(crate) use connected::PeerAddress;
use connections::Connections;
use door::Door;
use headwater_access::token::Secret;
use headwater_model::{Contexts, ReadError};
use headwater_telemetry::{InvalidOption, Telemetry};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Why a server could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Other machines could come in, and something is missing that would keep strangers out.
    #[error(
        "{address} can be reached by other machines, and {missing}; listen to 127.0.0.1, or see to it \
         that callers come by TLS and say who they are"
    )]
    Exposed {
        /// What was asked for.
        address: SocketAddr,
        /// What is missing.
        missing: &'static str,
    },
    /// The address is taken, or not ours.
    #[error("{address} cannot be listened to: {why}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The system's words.
        why: String,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Users, tokens and grants cannot be read.
    #[error("who may do what cannot be read: {0}")]
    Access(ReadError),
    /// What is said about a collector of OpenTelemetry cannot be meant so.
    #[error("telemetry cannot be sent: {0}")]
    Telemetry(#[from] InvalidOption),
}

impl ServerError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exposed { .. } => "server.exposed",
            Self::Listen { .. } => "server.listen",
            Self::Tls(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::Telemetry(error) => error.code(),
        }
    }
}

/// A server that listens and is not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    host: Host,
    stage: watch::Sender<Stage>,
    certificates: Option<Certificates>,
    telemetry: Option<Telemetry>,
    options: ServerOptions,
}

impl Server {
    /// Listens at `address`; port 0 takes any that is free.
    ///
    /// # Errors
    /// [`ServerError::Exposed`] if others could reach it and [`Reach`] does not say so;
    /// [`ServerError::Listen`] if the address cannot be had; [`ServerError::Tls`] if the certificate
    /// cannot be used.
    pub async fn bind(
        address: SocketAddr,
        contexts: Arc<dyn Contexts>,
        options: ServerOptions,
    ) -> Result<Self, ServerError> {
        let exposed = options.reach == Reach::Guarded && !address.ip().is_loopback();
        if let (true, Some(missing)) = (exposed, options.missing_beyond_this_machine()) {
            return Err(ServerError::Exposed { address, missing });
        }
        let (host, stage) = Host::with(contexts, options.limits.clone());
        let host = match &options.access {
            AccessOptions::Open => host,
            AccessOptions::Authenticated(options) => {
                host.authenticating(options).await.map_err(ServerError::Access)?
            }
        };
        let read = |tls| Certificates::read(tls, host.metrics().clone());
        let certificates = options.tls.clone().map(read).transpose()?;
        let failed =
            |error: std::io::Error| ServerError::Listen { address, why: error.to_string() };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (host, telemetry) = match &options.telemetry {
            Some(told) => host.telling(told).map(|(host, telemetry)| (host, Some(telemetry)))?,
            None => (host, None),
        };
        Ok(Self { listener, address, host, stage, certificates, telemetry, options })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificates, to be looked at again when somebody says that there are new ones; `None`
    /// without TLS.
    pub fn certificates(&self) -> Option<Certificates> {
        self.certificates.clone()
    }

    /// The secret by which the first user who administers is made, if there is none yet. It is given
    /// out once: asked again, there is a new one, and this one is over.
    ///
    /// # Errors
    /// If it could not be stored.
    pub async fn bootstrap(&self) -> Result<Option<Secret>, ChangeError> {
        match self.host.authority() {
            Some(authority) => authority.bootstrap().await,
            None => Ok(None),
        }
    }

    /// Serves until `stop` resolves, then drains and closes.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let router = routes::all(&self.host, &self.options);
        let door = Door::new(self.certificates.clone(), &self.host);
        let connections = Connections::new(router, door, &self.host);
        let stopped = async {
            stop.await;
            self.stage.send_replace(Stage::Draining);
            tokio::time::sleep(self.options.drain_for).await;
        };
        let watched = async {
            match &self.certificates {
                Some(certificates) => certificates.watch().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = connections.accept(&self.listener) => {}
            () = watched => {}
            () = stopped => {}
        }
        drop(self.listener);
        self.stage.send_replace(Stage::Closing);
        connections.close(&self.options).await;
        if let Some(authority) = self.host.authority() {
            authority.close().await;
        }
        self.host.settled().await;
        otlp::close(self.telemetry).await;
    }
}
