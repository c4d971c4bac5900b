//! The service, wired: what it decides, shows and reacts to, and where.

use crate::checkout::Checkout;
use crate::decided::Decisions;
use crate::http::routes;
use crate::order::Order;
use crate::settle::{ExpireOrder, SettleOrder};
use crate::table::OrdersTable;
use headwater::prelude::*;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What it must know before it starts.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where it answers.
    pub listen: SocketAddr,
    /// Where its events are.
    pub store: String,
    /// Where its table is.
    pub database: PathBuf,
    /// How long the customers service may take to answer.
    #[serde(with = "headwater::settings::duration")]
    pub time_limit: Duration,
    /// How it agrees with the customers service.
    pub flow: Flow,
    /// Who is told what it does.
    pub telemetry: TelemetrySettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            store: "file:.headwater/orders/store".into(),
            database: ".headwater/orders/views/orders.db".into(),
            time_limit: Duration::from_secs(30),
            flow: Flow::default(),
            telemetry: TelemetrySettings::default(),
        }
    }
}

/// How orders and customers agree: both services are to be told the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// Each hears what happened in the other, and does its part.
    #[default]
    Choreographed,
    /// The orders service asks, and the customers service answers.
    Orchestrated,
}

/// The service over this store. Its name is that of its context and of its readers.
pub fn service(settings: &Settings, store: &Store) -> Service {
    let limit = settings.time_limit;
    let service = Service::new("orders", store)
        .decider::<Order>()
        .projection(OrdersTable, Sqlite::file(&settings.database));
    match settings.flow {
        Flow::Choreographed => service
            .reaction(SettleOrder, Start::Beginning)
            .reaction(ExpireOrder { limit }, Start::Beginning),
        Flow::Orchestrated => service.saga(Checkout { limit }, Start::Beginning),
    }
}

/// The service at its address. Must be called in a runtime, where it listens for decisions.
pub fn site(settings: &Settings, store: &Store) -> Site {
    let service = service(settings, store);
    let decisions = Decisions::of(store, service.name().clone());
    service.at(settings.listen, routes(decisions))
}
