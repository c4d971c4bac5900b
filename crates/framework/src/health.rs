//! Health: how each reader of a service is, and how far behind.
//!
//! Why: nothing is silent. What halted, what fails, what was set aside and what lags is shown by
//! `/readyz` before anybody has to ask for it.

use crate::reader::{Reader, ReaderKind, ReaderState};
use crate::request::RequestsHealth;
use crate::{InputType, Service, inflow};
use headwater_model::{EventStore, From, Position, Query, ReadAll, ReadError};

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The service's name.
    pub service: String,
    /// Its readers, in the order of wiring.
    pub readers: Vec<ReaderHealth>,
    /// Its requests to other services.
    pub requests: Vec<RequestsHealth>,
}

/// How a reader is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderHealth {
    /// The reaction's or projection's name.
    pub name: String,
    /// The context it reads.
    pub source: String,
    /// It hands its inputs over when they are old enough, and lags by design.
    pub is_delayed: bool,
    /// How it is.
    pub state: ReaderState,
    /// The last position of its source that is handled.
    pub handled: Option<Position>,
    /// The last position of its source.
    pub head: Option<Position>,
    /// Positions between the two, those of events it does not ask for included.
    pub lag: u64,
    /// For how many seconds the first of them has waited; 0 if none does.
    pub lag_seconds: u64,
    /// Inputs that were set aside for a person.
    pub parked_count: u64,
    /// How often it panicked or failed and was started again.
    pub restart_count: u64,
}

impl Health {
    /// Whether the service answers as it should: every reader keeps up or is about to, unless somebody
    /// wants it to stand still.
    pub fn is_ready(&self) -> bool {
        let is_well =
            |state: &_| matches!(state, ReaderState::Running | ReaderState::Paused { .. });
        self.readers.iter().all(|reader| is_well(&reader.state))
    }

    /// Whether every reader has handled all there is, those that lag by design left out.
    pub fn is_caught_up(&self) -> bool {
        self.readers.iter().all(|reader| reader.is_delayed || reader.lag == 0)
    }
}

impl Service {
    /// How each reader is now.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn health(&self) -> Result<Health, ReadError> {
        let mut readers = Vec::with_capacity(self.readers().len());
        for reader in self.readers() {
            readers.push(self.reader_health(&**reader).await?);
        }
        readers.extend(self.inflows().iter().map(|inflow| inflow::health(&**inflow)));
        let requests = self.requests_health().await?;
        Ok(Health { service: self.name().to_string(), readers, requests })
    }

    pub(crate) async fn reader_health(
        &self,
        reader: &dyn Reader,
    ) -> Result<ReaderHealth, ReadError> {
        let status = reader.status();
        // Before the head: a lag that is shown was there.
        let handled = status.reached().handled;
        let source = self.context(&status.source).await?;
        let (_, head) = source.head().await?;
        let count = |position: Option<Position>| position.map_or(0, |position| position.next().0);
        let lag = count(head).saturating_sub(count(handled));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is a float; lags stay far below 2^53"
        )]
        metrics::gauge!("headwater_reader_lag", "reader" => status.to_string()).set(lag as f64);
        Ok(ReaderHealth {
            name: status.name.to_owned(),
            source: status.source.to_string(),
            is_delayed: status.kind == ReaderKind::DelayedReaction,
            state: status.state(),
            handled,
            head,
            lag,
            lag_seconds: if lag == 0 { 0 } else { waiting_seconds(&*source, handled).await? },
            parked_count: status.parked_count(),
            restart_count: status.restart_count(),
        })
    }
}

/// For how long the event behind this position has waited.
async fn waiting_seconds(
    source: &dyn EventStore,
    handled: Option<Position>,
) -> Result<u64, ReadError> {
    let from = handled.map_or(From::Edge, |handled| From::At(handled.next()));
    let next = ReadAll { from, count_max: 1, ..ReadAll::forwards(Query::all()) };
    let page = source.read_all(next).await?;
    Ok(page.events.first().map_or(0, |event| source.now().since(event.recorded_at).as_secs()))
}

/// The names that readers of these services ask for in vain: a typo would wait for ever. What is asked
/// of contexts that are none of these services' cannot be told from here.
pub fn unpublished<'a>(services: impl IntoIterator<Item = &'a Service>) -> Vec<String> {
    let services: Vec<_> = services.into_iter().collect();
    let mut unpublished = Vec::new();
    for service in &services {
        for (reader, kind) in service.asked() {
            let context = kind.context.unwrap_or_else(|| service.name().as_str());
            let publisher = services.iter().find(|other| other.name().as_str() == context);
            let own = context == service.name().as_str();
            let heard = |known: &InputType| known.name == kind.name && (own || known.public);
            if publisher.is_some_and(|publisher| !publisher.recorded().iter().any(heard)) {
                let name = kind.name;
                unpublished.push(format!(
                    "{reader} asks for {context}/{name}, which {context} does not publish"
                ));
            }
        }
    }
    unpublished
}
