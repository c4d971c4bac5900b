//! A relay as a part of a service: at work for as long as the service is, and shown by its health.

use super::relay::status::{RelayReport, RelayState, RelayStatus};
use super::{OutboxAddress, OutboxTable, Relay, RelaySettings};
use futures_util::future::BoxFuture;
use headwater_framework::ReaderState;
use headwater_framework::inflow::{Inflow, InflowHealth};
use headwater_model::EventStore;
use std::sync::Arc;
use tokio::sync::watch;

/// What a service wires to have its outbox relayed into its own context.
///
/// ```
/// use headwater_framework::{Service, Store};
/// use headwater_sql::outbox::{OutboxAddress, RelayWorker};
/// # fn wire(store: &Store) -> Result<Service, headwater_sql::outbox::RelayError> {
/// let outbox = OutboxAddress::parse("sqlite:data/billing.db")?;
/// let billing = Service::new("billing", store).inflow(RelayWorker::new(outbox));
/// # Ok(billing)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RelayWorker {
    address: OutboxAddress,
    table: OutboxTable,
    settings: RelaySettings,
    status: Arc<RelayStatus>,
}

impl RelayWorker {
    /// Relays the table `headwater_outbox` of this database.
    pub fn new(address: OutboxAddress) -> Self {
        Self::of(address, OutboxTable::default(), RelaySettings::default())
    }

    /// Relays this table in this way.
    pub fn of(address: OutboxAddress, table: OutboxTable, settings: RelaySettings) -> Self {
        let status = Arc::new(RelayStatus::new(table.name()));
        Self { address, table, settings, status }
    }

    /// What is known of it.
    pub fn report(&self) -> RelayReport {
        self.status.report()
    }
}

impl Inflow for RelayWorker {
    fn name(&self) -> &str {
        self.table.name()
    }

    fn run(
        &self,
        own: Arc<dyn EventStore>,
        stopped: watch::Receiver<bool>,
    ) -> BoxFuture<'static, ()> {
        let Self { address, table, settings, status } = self.clone();
        Box::pin(Relay::new(address, table, own, settings).showing(status).run(stopped))
    }

    fn health(&self) -> InflowHealth {
        let report = self.status.report();
        let state = match report.state {
            RelayState::Starting => ReaderState::Starting,
            RelayState::Running | RelayState::StandsBy => ReaderState::Running,
            RelayState::Failing { why } => ReaderState::Failing { why },
            RelayState::Halted { why } => ReaderState::Halted { why },
        };
        InflowHealth {
            source: self.address.to_string(),
            state,
            lag: report.lag_rows,
            parked_count: report.parked_count,
            restart_count: report.restart_count,
        }
    }
}
