//! What every protocol is given: the contexts, and how far the server's life has come.
//!
//! Why: a protocol must be able to refuse readiness, and to end what would never end by itself
//! (subscriptions, followed pages), when the server stops.
//!
//! Picture: `Ready ─▶ Draining ─▶ Closing`, never back. Draining: not ready, everything is still
//! answered. Closing: what never ends by itself is ended, what is in hand is answered.

use crate::Limits;
use crate::access::{Authentication, Authority, Caller, Identity};
use crate::bounded::Bounded;
use crate::held::Held;
use crate::metered::Metered;
use crate::metrics::{Metrics, Name};
use crate::otlp::HostFigures;
use crate::patient::PatientContexts;
use headwater_model::{ContextName, Contexts, EventStore, ReadError};
use headwater_telemetry::{InvalidOption, Telemetry, TelemetryOptions, Tracer};
use std::sync::Arc;
use tokio::sync::watch;

/// How far the server's life has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// It takes connections and answers.
    Ready,
    /// It answers, and says that it is not ready, so that no new work is sent here.
    Draining,
    /// No new connections; long answers end now; what is in hand is finished.
    Closing,
}

/// The contexts and the stage: cheap to clone, one for each handler.
#[derive(Clone)]
pub struct Host {
    patient: Arc<PatientContexts>,
    contexts: Arc<dyn Contexts>,
    stage: watch::Receiver<Stage>,
    metrics: Metrics,
    limits: Arc<Limits>,
    held: Arc<Held>,
    authority: Option<Arc<Authority>>,
    tracer: Option<Tracer>,
}

impl Host {
    /// A host over these contexts, and what moves its stage.
    pub fn new(contexts: Arc<dyn Contexts>) -> (Self, watch::Sender<Stage>) {
        Self::with(contexts, Limits::default())
    }

    /// The same, with these limits.
    pub fn with(contexts: Arc<dyn Contexts>, limits: Limits) -> (Self, watch::Sender<Stage>) {
        let (sender, stage) = watch::channel(Stage::Ready);
        let metrics = Metrics::default();
        metrics.gauge(Name::BuildInfo, &[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        let bounded = Arc::new(Bounded::new(contexts, &limits));
        let metered = Arc::new(Metered::new(bounded, metrics.clone()));
        let patient = Arc::new(PatientContexts::new(metered));
        let contexts = Arc::clone(&patient) as Arc<dyn Contexts>;
        let (limits, held) = (Arc::new(limits), Arc::default());
        let (authority, tracer) = (None, None);
        (Self { patient, contexts, stage, metrics, limits, held, authority, tracer }, sender)
    }

    /// How much of everything.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What readers hold and do not take.
    pub(crate) const fn held(&self) -> &Arc<Held> {
        &self.held
    }

    /// What is counted.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Who asks, by the extensions of their request, and what they can reach here. Without the layer
    /// that authenticates, a host that wants to know who asks lets nobody do anything.
    pub fn caller(&self, extensions: &http::Extensions) -> Caller {
        let unknown = if self.authority.is_none() { Identity::Anybody } else { Identity::Nobody };
        let identity = extensions.get::<Identity>().cloned().unwrap_or(unknown);
        Caller::new(self.clone(), identity)
    }

    /// The same host, which asks everybody who they are.
    ///
    /// # Errors
    /// If the users, tokens and grants cannot be read.
    pub async fn authenticating(self, options: &Authentication) -> Result<Self, ReadError> {
        let authority = Authority::open(&*self.contexts, options).await?;
        Ok(Self { authority: Some(Arc::new(authority)), ..self })
    }

    /// The same host, which tells a collector what is done here.
    pub(crate) fn telling(
        self,
        options: &TelemetryOptions,
    ) -> Result<(Self, Telemetry), InvalidOption> {
        let figures = Arc::new(HostFigures::new(&self.metrics, &self.patient));
        let telemetry = Telemetry::start(options, figures)?;
        let tracer = Some(telemetry.tracer().clone());
        Ok((Self { tracer, ..self }, telemetry))
    }

    /// What makes spans; `None`: nobody wants any.
    pub(crate) const fn tracer(&self) -> Option<&Tracer> {
        self.tracer.as_ref()
    }

    /// Who decides here; `None`: nobody is asked who they are.
    pub const fn authority(&self) -> Option<&Arc<Authority>> {
        self.authority.as_ref()
    }

    /// The contexts as the server itself uses them, for nobody: what is read here must not be told
    /// to a caller.
    pub(crate) fn unguarded(&self) -> &Arc<dyn Contexts> {
        &self.contexts
    }

    /// As [`Self::unguarded`], and makes none.
    pub(crate) async fn unguarded_existing(
        &self,
        name: &ContextName,
    ) -> Result<Option<Arc<dyn EventStore>>, ReadError> {
        self.patient.existing(name).await
    }

    /// Resolves when no call runs on whose caller has gone.
    pub(crate) async fn settled(&self) {
        self.patient.done().await;
    }

    /// Whether new work should be sent here.
    pub fn is_ready(&self) -> bool {
        *self.stage.borrow() == Stage::Ready
    }

    /// Resolves when what never ends by itself must end.
    pub fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stage = self.stage.clone();
        async move {
            // A sender that is gone is a server that is gone.
            let _ = stage.wait_for(|stage| *stage == Stage::Closing).await;
        }
    }
}
