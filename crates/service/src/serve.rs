//! Serving: readers at work, doors open, and a tidy end.
//!
//! Picture:
//! ```text
//!   start:  readers ─▶ bind ─▶ answer
//!   SIGTERM, ctrl-c:  /readyz says no ─▶ finish the requests ─▶ finish the readers' turns ─▶ end
//! ```
//! Requests are finished before readers stop, because a request may wait for one (`?after=`).
//!
//! Invariants: C1 a drained reader is between two turns. Stopping is bounded: what has not ended
//! within [`DRAIN_MAX`] is cut off, which is safe, since a kill is.

mod endpoints;
mod log;
mod parked;
mod running;
mod signal;
mod views;

pub use running::Running;

use crate::http::around::{BODY_BYTES_MAX, REQUEST_MAX, around};
use crate::http::{Draining, Routes};
use crate::settings::SettingsError;
use crate::telemetry::{self, TelemetrySettings};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use endpoints::Endpoints;
use futures_util::FutureExt;
use futures_util::future::{join_all, pending, select_all};
use headwater_framework::Service;
use headwater_framework::health::unpublished;
use headwater_framework::http::Problem;
use headwater_telemetry::{CLOSE_WITHIN, InvalidOption, Telemetry};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;

/// How long requests may take to finish after a signal: as long as any request may take at all.
const DRAIN_MAX: Duration = REQUEST_MAX;

/// What a process serves at one address.
pub struct Site {
    name: String,
    listen: SocketAddr,
    router: Router,
    endpoints: Endpoints,
}

/// Serving a [`Service`].
pub trait Serve {
    /// Serves it until SIGTERM or ctrl-c, and drains it then. Logs to standard error if nothing else
    /// takes the process's traces.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    fn serve(
        self,
        listen: SocketAddr,
        routes: impl Into<Routes>,
    ) -> impl Future<Output = Result<(), StartError>>;

    /// It, at this address. Port 0 is any free one: [`Running::address`] tells which.
    fn at(self, listen: SocketAddr, routes: impl Into<Routes>) -> Site;
}

impl Serve for Service {
    async fn serve(self, listen: SocketAddr, routes: impl Into<Routes>) -> Result<(), StartError> {
        Services::of([self.at(listen, routes)]).serve().await
    }

    fn at(self, listen: SocketAddr, routes: impl Into<Routes>) -> Site {
        let routes = routes.into();
        let name = self.name().to_string();
        let router = routes.router.with_state(self.clone());
        let endpoints = Endpoints::new(&name, Some(self), &routes.described);
        Site { name, listen, router, endpoints }
    }
}

impl Site {
    /// Routes without a service behind them: a gateway.
    pub fn new(name: &str, listen: SocketAddr, routes: impl Into<Routes<()>>) -> Self {
        let routes = routes.into();
        let endpoints = Endpoints::new(name, None, &routes.described);
        Self { name: name.to_owned(), listen, router: routes.router, endpoints }
    }

    /// Sets the readers to work and begins to answer.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    ///
    /// # Panics
    /// If a route is one of those that every service has, such as `/livez`.
    pub async fn start(self) -> Result<Running, StartError> {
        let Self { name, listen, router, endpoints } = self;
        let unbound = |error: std::io::Error| StartError::Listen { listen, why: error.to_string() };
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(unbound)?;
        let supervisor = endpoints.service().map(Service::supervise);
        let draining = endpoints.draining();
        let (stop, stopped) = watch::channel(false);
        let router = router
            .merge(endpoints.router())
            .fallback(async || Problem::not_found("page"))
            .method_not_allowed_fallback(async || {
                let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
                Problem::new(status, "request.method", "this page takes other methods")
            })
            .layer(axum::Extension(Draining(stopped.clone())))
            .layer(from_fn(around))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
        let told = (stop, stopped);
        Running::new(name, listener, router, supervisor, draining, told).map_err(unbound)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.listen)
    }
}

/// Several services in one process, each with its own address, context and databases.
#[derive(Debug)]
pub struct Services {
    sites: Vec<Site>,
    telemetry: TelemetrySettings,
}

impl Services {
    /// These, in this order.
    pub fn of(sites: impl IntoIterator<Item = Site>) -> Self {
        Self { sites: sites.into_iter().collect(), telemetry: TelemetrySettings::default() }
    }

    /// With these settings for a collector of OpenTelemetry. What they leave open, and all of it without
    /// them, is taken from the standard variables when they [`serve`](Self::serve).
    #[must_use]
    pub fn telemetry(mut self, settings: TelemetrySettings) -> Self {
        self.telemetry = settings;
        self
    }

    /// Starts all of them. If one cannot start, those that could are stopped.
    ///
    /// # Errors
    /// If an address cannot be listened on.
    pub async fn start(self) -> Result<Vec<Running>, StartError> {
        let services = self.sites.iter().filter_map(|site| site.endpoints.service());
        let in_vain = unpublished(services);
        for name in &in_vain {
            tracing::warn!(name, "an event is read that nobody publishes");
        }
        let mut running = Vec::new();
        for mut site in self.sites {
            site.endpoints.note_unpublished(&in_vain);
            match site.start().await {
                Ok(site) => running.push(site),
                Err(error) => {
                    join_all(running.into_iter().map(Running::stop)).await;
                    return Err(error);
                }
            }
        }
        Ok(running)
    }

    /// Serves all of them until SIGTERM or ctrl-c, and drains them then. A second signal ends the
    /// draining. Traces and metrics go to a collector, if one is named; what is left of them when all is
    /// drained is sent, and not waited for long.
    ///
    /// # Errors
    /// If an address cannot be listened on, or not any more; if the collector's settings do not fit.
    pub async fn serve(self) -> Result<(), StartError> {
        let telemetry = self.telling()?;
        log::to_standard_error(telemetry.as_ref());
        let outcome = self.serve_until_told().await;
        if let Some(telemetry) = telemetry {
            telemetry.close(CLOSE_WITHIN).await;
        }
        outcome
    }

    fn telling(&self) -> Result<Option<Telemetry>, StartError> {
        let names: Vec<&str> = self.sites.iter().map(|site| &*site.name).collect();
        let services = self.sites.iter().filter_map(|site| site.endpoints.service().cloned());
        telemetry::start(&self.telemetry, &names.join("+"), services.collect())
    }

    async fn serve_until_told(self) -> Result<(), StartError> {
        let mut running = self.start().await?;
        let broken = running.iter_mut().map(|site| site.broken().boxed());
        let broken = broken.chain([pending().boxed()]); // none of no sites ends
        let outcome = tokio::select! {
            () = signal::received() => Ok(()),
            (error, ..) = select_all(broken) => Err(error),
        };
        tracing::info!(?outcome, "draining");
        let stopped = join_all(running.into_iter().map(Running::stop));
        tokio::select! {
            _ = stopped => tracing::info!("drained"),
            () = signal::received() => tracing::warn!("told again; not waiting for the rest"),
        }
        outcome
    }
}

/// Why a process does not start, or does not go on.
///
/// Its `Debug` is what `main` prints when it returns one, so it reads like its `Display`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The settings do not fit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {listen}: {why}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The system's words.
        why: String,
    },
    /// A listener ended by itself.
    #[error("{service} does not listen any more: {why}")]
    Ended {
        /// Whose.
        service: String,
        /// The system's words.
        why: String,
    },
    /// What is said about a collector of OpenTelemetry does not fit.
    #[error("`{setting}` does not fit: {error}")]
    Telemetry {
        /// The setting, or the variable of the environment.
        setting: String,
        /// What is wrong with it.
        error: InvalidOption,
    },
    /// The store cannot be opened.
    #[error("the store {url} cannot be opened: {why}")]
    Store {
        /// Where it is.
        url: String,
        /// The stable code of the cause.
        code: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl StartError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(cause) => cause.code(),
            Self::Listen { .. } => "service.listen",
            Self::Ended { .. } => "service.ended",
            Self::Telemetry { error, .. } => error.code(),
            Self::Store { code, .. } => code,
        }
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.code())
    }
}
