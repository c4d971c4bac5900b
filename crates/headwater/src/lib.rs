//! Event-driven microservices in Rust: store, framework and service in one dependency.
//!
//! Why: a service's author depends on one crate and imports one prelude. Nothing is decided here;
//! each part is a crate of its own, and this one gives them their names.
//!
//! Picture: a service is a decider, what follows from its events, and how it is asked:
//! ```text
//!   POST ─▶ Decider ─▶ events ─▶ Projection ─▶ rows ◀─ GET
//!                        └─▶ Reaction ─▶ Decider …
//! ```
//!
//! A whole service, from its events to its routes:
//! ```no_run
#![doc = include_str!("../examples/lamps.rs")]
//! ```
//! Read first: [`Decider`], [`Projection`], [`Reaction`], then [`Serve`] and [`http`].

pub mod http;
pub mod open;
pub mod prelude;

#[cfg(feature = "cdc")]
pub use headwater_cdc as cdc;
#[doc(hidden)]
pub use headwater_framework::derived;
pub use headwater_framework::*;
pub use headwater_model as model;
#[cfg(feature = "registry")]
pub use headwater_registry as registry;
pub use headwater_service::{
    Running, Serve, Services, SettingsError, Site, StartError, TelemetrySettings, settings,
};
pub use headwater_sql::{SqlError, Sqlite, SqliteKeys, SqliteReader, SqliteTx};
pub use open::{OpenError, OpenStore};
