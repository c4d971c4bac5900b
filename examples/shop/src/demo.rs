//! The demo: an open shop with somebody in it.
//!
//! Why: a console without events and a saga without orders show nothing. `headwater dev` opens the
//! shop over its own store and lets a few customers buy.

mod trickle;

use crate::services::{Shop, ShopError, ShopSettings};
use headwater::prelude::*;
use std::net::SocketAddr;
use tokio::task::JoinHandle;

/// What a demo needs to start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DemoSettings {
    /// The shop.
    pub shop: ShopSettings,
    /// How often somebody does something; `None`: nobody comes by themselves.
    pub pause: Option<Duration>,
}

impl DemoSettings {
    /// The shop as documented, its views in this directory, and an order every second.
    pub fn in_directory(views: impl Into<std::path::PathBuf>) -> Self {
        Self { shop: ShopSettings::in_directory(views), pause: Some(Duration::from_secs(1)) }
    }
}

/// An open shop with somebody in it.
#[derive(Debug)]
pub struct Demo {
    shop: Shop,
    customers: Option<JoinHandle<()>>,
}

impl Demo {
    /// Opens the shop over this store and lets customers in.
    ///
    /// # Errors
    /// [`ShopError`] names the address that is taken.
    pub async fn start(settings: &DemoSettings, store: &Store) -> Result<Self, ShopError> {
        let shop = Shop::open(&settings.shop, store).await?;
        let gateway = format!("http://{}", shop.gateway());
        let customers =
            settings.pause.map(|pause| tokio::spawn(trickle::come_and_go(gateway, pause)));
        Ok(Self { shop, customers })
    }

    /// Where the shop's door is.
    pub fn gateway(&self) -> SocketAddr {
        self.shop.gateway()
    }

    /// Each service with its address, the gateway first.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.shop.addresses()
    }

    /// Commands that work while the demo runs, in this order, for people to try.
    pub fn curl_lines(&self) -> Vec<String> {
        let door = format!("http://{}", self.gateway());
        let post = "curl -s -H 'Content-Type: application/json'";
        vec![
            format!(
                "CUSTOMER=$({post} {door}/customers -d '{{\"name\":\"Ann\",\"creditLimit\":{{\"amount\":\"15.00\"}}}}' | cut -d'\"' -f4)"
            ),
            format!(
                "{post} {door}/orders -d \"{{\\\"customerId\\\":\\\"$CUSTOMER\\\",\\\"orderTotal\\\":{{\\\"amount\\\":\\\"12.34\\\"}}}}\""
            ),
            format!("curl -s {door}/customers/$CUSTOMER/orderhistory"),
            format!("curl -s {door}/customers/$CUSTOMER/overview"),
            format!("curl -s '{door}/customers?limit=5'"),
        ]
    }

    /// Sends the customers home and closes the shop: what was begun is finished.
    pub async fn stop(self) {
        if let Some(customers) = self.customers {
            customers.abort();
        }
        self.shop.close().await;
    }
}
