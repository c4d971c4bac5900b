//! A service fills a view, with the framework's own reader.

use super::{Site, TxOf, exam};
use bytes::Bytes;
use headwater_framework::prelude::*;
use headwater_framework::{Poison, Policy};
use headwater_model::memory::MemoryContexts;
use headwater_model::{
    Append, ContentType, ContextName, EventId, EventStore, EventType, ExpectedRevision, Metadata,
    NewEvent, StreamName, Timestamp,
};
use std::marker::PhantomData;
use std::sync::Arc;
use uuid::Uuid;

exam! {
    filled as a_view_holds_what_its_events_say,
    poisoned as one_poisoned_event_among_thousands_is_found_and_parked_with_its_followers,
}

#[derive(Input)]
pub(crate) enum AccountEvent {
    MoneyMoved { number: i64, amount: i64 },
}

pub(crate) struct Movements<S>(pub(crate) PhantomData<S>);

impl<S: Site> Projection for Movements<S> {
    const NAME: &'static str = "movements";
    const SCHEMA: &'static str = "create table movements (number bigint primary key, amount bigint
                                  not null check (amount <> 13))";
    type Input = AccountEvent;
    type Database = S::Db;

    fn policy(&self) -> Policy {
        Policy { then: Poison::Park, ..Policy::default() }
    }

    async fn apply(&self, db: &mut TxOf<S>, e: &Recorded<AccountEvent>) -> Result<(), Failed> {
        let AccountEvent::MoneyMoved { number, amount } = e.event;
        S::execute(db, &S::places("insert into movements values (?, ?)"), (number, amount)).await
    }
}

/// `count` movements over ten accounts; `amount` says of each how much.
pub(crate) async fn bank(count: u64, amount: impl Fn(u64) -> i64) -> Arc<MemoryContexts> {
    let contexts = Arc::new(MemoryContexts::new(Arc::new(|| Timestamp::ZERO)));
    move_money(&contexts, 0..count, amount).await;
    contexts
}

/// More of them.
pub(crate) async fn move_money(
    contexts: &MemoryContexts,
    numbers: std::ops::Range<u64>,
    amount: impl Fn(u64) -> i64,
) {
    let store = contexts.store(&ContextName::new("bank").unwrap());
    for number in numbers {
        let stream = StreamName::new(format!("account-{}", number % 10)).unwrap();
        let payload = format!("{{\"number\":{number},\"amount\":{}}}", amount(number));
        let event = NewEvent {
            id: EventId(Uuid::from_u128(u128::from(number) + 1)),
            event_type: EventType::new("MoneyMoved").unwrap(),
            schema_version: 1,
            content_type: ContentType::Json,
            payload: Bytes::from(payload),
            metadata: Metadata::default(),
            tags: Vec::new(),
        };
        let append = Append::to(stream, ExpectedRevision::Any, vec![event]);
        store.append(append).await.unwrap();
    }
}

/// Runs a service until its view has come to the last event.
pub(crate) async fn fill<S: Site>(bank: &Arc<MemoryContexts>, database: S::Db) -> Service {
    let store = Store::new(Arc::clone(bank) as Arc<_>);
    let service = Service::new("bank", &store).projection(Movements::<S>(PhantomData), database);
    let name = ContextName::new("bank").unwrap();
    let (_, head) = bank.store(&name).head().await.unwrap();
    let supervisor = service.supervise();
    let after = After::nothing().and(name, head.unwrap());
    while service.read_model::<Movements<S>>(&after).await.is_err() {}
    supervisor.drain().await;
    service
}

pub(crate) async fn found<S: Site>(database: &S::Db) -> (u64, i64) {
    found_in::<S>(database, 1).await
}

/// What stands in this build of the view.
pub(crate) async fn found_in<S: Site>(database: &S::Db, generation: u32) -> (u64, i64) {
    let first = headwater_framework::ModelName::new("movements", 1, Movements::<S>::SCHEMA);
    let model = headwater_framework::ModelName { generation, ..first };
    let mut model = headwater_framework::Database::open(database, model).await.unwrap();
    let tx = headwater_framework::ReadModel::tx(&mut model);
    let select = "select count(*), cast(sum(amount) as decimal(20)) from movements";
    S::row(tx, select, ()).await.unwrap().unwrap()
}

async fn filled<S: Site>(site: S) {
    let bank = bank(6_000, |_| 2).await;
    fill::<S>(&bank, site.database()).await;
    assert_eq!(found::<S>(&site.database()).await, (6_000, 12_000));
}

/// A database that answers late refuses a transaction without saying which event is to blame.
/// C3: it is found, and it and those behind it of its key are set aside, and no other.
async fn poisoned<S: Site>(site: S) {
    let bank = bank(3_000, |number| if number == 1_234 { 13 } else { 1 }).await;
    fill::<S>(&bank, site.database()).await;
    // Account 4 has movements 4, 14, …: 123 of them came before the poisoned one.
    let (count, sum) = found::<S>(&site.database()).await;
    assert_eq!((count, sum), (2_700 + 123, 2_823));
}
