//! The four services in one process, over one store, as strangers to each other.
//!
//! Why: `headwater dev` and the replay show the shop without a cluster. The services share a process
//! and a store's disk, never a variable: each has its own context, its own database and its own
//! address, and they meet through events and HTTP only.

use clap::ValueEnum;
use futures_util::future::join_all;
use headwater::Running;
use headwater::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Where the services of a shop answer, on this machine only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    /// The gateway's.
    pub gateway: u16,
    /// The orders service's.
    pub orders: u16,
    /// The customers service's.
    pub customers: u16,
    /// The history service's.
    pub history: u16,
}

impl Ports {
    /// Any that are free.
    pub const ANY: Self = Self { gateway: 0, orders: 0, customers: 0, history: 0 };
}

impl Default for Ports {
    /// Those in the documentation: 8080 to 8083.
    fn default() -> Self {
        Self { gateway: 8080, orders: 8081, customers: 8082, history: 8083 }
    }
}

/// How orders and customers agree about credit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Flow {
    /// Each hears what happened in the other, and does its part.
    #[default]
    Choreographed,
    /// A saga of the orders service asks, and the customers service answers.
    Orchestrated,
}

/// What a shop needs to open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShopSettings {
    /// Where the views are kept.
    pub views: PathBuf,
    /// Where the services answer.
    pub ports: Ports,
    /// How long the customers service may take to answer an order.
    pub time_limit: Duration,
    /// How orders and customers agree.
    pub flow: Flow,
}

impl ShopSettings {
    /// As documented, with the views in this directory.
    pub fn in_directory(views: impl Into<PathBuf>) -> Self {
        Self {
            views: views.into(),
            ports: Ports::default(),
            time_limit: shop_orders::Settings::default().time_limit,
            flow: Flow::default(),
        }
    }
}

/// Why a shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// An address is taken, or a store does not open.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The gateway has no client.
    #[error("the gateway has no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The views have no place.
    #[error("the directory {path} cannot be made: {why}")]
    Directory {
        /// Which.
        path: String,
        /// The system's words.
        why: std::io::Error,
    },
}

/// An open shop.
#[derive(Debug)]
pub struct Shop {
    gateway: Running,
    services: Vec<Running>,
}

impl Shop {
    /// Opens the shop over this store.
    ///
    /// # Errors
    /// [`ShopError`] names the address that is taken.
    pub async fn open(settings: &ShopSettings, store: &Store) -> Result<Self, ShopError> {
        let (views, ports) = (&settings.views, settings.ports);
        std::fs::create_dir_all(views)
            .map_err(|why| ShopError::Directory { path: views.display().to_string(), why })?;
        let services = Services::of(sites(settings, store)).start().await?;
        match gateway(ports.gateway, &services).await {
            Ok(gateway) => Ok(Self { gateway, services }),
            Err(error) => {
                join_all(services.into_iter().map(Running::stop)).await;
                Err(error)
            }
        }
    }

    /// Where the shop's door is.
    pub fn gateway(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Each service with its address, the gateway first.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        let all = std::iter::once(&self.gateway).chain(&self.services);
        all.map(|site| (site.name(), site.address()))
    }

    /// Closes the door, then the services: what was begun is finished.
    pub async fn close(self) {
        self.gateway.stop().await;
        join_all(self.services.into_iter().map(Running::stop)).await;
    }
}

fn sites(settings: &ShopSettings, store: &Store) -> [Site; 3] {
    let ShopSettings { views, ports, time_limit, flow } = settings;
    let (asks, answers) = match flow {
        Flow::Choreographed => {
            (shop_orders::Flow::Choreographed, shop_customers::Flow::Choreographed)
        }
        Flow::Orchestrated => (shop_orders::Flow::Orchestrated, shop_customers::Flow::Orchestrated),
    };
    let customers = shop_customers::Settings {
        listen: here(ports.customers),
        database: views.join("customers.db"),
        flow: answers,
        ..Default::default()
    };
    let orders = shop_orders::Settings {
        listen: here(ports.orders),
        database: views.join("orders.db"),
        time_limit: *time_limit,
        flow: asks,
        ..Default::default()
    };
    let history = shop_history::Settings {
        listen: here(ports.history),
        database: views.join("history.db"),
        ..Default::default()
    };
    [
        shop_customers::site(&customers, store),
        shop_orders::site(&orders, store),
        shop_history::site(&history, store),
    ]
}

async fn gateway(port: u16, services: &[Running]) -> Result<Running, ShopError> {
    let url = |name: &str| {
        let service = services.iter().find(|service| service.name() == name);
        service.map(|service| service.url("")).expect("all three were started")
    };
    let settings = shop_gateway::Settings {
        listen: here(port),
        customers: url("customers"),
        orders: url("orders"),
        history: url("history"),
        ..Default::default()
    };
    Ok(shop_gateway::site(&settings)?.start().await?)
}

fn here(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
