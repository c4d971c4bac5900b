//! The route: ask the view, answer; or answer again whenever it has changed.

use crate::view::History;
use headwater::http::*;
use headwater::prelude::*;
use schemars::JsonSchema;

/// The routes of this service. It is read-only.
pub fn routes() -> Routes {
    Routes::new().add(
        get("/customers/{id}/orderhistory", order_history)
            .says("A customer with all their orders; as `text/event-stream` again whenever they change.")
            .answers::<OrderHistory>(StatusCode::OK),
    )
}

#[derive(Deserialize)]
struct CustomerRow {
    name: String,
    credit_limit: String,
}

#[derive(Deserialize)]
struct OrderRow {
    id: String,
    total: String,
    state: String,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderHistory {
    customer_id: String,
    name: String,
    credit_limit: Amount,
    orders: Vec<OrderLine>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderLine {
    order_id: String,
    order_state: String,
    order_total: Amount,
    cancellation_reason: Option<String>,
}

/// To this service an amount is a text, passed on as it was published.
#[derive(Serialize, JsonSchema)]
struct Amount {
    amount: String,
}

impl From<OrderRow> for OrderLine {
    fn from(row: OrderRow) -> Self {
        Self {
            order_id: row.id,
            order_state: row.state,
            order_total: Amount { amount: row.total },
            cancellation_reason: row.reason,
        }
    }
}

async fn order_history(
    State(service): State<Service>,
    Path(customer_id): Path<String>,
    after: After,
    live: Live,
) -> Result<impl IntoResponse, Problem> {
    let query = move |db| std::future::ready(history(&db, &customer_id));
    live.answer::<History, _, _, _>(&service, &after, query).await
}

fn history(db: &SqliteReader, customer_id: &str) -> Result<OrderHistory, Problem> {
    const CUSTOMER: &str = "select * from customers where id = ?";
    const ORDERS: &str = "select * from orders where customer = ? order by rowid";
    let known: Option<CustomerRow> = db.row(CUSTOMER, (customer_id,))?;
    let known = known.ok_or_else(|| Problem::not_found("customer"))?;
    let orders: Vec<OrderRow> = db.rows(ORDERS, (customer_id,))?;
    Ok(OrderHistory {
        customer_id: customer_id.to_owned(),
        name: known.name,
        credit_limit: Amount { amount: known.credit_limit },
        orders: orders.into_iter().map(OrderLine::from).collect(),
    })
}
