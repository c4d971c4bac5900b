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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8082)),
            store: "file:.headwater/customers/store".into(),
            database: ".headwater/customers/views/customers.db".into(),
        }
    }
}

/// The service over this store. Its name is that of its context and of its readers.
pub fn service(settings: &Settings, store: &Store) -> Service {
    Service::new("customers", store)
        .decider::<Customer>()
        .projection(CustomersTable, Sqlite::file(&settings.database))
        .reaction(KeepCredit, Start::Beginning)
}

/// The service at its address.
pub fn site(settings: &Settings, store: &Store) -> Site {
    service(settings, store).at(settings.listen, routes())
}
