//! Services as their clients meet them: over HTTP, on whatever port is free.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

// The derives write paths that begin with the facade's name.
extern crate headwater_framework as headwater;

mod pages;
mod parked;
mod problems;
mod stop;
mod views;

use headwater_framework::Store;
use headwater_model::Timestamp;
use headwater_model::memory::MemoryContexts;
use headwater_service::http::Routes;
use headwater_service::{Running, Site};
use reqwest::Client;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Any free port.
fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn store() -> Store {
    Store::new(Arc::new(MemoryContexts::new(Arc::new(|| Timestamp::ZERO))))
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// Routes without a service behind them.
async fn started(routes: Routes<()>) -> Running {
    Site::new("front", anywhere(), routes).start().await.unwrap()
}
