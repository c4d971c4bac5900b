//! Stock: counts what orders take. Counting twice would show, so its decider is not idempotent: only
//! the framework keeps it right.

use headwater::http::*;
use headwater::prelude::*;
use serde_json::{Value, json};
use std::path::Path as Directory;

#[derive(StreamId)]
#[stream("item")]
pub(crate) struct ItemId(String);

#[derive(Event, Debug, PartialEq)]
pub(crate) enum StockEvent {
    StockTaken { count: u32 },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum StockCommand {
    Take { count: u32 },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum StockRefusal {
    #[refusal(conflict, "never")]
    Never,
}

#[derive(Default)]
pub(crate) struct Stock;

impl Decider for Stock {
    type Id = ItemId;
    type Command = StockCommand;
    type Event = StockEvent;
    type Refusal = StockRefusal;
    fn decide(&self, command: StockCommand, _: &Cause) -> Result<Vec<StockEvent>, StockRefusal> {
        let StockCommand::Take { count } = command;
        if count == u32::MAX {
            Err(StockRefusal::Never)
        } else {
            Ok(vec![StockEvent::StockTaken { count }])
        }
    }
    fn evolve(self, _: &StockEvent) -> Self {
        self
    }
}

#[derive(Input, Debug)]
#[input(from = "orders")]
enum Placed {
    OrderPlaced { item: ItemId, count: u32 },
}

struct TakeStock;

impl Reaction for TakeStock {
    const NAME: &'static str = "take-stock";
    type Input = Placed;
    fn react(&self, placed: &Recorded<Placed>) -> Actions {
        let Placed::OrderPlaced { item, count } = &placed.event;
        Actions::new().run::<Stock>(item, StockCommand::Take { count: *count })
    }
}

pub(crate) struct Taken;

impl Projection for Taken {
    const NAME: &'static str = "taken";
    const SCHEMA: &'static str =
        "create table taken (item text primary key, count integer not null) strict";
    type Input = StockEvent;
    type Database = Sqlite;
    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<StockEvent>) -> Result<(), Failed> {
        let StockEvent::StockTaken { count } = &e.event;
        let add = "insert into taken values (?1, ?2)
                   on conflict (item) do update set count = count + ?2";
        db.execute(add, (e.stream.id(), count))
    }
}

async fn taken(
    State(service): State<Service>,
    Path(item): Path<ItemId>,
    after: After,
) -> Result<Json<Value>, Problem> {
    let db = service.read_model::<Taken>(&after).await?;
    let count: Option<u32> = db.row("select count from taken where item = ?", (item,))?;
    Ok(Json(json!(count.unwrap_or(0))))
}

pub(crate) fn service(store: &Store, database: Sqlite) -> Service {
    Service::new("stock", store)
        .decider::<Stock>()
        .reaction(TakeStock, Start::Beginning)
        .projection(Taken, database)
}

pub(crate) fn site(store: &Store, views: &Directory) -> Site {
    let routes = Routes::new().add(get("/taken/{item}", taken));
    service(store, Sqlite::file(views.join("stock.db"))).at(([127, 0, 0, 1], 0).into(), routes)
}
