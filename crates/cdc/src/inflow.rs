//! A miner as a part of a service: at work for as long as the service is, and shown by its health.

use crate::miner::{Miner, MinerSettings, told};
use crate::status::{MinerHealth, MinerState, Status};
use futures_util::future::BoxFuture;
use headwater_framework::ReaderState;
use headwater_framework::inflow::{Inflow, InflowHealth};
use headwater_model::{EventStore, InvalidName};
use std::sync::Arc;
use tokio::sync::watch;

/// What a service wires to have a database's log mined into its own context.
///
/// ```
/// use headwater_cdc::{
///     AfterLoss, LagPolicy, Mapping, MinerInflow, MinerSettings, PostgresSettings, PostgresSource,
///     TableMapping,
/// };
/// use headwater_framework::{Service, Store};
/// # fn wire(store: &Store) -> Result<Service, Box<dyn std::error::Error>> {
/// let mined = MinerInflow::new(MinerSettings {
///     name: "billing-db".to_owned(),
///     source: PostgresSource {
///         database: PostgresSettings::new("/run/postgresql", 5432, "miner", "billing"),
///         publication: "mined".to_owned(),
///         slot: "headwater".to_owned(),
///     }
///     .into(),
///     mapping: Mapping::default().table(TableMapping::of("public.invoices").category("invoice")),
///     lag: LagPolicy::default(),
///     after_loss: AfterLoss::Halt,
/// })?;
/// let billing = Service::new("billing", store).inflow(mined);
/// # Ok(billing)
/// # }
/// ```
#[derive(Debug)]
pub struct MinerInflow {
    settings: MinerSettings,
    status: Arc<Status>,
}

impl MinerInflow {
    /// A miner that begins with its service.
    ///
    /// # Errors
    /// A name that cannot stand in the store.
    pub fn new(settings: MinerSettings) -> Result<Self, InvalidName> {
        crate::notes::Names::of(&settings.name)?;
        let status = Arc::new(Status::new(&settings.name));
        Ok(Self { settings, status })
    }

    /// How it is, in its own words.
    pub fn report(&self) -> MinerHealth {
        self.status.health()
    }
}

impl Inflow for MinerInflow {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn run(
        &self,
        own: Arc<dyn EventStore>,
        mut stopped: watch::Receiver<bool>,
    ) -> BoxFuture<'static, ()> {
        let miner = Miner::showing(self.settings.clone(), own, Arc::clone(&self.status));
        Box::pin(async move {
            match miner {
                Ok(miner) => miner.serve(stopped.clone()).await,
                Err(error) => tracing::error!(%error, "a miner without a name"),
            }
            // One that halted waits for a person, not for another try.
            told(&mut stopped).await;
        })
    }

    fn health(&self) -> InflowHealth {
        let health = self.status.health();
        let lag = health.lag_bytes();
        let state = match (health.state, health.warning) {
            (MinerState::Starting, _) => ReaderState::Starting,
            (MinerState::Copying { .. }, _) => ReaderState::Rebuilding,
            (MinerState::Following, Some(why)) => ReaderState::Failing { why },
            (MinerState::Following | MinerState::Stopped, _) => ReaderState::Running,
            (MinerState::Failing { why, .. }, _) => ReaderState::Failing { why },
            (MinerState::Halted { why, .. }, _) => ReaderState::Halted { why },
        };
        InflowHealth {
            source: self.settings.source.to_string(),
            state,
            lag,
            parked_count: 0,
            restart_count: health.restart_count,
        }
    }
}
