//! Snapshots: a shortcut to the same state, used when it is one, passed over when it is not.

use headwater::prelude::*;
use headwater::testing::{block_on, memory_store};
use headwater_model::{
    Append, ContextName, EventStore, EventType, ExpectedRevision, NewEvent, RecordedEvent,
    StreamChange,
};
use std::num::NonZeroU32;
use std::sync::Arc;

#[derive(StreamId)]
#[stream("account")]
struct AccountId(String);

#[derive(Event, Debug, PartialEq)]
enum AccountEvent {
    Deposited { amount: u64 },
}

#[derive(Command, Debug, Clone)]
enum AccountCommand {
    Deposit { amount: u64 },
}

#[derive(Refusal, Debug, PartialEq)]
enum AccountRefusal {
    #[refusal(invalid, "nothing is no deposit")]
    Nothing,
}

#[derive(Default, Debug, Serialize, Deserialize)]
struct Account {
    balance: u64,
}

impl Decider for Account {
    type Id = AccountId;
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Refusal = AccountRefusal;

    fn decide(
        &self,
        command: AccountCommand,
        _: &Cause,
    ) -> Result<Vec<AccountEvent>, AccountRefusal> {
        match command {
            AccountCommand::Deposit { amount: 0 } => Err(AccountRefusal::Nothing),
            AccountCommand::Deposit { amount } => Ok(vec![AccountEvent::Deposited { amount }]),
        }
    }

    fn evolve(self, event: &AccountEvent) -> Account {
        let AccountEvent::Deposited { amount } = event;
        Account { balance: self.balance + amount }
    }
}

const EVERY: NonZeroU32 = NonZeroU32::new(3).expect("three is not nothing");

fn service(store: &Store, shape: &'static str) -> Service {
    Service::new("bank", store).decider::<Account>().snapshots::<Account>(EVERY, shape)
}

/// Each deposit by a service that remembers nothing, as after a restart.
fn deposit(store: &Store, shape: &'static str, n: u64) {
    let command = AccountCommand::Deposit { amount: 1 };
    let cause = Cause::keyed(n.to_string());
    block_on(service(store, shape).run::<Account>(&"a".into(), command, &cause)).unwrap();
}

fn balance(store: &Store, shape: &'static str) -> u64 {
    block_on(service(store, shape).load::<Account>(&"a".into(), AsOf::Now)).unwrap().balance
}

fn bank(store: &Store) -> Arc<dyn EventStore> {
    block_on(store.context(ContextName::new("bank").unwrap())).unwrap()
}

fn snapshots(store: &Store) -> Vec<RecordedEvent> {
    let bank = bank(store);
    let prefix = headwater_model::QueryItem {
        stream_prefixes: vec!["$snapshot-".into()],
        ..Default::default()
    };
    block_on(bank.read_all(headwater_model::ReadAll::forwards(prefix.into()))).unwrap().events
}

#[test]
fn a_long_stream_is_read_from_its_latest_snapshot_on() {
    let store = memory_store();
    (0..10).for_each(|n| deposit(&store, "1", n));
    assert_eq!(balance(&store, "1"), 10);
    let kept = snapshots(&store);
    assert_eq!(kept.len(), 3, "one for each three events that had to be read");

    // A snapshot that is wrong shows that it is used.
    let wrong = r#"{"revision":9,"first":0,"state":{"balance":1000}}"#;
    let event =
        NewEvent::json(Cause::keyed("wrong").id(), EventType::new("$Snapshot").unwrap(), wrong);
    let append = Append::to(kept[0].stream.clone(), ExpectedRevision::Any, vec![event]);
    block_on(bank(&store).append(append)).unwrap();
    deposit(&store, "1", 10);
    assert_eq!(balance(&store, "1"), 1_001);
    assert_eq!(balance(&store, "2"), 11, "another shape of the code makes its own");
}

#[test]
fn what_was_deleted_does_not_come_back_from_a_snapshot() {
    let store = memory_store();
    (0..5).for_each(|n| deposit(&store, "1", n));
    assert!(!snapshots(&store).is_empty());
    let stream = StreamName::new("account-a").unwrap();
    let delete = bank(&store);
    block_on(delete.change_stream(stream, ExpectedRevision::Exists, StreamChange::Delete)).unwrap();
    assert_eq!(balance(&store, "1"), 0);
    (5..7).for_each(|n| deposit(&store, "1", n));
    assert_eq!(balance(&store, "1"), 2);
}
