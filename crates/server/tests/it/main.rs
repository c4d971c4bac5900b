//! The server as its clients meet it: through sockets, on whatever port is free.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod access;
mod http;
mod kurrent;
mod limits;
mod native;
mod telemetry;
mod tls;
