//! A service's process: readers supervised, HTTP, settings, health, drain.
//!
//! Why: a service's own code is its domain and its routes. What every process around such code needs
//! is here, once: where its settings come from, what it answers about itself, and how it ends.
//!
//! Picture:
//! ```text
//!   settings ─▶ Service ─▶ serve ─┬─▶ readers: reactions, projections      (supervised)
//!   (file < environment < flags)  ├─▶ its routes                           (http)
//!                                 ├─▶ /livez /readyz /metrics              (serve)
//!                                 ├─▶ /openapi.json /asyncapi.json
//!                                 └─▶ traces and metrics to a collector    (telemetry)
//! ```
//! Read first: [`serve`], [`http`], [`settings`](mod@settings).

mod asyncapi;
pub mod http;
mod metrics;
pub mod serve;
pub mod settings;
pub mod telemetry;

pub use serve::{Running, Serve, Services, Site, StartError};
pub use settings::{SettingsError, settings};
pub use telemetry::TelemetrySettings;
