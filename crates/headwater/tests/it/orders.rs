//! Orders: takes them, shows them.

use headwater::http::*;
use headwater::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path as Directory;

#[derive(StreamId)]
#[stream("order")]
pub(crate) struct OrderId(String);

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Order", public)]
pub(crate) enum OrderEvent {
    Placed { item: String, count: u32 },
    Cancelled,
}

#[derive(Command, Debug, Clone)]
pub(crate) enum OrderCommand {
    Place { item: String, count: u32 },
    Cancel,
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum OrderRefusal {
    #[refusal(not_found, "there is no such order")]
    Unknown,
    #[refusal(invalid, "an order of nothing is none")]
    Nothing,
    #[refusal(conflict, "the order was cancelled before")]
    Cancelled,
}

#[derive(Default)]
pub(crate) enum Order {
    #[default]
    New,
    Placed,
    Cancelled,
}

impl Decider for Order {
    type Id = OrderId;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Refusal = OrderRefusal;
    fn decide(&self, command: OrderCommand, _: &Cause) -> Result<Vec<OrderEvent>, OrderRefusal> {
        match (self, command) {
            (_, OrderCommand::Place { count: 0, .. }) => Err(OrderRefusal::Nothing),
            (Order::New, OrderCommand::Place { item, count }) => {
                Ok(vec![OrderEvent::Placed { item, count }])
            }
            (Order::Placed, OrderCommand::Cancel) => Ok(vec![OrderEvent::Cancelled]),
            (Order::New, OrderCommand::Cancel) => Err(OrderRefusal::Unknown),
            (_, OrderCommand::Place { .. }) => Ok(vec![]),
            (Order::Cancelled, OrderCommand::Cancel) => Err(OrderRefusal::Cancelled),
        }
    }
    fn evolve(self, event: &OrderEvent) -> Self {
        match event {
            OrderEvent::Placed { .. } => Order::Placed,
            OrderEvent::Cancelled => Order::Cancelled,
        }
    }
}

pub(crate) struct OrdersTable;

impl Projection for OrdersTable {
    const NAME: &'static str = "orders";
    const SCHEMA: &'static str = "create table orders (id text primary key, item text not null,
        count integer not null, cancelled integer not null default false) strict";
    type Input = OrderEvent;
    type Database = Sqlite;
    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<OrderEvent>) -> Result<(), Failed> {
        let id = e.stream.id();
        match &e.event {
            OrderEvent::Placed { item, count } => {
                let insert = "insert into orders (id, item, count) values (?, ?, ?)";
                db.execute(insert, (id, item, count))
            }
            OrderEvent::Cancelled => {
                db.execute("update orders set cancelled = true where id = ?", (id,))
            }
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "headwater::http::schemars")]
struct NewOrder {
    item: String,
    count: u32,
}

async fn place(
    State(service): State<Service>,
    cause: Cause,
    Json(NewOrder { item, count }): Json<NewOrder>,
) -> Result<impl IntoResponse, Problem> {
    let order = OrderId::new(&cause);
    let receipt = service.run::<Order>(&order, OrderCommand::Place { item, count }, &cause).await?;
    Ok((StatusCode::CREATED, receipt, Json(json!({ "orderId": order }))))
}

async fn cancel(
    State(service): State<Service>,
    Path(order): Path<OrderId>,
    cause: Cause,
) -> Result<impl IntoResponse, Problem> {
    let receipt = service.run::<Order>(&order, OrderCommand::Cancel, &cause).await?;
    Ok((receipt, Json(json!({ "orderId": order }))))
}

async fn show(
    State(service): State<Service>,
    Path(order): Path<OrderId>,
    after: After,
) -> Result<Json<Value>, Problem> {
    let db = service.read_model::<OrdersTable>(&after).await?;
    let row = db.row("select item, count, cancelled from orders where id = ?", (&order,))?;
    row.map(Json).ok_or_else(|| Problem::not_found("order"))
}

pub(crate) fn service(store: &Store, database: Sqlite) -> Service {
    Service::new("orders", store).decider::<Order>().projection(OrdersTable, database)
}

pub(crate) fn site(store: &Store, views: &Directory) -> Site {
    let routes = Routes::new()
        .add(post("/orders", place).takes::<NewOrder>())
        .add(post("/orders/{id}/cancel", cancel))
        .add(get("/orders/{id}", show));
    service(store, Sqlite::file(views.join("orders.db"))).at(([127, 0, 0, 1], 0).into(), routes)
}
