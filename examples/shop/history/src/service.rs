//! The service, wired: the view it shows, and where.

use crate::http::routes;
use crate::view::History;
use headwater::prelude::*;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What it must know before it starts.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where it answers.
    pub listen: SocketAddr,
    /// Where the events of others are.
    pub store: String,
    /// Where its view is.
    pub database: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8083)),
            store: "file:.headwater/history/store".into(),
            database: ".headwater/history/views/history.db".into(),
        }
    }
}

/// The service over this store.
pub fn service(settings: &Settings, store: &Store) -> Service {
    Service::new("history", store).projection(History, Sqlite::file(&settings.database))
}

/// The service at its address.
pub fn site(settings: &Settings, store: &Store) -> Site {
    service(settings, store).at(settings.listen, routes())
}
