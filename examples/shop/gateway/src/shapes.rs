//! Shapes: what the routes take and give that are passed on, as whoever is outside sees it.
//!
//! Why: the shop has one door, so it has one description. The services know their own shapes and the
//! gateway reads none of them: it says here what it has been told, and a test of the whole shop
//! compares every word with what the services say themselves.

#![expect(dead_code, reason = "shapes are described, never made")]

use schemars::JsonSchema;
use shop_money::{Amount, Asked, AskedAmount};

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct NewCustomer {
    name: String,
    credit_limit: AskedAmount,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct CustomerCreated {
    customer_id: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct Customer {
    customer_id: String,
    name: String,
    credit_limit: Amount,
    available_credit: Amount,
}

#[derive(JsonSchema)]
pub(crate) struct CustomerPage {
    customers: Vec<Customer>,
    next: Option<String>,
}

#[derive(JsonSchema)]
pub(crate) struct GoodsBack {
    amount: Asked,
    reference: String,
}

#[derive(JsonSchema)]
pub(crate) struct Released {
    released: Amount,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct NewOrder {
    customer_id: String,
    order_total: AskedAmount,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct OrderIs {
    order_id: String,
    order_state: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct Order {
    order_id: String,
    customer_id: String,
    order_total: Amount,
    order_state: String,
    cancellation_reason: Option<String>,
}

#[derive(JsonSchema)]
pub(crate) struct OrderPage {
    orders: Vec<Order>,
    next: Option<String>,
}

/// Which orders.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct Whose {
    customer_id: Option<String>,
}

/// How long the answer may wait.
#[derive(JsonSchema)]
pub(crate) struct Patience {
    until: Option<Until>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum Until {
    Decided,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct OrderHistory {
    customer_id: String,
    name: String,
    credit_limit: AmountText,
    orders: Vec<OrderLine>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct OrderLine {
    order_id: String,
    order_state: String,
    order_total: AmountText,
    cancellation_reason: Option<String>,
}

/// An amount as it was published.
#[derive(JsonSchema)]
pub(crate) struct AmountText {
    amount: String,
}
