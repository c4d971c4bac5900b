//! Telemetry as a collector meets it: real OTLP, over gRPC and HTTP.

mod away;
mod secured;
mod sent;
