//! The service, wired: what it decides, shows and reacts to, and where.

use crate::credit::KeepCredit;
use crate::customer::Customer;
use crate::http::routes;
use crate::table::CustomersTable;
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
    /// How it agrees with the orders service.
    pub flow: Flow,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8082)),
            store: "file:.headwater/customers/store".into(),
            database: ".headwater/customers/views/customers.db".into(),
            flow: Flow::default(),
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
    /// The orders service asks, and this one answers.
    Orchestrated,
}

/// The service over this store. Its name is that of its context and of its readers.
pub fn service(settings: &Settings, store: &Store) -> Service {
    let service = Service::new("customers", store)
        .projection(CustomersTable, Sqlite::file(&settings.database))
        .decider::<Customer>();
    match settings.flow {
        Flow::Choreographed => service.reaction(KeepCredit, Start::Beginning),
        Flow::Orchestrated => service.accept_commands_from("orders"),
    }
}

/// The service at its address.
pub fn site(settings: &Settings, store: &Store) -> Site {
    service(settings, store).at(settings.listen, routes())
}
