//! Routes: parse, call, answer.

use crate::customer::{Customer, CustomerCommand, CustomerEvent};
use crate::table::CustomersTable;
use crate::{CustomerId, Money};
use headwater::http::*;
use headwater::prelude::*;
use schemars::JsonSchema;
use shop_money::{Amount, Asked, AskedAmount};

/// A name that fits on a letter, and a reference that fits on a delivery note.
const TEXT_CHARS_MAX: usize = 200;

/// The routes of this service.
pub fn routes() -> Routes {
    Routes::new()
        .add(
            post("/customers", create)
                .says("A new customer.")
                .takes::<NewCustomer>()
                .answers::<Created>(StatusCode::CREATED),
        )
        .add(
            get("/customers", list)
                .says("Customers, in the order of their creation.")
                .answers::<CustomerPage>(StatusCode::OK),
        )
        .add(
            get("/customers/{id}", show)
                .says("A customer, with the credit they have left.")
                .answers::<Shown>(StatusCode::OK),
        )
        .add(
            post("/customers/{id}/returns", take_back)
                .says("Goods come back: releases what is outstanding, at most their amount.")
                .takes::<GoodsBack>()
                .answers::<Released>(StatusCode::OK),
        )
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NewCustomer {
    name: String,
    credit_limit: AskedAmount,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Created {
    #[schemars(with = "String")]
    customer_id: CustomerId,
}

async fn create(
    State(service): State<Service>,
    cause: Cause,
    Json(new): Json<NewCustomer>,
) -> Result<impl IntoResponse, Problem> {
    let customer_id = CustomerId::new(&cause); // derived from the key: a retry means the same one
    let command = CustomerCommand::CreateCustomer {
        name: text("name", new.name)?,
        credit_limit: new.credit_limit.amount.into(),
    };
    let receipt = service.run::<Customer>(&customer_id, command, &cause).await?;
    Ok((StatusCode::CREATED, receipt, Json(Created { customer_id })))
}

#[derive(Deserialize, JsonSchema)]
struct GoodsBack {
    amount: Asked,
    reference: String,
}

#[derive(Serialize, JsonSchema)]
struct Released {
    released: Amount,
}

/// The same reference again is the same return: it releases nothing more, and is answered as it was.
async fn take_back(
    State(service): State<Service>,
    Path(customer): Path<CustomerId>,
    cause: Cause,
    Json(back): Json<GoodsBack>,
) -> Result<impl IntoResponse, Problem> {
    let (reference, amount) = (text("reference", back.reference)?, back.amount.into());
    let command = CustomerCommand::ReturnGoods { reference: reference.clone(), amount };
    let receipt = service.run::<Customer>(&customer, command, &cause).await?;
    let now = receipt.events.iter().find_map(|event| match event {
        CustomerEvent::GoodsReturned { released, .. } => Some(*released),
        _ => None,
    });
    let released = match now {
        Some(released) => released,
        None => {
            let known = service.load::<Customer>(&customer, AsOf::Now).await?;
            known.returns.get(&reference).copied().unwrap_or_default()
        }
    };
    Ok((receipt, Json(Released { released: released.into() })))
}

/// A row of the table.
#[derive(Deserialize)]
struct Row {
    place: i64,
    id: CustomerId,
    name: String,
    credit_limit: i64,
    reserved: i64,
}

const SELECT: &str = "select rowid as place, * from customers";

/// A customer as they are shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[schemars(with = "String")]
    customer_id: CustomerId,
    name: String,
    credit_limit: Amount,
    available_credit: Amount,
}

impl From<Row> for Shown {
    fn from(row: Row) -> Self {
        // The table's own check keeps what is reserved between nothing and the limit.
        let amount = |pence| Amount::from(Money::from_pence(pence).unwrap_or_default());
        Self {
            customer_id: row.id,
            name: row.name,
            credit_limit: amount(row.credit_limit),
            available_credit: amount(row.credit_limit - row.reserved),
        }
    }
}

async fn show(
    State(service): State<Service>,
    Path(customer): Path<CustomerId>,
    after: After,
) -> Result<Json<Shown>, Problem> {
    let db = service.read_model::<CustomersTable>(&after).await?;
    let row: Option<Row> = db.row(&format!("{SELECT} where id = ?"), (customer,))?;
    row.map(|row| Json(row.into())).ok_or_else(|| Problem::not_found("customer"))
}

#[derive(Serialize, JsonSchema)]
struct CustomerPage {
    customers: Vec<Shown>,
    next: Option<String>,
}

async fn list(
    State(service): State<Service>,
    paging: Paging,
    after: After,
) -> Result<Json<CustomerPage>, Problem> {
    let behind = place_of(&paging)?;
    let db = service.read_model::<CustomersTable>(&after).await?;
    let page = format!("{SELECT} where rowid > ? order by rowid limit ?");
    let rows: Vec<Row> = db.rows(&page, (behind, paging.rows_max()))?;
    let (rows, next) = paging.cut(rows, |row| row.place.to_string());
    Ok(Json(CustomerPage { customers: rows.into_iter().map(Shown::from).collect(), next }))
}

/// The place behind which a page begins: pages are cut by the order of creation.
fn place_of(paging: &Paging) -> Result<i64, Problem> {
    let cursor = paging.cursor().unwrap_or("0");
    cursor.parse().map_err(|_not_ours| {
        Problem::new(StatusCode::BAD_REQUEST, "request.cursor", "the cursor is not one of ours")
    })
}

fn text(what: &str, text: String) -> Result<String, Problem> {
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        let why = format!("the {what} has from 1 to {TEXT_CHARS_MAX} characters");
        return Err(Problem::invalid(format!("customer.{what}"), why));
    }
    Ok(text)
}
