//! Two services as their authors would write them, over HTTP, on a durable store: what a client was
//! told stays true across retries, restarts and rebuilt views.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod client;
mod forgotten;
mod journey;
mod open;
mod orders;
mod process;
mod stock;
mod world;
