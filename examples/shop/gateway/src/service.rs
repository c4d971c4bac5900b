//! The gateway as a whole: its routes, and the services behind them.

use crate::breaker::BreakerSettings;
use crate::upstream::Upstream;
use crate::{overview, proxy, shapes};
use headwater::http::{Paging, Route, Routes, StatusCode, get, post};
use headwater::prelude::*;
use std::net::SocketAddr;
use std::sync::Arc;

/// Where the gateway answers, and where the services are.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where it answers.
    pub listen: SocketAddr,
    /// The customers service.
    pub customers: String,
    /// The orders service.
    pub orders: String,
    /// The history service.
    pub history: String,
    /// When to leave a service alone.
    pub breaker: BreakerSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            customers: "http://127.0.0.1:8082".into(),
            orders: "http://127.0.0.1:8081".into(),
            history: "http://127.0.0.1:8083".into(),
            breaker: BreakerSettings::default(),
        }
    }
}

/// The services behind the gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) customers: Upstream,
    pub(crate) orders: Upstream,
    pub(crate) history: Upstream,
}

/// The gateway at its address.
///
/// # Errors
/// The HTTP client's, if the system gives it no sockets.
pub fn site(settings: &Settings) -> Result<Site, reqwest::Error> {
    Ok(Site::new("gateway", settings.listen, routes(settings)?))
}

fn routes(settings: &Settings) -> Result<Routes<()>, reqwest::Error> {
    // Time limits are given with each request, where it is known what it may take.
    let client = reqwest::Client::builder().no_proxy().build()?;
    let service =
        |name, base: &String| Upstream::new(name, base.clone(), client.clone(), settings.breaker);
    let gateway = Arc::new(Gateway {
        customers: service("customers", &settings.customers),
        orders: service("orders", &settings.orders),
        history: service("history", &settings.history),
    });
    let all = [customers(), orders(), views()].into_iter().flatten();
    Ok(all.fold(Routes::new(), Routes::add).extension(gateway))
}

/// Passed on to the customers service.
fn customers() -> Vec<Route<()>> {
    vec![
        post("/customers", proxy::to_customers)
            .says("A new customer.")
            .passes::<Cause>()
            .takes::<shapes::NewCustomer>()
            .answers::<shapes::CustomerCreated>(StatusCode::CREATED),
        get("/customers", proxy::to_customers)
            .says("Customers, in the order of their creation.")
            .passes::<Paging>()
            .passes::<After>()
            .answers::<shapes::CustomerPage>(StatusCode::OK),
        get("/customers/{id}", proxy::to_customers)
            .says("A customer, with the credit they have left.")
            .passes::<After>()
            .answers::<shapes::Customer>(StatusCode::OK),
        post("/customers/{id}/returns", proxy::to_customers)
            .says("Goods come back: releases what is outstanding, at most their amount.")
            .passes::<Cause>()
            .takes::<shapes::GoodsBack>()
            .answers::<shapes::Released>(StatusCode::OK),
    ]
}

/// Passed on to the orders service.
fn orders() -> Vec<Route<()>> {
    vec![
        post("/orders", proxy::to_orders)
            .says("Takes an order. Whether the customer may is found out afterwards.")
            .passes::<Cause>()
            .takes::<shapes::NewOrder>()
            .answers::<shapes::OrderIs>(StatusCode::CREATED),
        get("/orders", proxy::to_orders)
            .says("Orders, in the order of their creation.")
            .passes::<Paging>()
            .passes::<After>()
            .asks::<shapes::Whose>()
            .answers::<shapes::OrderPage>(StatusCode::OK),
        get("/orders/{id}", proxy::to_orders)
            .says("An order. With `until=decided` the answer waits for the decision, bounded.")
            .passes::<After>()
            .asks::<shapes::Patience>()
            .answers::<shapes::Order>(StatusCode::OK),
        post("/orders/{id}/cancel", proxy::to_orders)
            .says("Cancels an approved order.")
            .passes::<Cause>()
            .answers::<shapes::OrderIs>(StatusCode::OK),
    ]
}

/// A customer with all their orders, in two ways.
fn views() -> Vec<Route<()>> {
    vec![
        get("/customers/{id}/orderhistory", proxy::to_history)
            .says("A customer with all their orders; as `text/event-stream` again whenever they change.")
            .passes::<After>()
            .answers::<shapes::OrderHistory>(StatusCode::OK),
        get("/customers/{id}/overview", overview::overview)
            .says("A customer with all their orders, asked of two services side by side.")
            .passes::<After>()
            .answers::<overview::Overview>(StatusCode::OK),
    ]
}
