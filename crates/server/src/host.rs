//! What every protocol is given: the contexts, and how far the server's life has come.
//!
//! Why: a protocol must be able to refuse readiness, and to end what would never end by itself
//! (subscriptions, followed pages), when the server stops.
//!
//! Picture: `Ready ─▶ Draining ─▶ Closing`, never back. Draining: not ready, everything is still
//! answered. Closing: what never ends by itself is ended, what is in hand is answered.

use headwater_model::Contexts;
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
    contexts: Arc<dyn Contexts>,
    stage: watch::Receiver<Stage>,
}

impl Host {
    /// A host over these contexts, and what moves its stage.
    pub fn new(contexts: Arc<dyn Contexts>) -> (Self, watch::Sender<Stage>) {
        let (sender, stage) = watch::channel(Stage::Ready);
        (Self { contexts, stage }, sender)
    }

    /// The contexts that are served.
    pub fn contexts(&self) -> &Arc<dyn Contexts> {
        &self.contexts
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
