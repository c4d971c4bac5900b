//! A street of services as the gateway sees them, each on a port of its own, and the gateway itself.

use axum::Router;
use headwater::Running;
use serde_json::Value;
use shop_gateway::breaker::BreakerSettings;
use shop_gateway::{Settings, site};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The gateway and the services behind it; gone when dropped.
pub(crate) struct Street {
    pub(crate) gateway: String,
    pub(crate) client: reqwest::Client,
    _gateway: Running,
    _servers: JoinSet<()>,
}

/// Opens the gateway before these services. One that is `None` is gone: its port refuses.
pub(crate) async fn street(customers: Option<Router>, orders: Option<Router>) -> Street {
    street_with([customers, orders, None]).await
}

/// The same before customers, orders and history.
pub(crate) async fn street_with([customers, orders, history]: [Option<Router>; 3]) -> Street {
    let mut servers = JoinSet::new();
    let mut open = async |routes: Option<Router>| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        match routes {
            Some(routes) => _ = servers.spawn(serve(listener, routes)),
            None => drop(listener),
        }
        url(address)
    };
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        customers: open(customers).await,
        orders: open(orders).await,
        history: open(history).await,
        breaker: BreakerSettings { failure_count_max: 3, rest: Duration::from_secs(3_600) },
    };
    let gateway = site(&settings).unwrap().start().await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Street { gateway: gateway.url(""), client, _gateway: gateway, _servers: servers }
}

impl Street {
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.client.get(format!("{}{path}", self.gateway)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

async fn serve(listener: TcpListener, routes: Router) {
    axum::serve(listener, routes).await.unwrap();
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
