//! The gateway as a whole: its routes, and the services behind them.

use crate::breaker::BreakerSettings;
use crate::upstream::Upstream;
use crate::{overview, proxy};
use headwater::http::{Routes, StatusCode, get, post};
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

const TO_CUSTOMERS: &str = "Passed on to the customers service, whose /openapi.json describes it.";
const TO_ORDERS: &str = "Passed on to the orders service, whose /openapi.json describes it.";
const TO_HISTORY: &str = "Passed on to the history service, whose /openapi.json describes it.";

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
    let composed = get("/customers/{id}/overview", overview::overview)
        .says("A customer with all their orders, asked of two services side by side.")
        .answers::<overview::Overview>(StatusCode::OK);
    let passed_on = [
        post("/customers", proxy::to_customers).says(TO_CUSTOMERS),
        get("/customers", proxy::to_customers).says(TO_CUSTOMERS),
        get("/customers/{id}", proxy::to_customers).says(TO_CUSTOMERS),
        post("/customers/{id}/returns", proxy::to_customers).says(TO_CUSTOMERS),
        get("/customers/{id}/orderhistory", proxy::to_history).says(TO_HISTORY),
        post("/orders", proxy::to_orders).says(TO_ORDERS),
        get("/orders", proxy::to_orders).says(TO_ORDERS),
        get("/orders/{id}", proxy::to_orders).says(TO_ORDERS),
        post("/orders/{id}/cancel", proxy::to_orders).says(TO_ORDERS),
    ];
    let routes = passed_on.into_iter().fold(Routes::new().add(composed), Routes::add);
    Ok(routes.extension(gateway))
}
