//! The store as a server: one port for native gRPC, the KurrentDB protocol, HTTP/JSON and SSE.
//!
//! Why: other processes and other languages work with the same contexts, under the same promises.
//!
//! Picture:
//! ```text
//!   socket ─▶ listener (HTTP/1.1, HTTP/2) ─▶ native   headwater.v1    ─┐
//!                                          ─▶ kurrent  event_store.*   ─┼─▶ Contexts (the port)
//!                                          ─▶ http     /v1, /livez, …  ─┘
//! ```
//! Read first: [`host`] (what every protocol is given), [`listener`] (one connection's life).

pub mod access;
mod bounded;
mod held;
pub mod host;
pub mod http;
pub mod kurrent;
pub mod limits;
pub mod listener;
mod metered;
pub mod metrics;
pub mod native;
pub mod options;
mod otlp;
mod patient;
mod routes;
pub mod runtime;
pub mod tls;

pub use access::{AccessOptions, Authentication, Caller, Identity, IssuerOptions};
pub use headwater_telemetry as telemetry;
pub use host::{Host, Stage};
pub use kurrent::KurrentOptions;
pub use limits::{Limits, StoredLimits};
pub use listener::{Server, ServerError};
pub use options::{Reach, ServerOptions};
pub use runtime::runtime;
pub use tls::{PeerCertificate, TlsOptions};
