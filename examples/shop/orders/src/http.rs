//! Routes: parse, call, answer.

use crate::decided::Decisions;
use crate::order::{Order, OrderCommand, Reason};
use crate::table::OrdersTable;
use crate::{CustomerId, Money, OrderId};
use axum::Extension;
use headwater::http::*;
use headwater::prelude::*;
use schemars::JsonSchema;
use shop_money::{Amount, AskedAmount};
use std::sync::Arc;
use tokio::time::Instant;

/// How long a caller may wait for a decision in one request: well below the patience of proxies.
const DECISION_WAIT: Duration = Duration::from_secs(10);

/// The routes of this service.
pub fn routes(decisions: Decisions) -> Routes {
    Routes::new()
        .add(
            post("/orders", create)
                .says("Takes an order. Whether the customer may is found out afterwards.")
                .takes::<NewOrder>()
                .answers::<OrderIs>(StatusCode::CREATED),
        )
        .add(
            get("/orders", list)
                .says("Orders, in the order of their creation.")
                .asks::<Whose>()
                .answers::<OrderPage>(StatusCode::OK),
        )
        .add(
            get("/orders/{id}", show)
                .says("An order. With `until=decided` the answer waits for the decision, bounded.")
                .asks::<Patience>()
                .answers::<Shown>(StatusCode::OK),
        )
        .add(
            post("/orders/{id}/cancel", cancel)
                .says("Cancels an approved order.")
                .answers::<OrderIs>(StatusCode::OK),
        )
        .extension(Arc::new(decisions))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    #[schemars(with = "String")]
    customer_id: CustomerId,
    order_total: AskedAmount,
}

/// What a command made of an order.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrderIs {
    #[schemars(with = "String")]
    order_id: OrderId,
    order_state: &'static str,
}

async fn create(
    State(service): State<Service>,
    cause: Cause,
    Json(new): Json<NewOrder>,
) -> Result<impl IntoResponse, Problem> {
    let order_id = OrderId::new(&cause); // derived from the key: a retry means the same order
    let (customer, total) = (new.customer_id, new.order_total.amount.into());
    let command = OrderCommand::Create { customer, total };
    let receipt = service.run::<Order>(&order_id, command, &cause).await?;
    Ok((StatusCode::CREATED, receipt, Json(OrderIs { order_id, order_state: "PENDING" })))
}

async fn cancel(
    State(service): State<Service>,
    Path(order_id): Path<OrderId>,
    cause: Cause,
) -> Result<impl IntoResponse, Problem> {
    let receipt = service.run::<Order>(&order_id, OrderCommand::Cancel, &cause).await?;
    Ok((receipt, Json(OrderIs { order_id, order_state: "CANCELLED" })))
}

/// A row of the table.
#[derive(Deserialize)]
struct Row {
    place: i64,
    id: OrderId,
    customer: CustomerId,
    total: Money,
    state: String,
    reason: Option<Reason>,
}

const SELECT: &str = "select rowid as place, * from orders";

/// An order as it is shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[schemars(with = "String")]
    order_id: OrderId,
    #[schemars(with = "String")]
    customer_id: CustomerId,
    order_total: Amount,
    order_state: String,
    #[schemars(with = "Option<String>")]
    cancellation_reason: Option<Reason>,
}

impl From<Row> for Shown {
    fn from(row: Row) -> Self {
        Self {
            order_id: row.id,
            customer_id: row.customer,
            order_total: row.total.into(),
            order_state: row.state,
            cancellation_reason: row.reason,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct Patience {
    until: Option<Until>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Until {
    Decided,
}

async fn show(
    State(service): State<Service>,
    Extension(decisions): Extension<Arc<Decisions>>,
    Path(order): Path<OrderId>,
    Query(patience): Query<Patience>,
    mut after: After,
) -> Result<Json<Shown>, Problem> {
    let until = Instant::now() + DECISION_WAIT;
    // Before the first look, or a decision between looking and listening would be missed.
    let mut decision = patience.until.map(|Until::Decided| decisions.about(&order));
    loop {
        let shown = look(&service, &order, &after).await?;
        match &mut decision {
            Some(decision) if shown.order_state == "PENDING" => {
                match decision.next_look(until).await {
                    Some(token) => after = token,
                    None => return Ok(Json(shown)),
                }
            }
            _ => return Ok(Json(shown)),
        }
    }
}

async fn look(service: &Service, order: &OrderId, after: &After) -> Result<Shown, Problem> {
    let db = service.read_model::<OrdersTable>(after).await?;
    let row: Option<Row> = db.row(&format!("{SELECT} where id = ?"), (order,))?;
    row.map(Shown::from).ok_or_else(|| Problem::not_found("order"))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Whose {
    #[schemars(with = "Option<String>")]
    customer_id: Option<CustomerId>,
}

#[derive(Serialize, JsonSchema)]
struct OrderPage {
    orders: Vec<Shown>,
    next: Option<String>,
}

async fn list(
    State(service): State<Service>,
    Query(whose): Query<Whose>,
    paging: Paging,
    after: After,
) -> Result<Json<OrderPage>, Problem> {
    let behind: i64 = place_of(&paging)?;
    let page = "rowid > ? order by rowid limit ?";
    let db = service.read_model::<OrdersTable>(&after).await?;
    let rows: Vec<Row> = match whose.customer_id {
        Some(customer) => {
            let of_customer = format!("{SELECT} where customer = ? and {page}");
            db.rows(&of_customer, (customer, behind, paging.rows_max()))?
        }
        None => db.rows(&format!("{SELECT} where {page}"), (behind, paging.rows_max()))?,
    };
    let (rows, next) = paging.cut(rows, |row| row.place.to_string());
    Ok(Json(OrderPage { orders: rows.into_iter().map(Shown::from).collect(), next }))
}

/// The place behind which a page begins: pages are cut by the order of creation.
fn place_of(paging: &Paging) -> Result<i64, Problem> {
    let cursor = paging.cursor().unwrap_or("0");
    cursor.parse().map_err(|_not_ours| {
        Problem::new(StatusCode::BAD_REQUEST, "request.cursor", "the cursor is not one of ours")
    })
}
