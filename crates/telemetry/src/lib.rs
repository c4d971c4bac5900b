//! Spans and metrics for a collector of OpenTelemetry, by OTLP.
//!
//! Why: what one process saw of a business transaction is worth little without what the others saw.
//! OTLP is what every tool for that takes. A server and a service tell it in the same way, so it is
//! here once.
//!
//! Picture:
//! ```text
//!   Tracer, layer ─▶ spans ─▶ [ queue, bounded ] ─┐
//!   the page /metrics, as Prometheus reads it ────┴─▶ worker ─▶ OTLP over gRPC or HTTP ─▶ collector
//!                     full: dropped, counted, said now and then
//! ```
//! Invariants: nobody who works waits for a collector. What is held for it is bounded. Nothing is sent
//! that nobody configured, and what is in the environment is read by who is told to, not in here
//! behind their back.
//!
//! Why not `opentelemetry-otlp`: it reads the environment whatever it was told, and metrics can only
//! reach it through a second registry. The messages and generated clients are those of OpenTelemetry.
//!
//! Read first: [`Telemetry`], [`TelemetryOptions`].

#[cfg(feature = "collector")]
pub mod collector;
mod connector;
mod dropped;
mod exposition;
mod headers;
mod layer;
mod limits;
mod options;
mod queue;
mod standard;
mod telemetry;
mod trace_parent;
mod tracer;
mod transport;
mod worker;

pub use dropped::Signal;
pub use headers::Headers;
pub use layer::{SPANS, join, link, trace_parent_of};
pub use limits::CLOSE_WITHIN;
pub use options::{Endpoint, InvalidOption, Protocol, SampleRatio, TelemetryOptions};
pub use standard::{Said, Standard};
pub use telemetry::{Figures, Telemetry};
pub use trace_parent::TraceParent;
pub use tracer::{Begun, Kind, Tracer};
