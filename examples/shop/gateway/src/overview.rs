//! The overview of a customer, by API composition: two services asked side by side.
//!
//! Why: the same answer as the history service's view, for comparison. It needs no view of its
//! own and is never behind, and it pays with the availability of every service it asks.
//!
//! Picture:
//! ```text
//!            ┌──▶ customers  GET /customers/{id}           ─┐
//!   overview ┤                                  1 s each    ├──▶ one answer
//!            └──▶ orders     GET /orders?customerId=…, …   ─┘    a part that is down is named in it
//! ```

use crate::proxy;
use crate::service::Gateway;
use crate::upstream::{Answer, Silence, Upstream};
use axum::Extension;
use axum::http::{HeaderMap, HeaderName, Method, Uri};
use axum::response::Response;
use headwater::http::{IntoResponse, Json, Path, Problem, Query};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shop_money::Amount;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the whole of one part may take.
const PART_LIMIT: Duration = Duration::from_secs(1);

/// Orders asked for at once: the most the orders service gives.
const PAGE_ORDER_COUNT: usize = 500;

/// A customer with all their orders, as far as the services behind could be asked.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overview {
    customer_id: String,
    name: Option<String>,
    #[schemars(with = "Option<Amount>")]
    credit_limit: Option<Value>,
    orders: Vec<OrderLine>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unavailable: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomerPart {
    name: String,
    credit_limit: Value,
}

#[derive(Deserialize)]
struct OrdersPage {
    orders: Vec<OrderLine>,
    next: Option<String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderLine {
    order_id: String,
    order_state: String,
    #[schemars(with = "Amount")]
    order_total: Value,
    cancellation_reason: Option<String>,
}

/// Why a part is missing.
#[derive(Debug)]
enum Missing {
    /// The service has no answer for us, now.
    Down,
    /// The service says that the question is wrong: no such customer, no such token.
    Refused(Answer),
}

impl From<Silence> for Missing {
    fn from(_: Silence) -> Self {
        Self::Down
    }
}

/// What every part is asked with.
struct Question {
    customer: String,
    /// The customer as it stands in our own path, still encoded.
    segment: String,
    after: Option<String>,
    traces: HeaderMap,
    /// When it is too late: a part of many pages has no more time than a part of one.
    until: Instant,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    after: Option<String>,
}

pub(crate) async fn overview(
    Extension(gateway): Extension<Arc<Gateway>>,
    Path(customer): Path<String>,
    Query(asked): Query<Asked>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let segment = uri.path().split('/').nth(2).unwrap_or_default().to_owned();
    let until = Instant::now() + PART_LIMIT;
    let traces = traces_of(&headers);
    let question = Question { customer, segment, after: asked.after, traces, until };
    let (customer, orders) = tokio::join!(
        question.customer_part(&gateway.customers),
        question.orders_part(&gateway.orders),
    );
    compose(question.customer, customer, orders)
}

fn compose(
    customer_id: String,
    customer: Result<CustomerPart, Missing>,
    orders: Result<Vec<OrderLine>, Missing>,
) -> Response {
    let mut unavailable = Vec::new();
    let customer = match customer {
        Ok(part) => Some(part),
        Err(Missing::Refused(answer)) => return proxy::hand_on(answer),
        Err(Missing::Down) => {
            unavailable.push("customers");
            None
        }
    };
    let orders = match orders {
        Ok(part) => part,
        Err(Missing::Refused(answer)) => return proxy::hand_on(answer),
        Err(Missing::Down) => {
            unavailable.push("orders");
            Vec::new()
        }
    };
    if unavailable.len() == 2 {
        return Problem::unavailable(
            "gateway.no_part_left",
            "no part of the overview can be had now",
        )
        .into_response();
    }
    let (name, credit_limit) = customer.map(|part| (part.name, part.credit_limit)).unzip();
    Json(Overview { customer_id, name, credit_limit, orders, unavailable }).into_response()
}

impl Question {
    async fn customer_part(&self, customers: &Upstream) -> Result<CustomerPart, Missing> {
        let request = customers.request(Method::GET, &format!("/customers/{}", self.segment));
        self.ask(customers, request).await
    }

    async fn orders_part(&self, orders: &Upstream) -> Result<Vec<OrderLine>, Missing> {
        let mut lines = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = [("customerId", Some(&self.customer)), ("cursor", cursor.as_ref())];
            let request = orders.request(Method::GET, "/orders");
            let request = request.query(&page).query(&[("limit", PAGE_ORDER_COUNT)]);
            let page: OrdersPage = self.ask(orders, request).await?;
            lines.extend(page.orders);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(lines),
            }
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        service: &Upstream,
        request: reqwest::RequestBuilder,
    ) -> Result<T, Missing> {
        let request = request.headers(self.traces.clone()).query(&[("after", &self.after)]);
        let left = self.until.saturating_duration_since(Instant::now());
        let answer = service.send(request, left).await?;
        if answer.status.is_client_error() {
            return Err(Missing::Refused(answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            let (service, status) = (service.name(), answer.status);
            tracing::warn!(service, %status, %error, "a part of an overview is not there");
            Missing::Down
        })
    }
}

fn traces_of(headers: &HeaderMap) -> HeaderMap {
    let known = ["traceparent", "tracestate"].map(HeaderName::from_static);
    let given =
        known.into_iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
    given.collect()
}
