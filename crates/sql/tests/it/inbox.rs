//! What carries messages carries some of them twice. B1: the inbox drops what was handled, in the
//! handler's own transaction, so that an effect is there once, and only with its mark.

use crate::outbox::database::{Database, Writer};
use headwater_model::{Checkpoint, Incarnation, Position};
use headwater_sql::SqlError;
use headwater_sql::inbox::{Handled, Inbox, InboxError};
use mysql_async::TxOpts;
use mysql_async::prelude::Queryable;
use std::time::Duration;

const EFFECT: &str = "update counters set n = n + 1 where name = 'effects'";

async fn made() -> Vec<Database> {
    let all = Database::all().await;
    for database in &all {
        match database.connect().await {
            Writer::Sqlite(connection) => Inbox::make_sqlite(&connection).unwrap(),
            Writer::Postgres(client) => Inbox::make_postgres(&client).await.unwrap(),
            Writer::MariaDb(mut connection) => Inbox::make_mariadb(&mut connection).await.unwrap(),
        }
        database.run("insert into counters values ('effects', 0)").await;
    }
    all
}

async fn effects(database: &Database) -> i64 {
    database.number("select n from counters where name = 'effects'").await
}

fn refused() -> SqlError {
    SqlError::Statement { sql: "…".to_owned(), why: "the handler's own no".to_owned() }
}

/// Handles a message in a transaction that is committed whatever the handler says.
async fn handle(writer: &mut Writer, message: &str, fails: bool) -> Result<Handled<()>, SqlError> {
    let inbox = Inbox::of("billing");
    match writer {
        Writer::Sqlite(connection) => {
            let mut tx = connection.transaction().unwrap();
            let handled = inbox.handle_sqlite(&mut tx, message, |tx| {
                tx.execute(EFFECT, []).unwrap();
                if fails { Err(refused()) } else { Ok(()) }
            });
            tx.commit().unwrap();
            handled
        }
        Writer::Postgres(client) => {
            let mut tx = client.transaction().await.unwrap();
            let handler = async |tx: &mut tokio_postgres::Transaction<'_>| {
                tx.execute(EFFECT, &[]).await.unwrap();
                if fails { Err(refused()) } else { Ok(()) }
            };
            let handled = inbox.handle_postgres(&mut tx, message, handler).await;
            tx.commit().await.unwrap();
            handled
        }
        Writer::MariaDb(connection) => {
            let mut tx = connection.start_transaction(TxOpts::default()).await.unwrap();
            let handler = async |tx: &mut mysql_async::Transaction<'_>| {
                tx.query_drop(EFFECT).await.unwrap();
                if fails { Err(refused()) } else { Ok(()) }
            };
            let handled = inbox.handle_mariadb(&mut tx, message, handler).await;
            tx.commit().await.unwrap();
            handled
        }
    }
}

async fn advance(writer: &mut Writer, to: Checkpoint) -> Result<bool, InboxError> {
    let inbox = Inbox::of("billing");
    match writer {
        Writer::Sqlite(connection) => {
            let tx = connection.transaction().unwrap();
            let is_new = inbox.advance_sqlite(&tx, "orders", to);
            tx.commit().unwrap();
            is_new
        }
        Writer::Postgres(client) => {
            let tx = client.transaction().await.unwrap();
            let is_new = inbox.advance_postgres(&tx, "orders", to).await;
            tx.commit().await.unwrap();
            is_new
        }
        Writer::MariaDb(connection) => {
            let mut tx = connection.start_transaction(TxOpts::default()).await.unwrap();
            let is_new = inbox.advance_mariadb(&mut tx, "orders", to).await;
            tx.commit().await.unwrap();
            is_new
        }
    }
}

async fn forget(writer: &mut Writer, older_than: Duration) -> u64 {
    let inbox = Inbox::of("billing");
    match writer {
        Writer::Sqlite(connection) => inbox.forget_sqlite(connection, older_than, 1).unwrap(),
        Writer::Postgres(client) => inbox.forget_postgres(client, older_than, 1).await.unwrap(),
        Writer::MariaDb(connection) => {
            inbox.forget_mariadb(connection, older_than, 1).await.unwrap()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_its_effect_once() {
    for database in made().await {
        let (mut writer, name) = (database.connect().await, database.name());
        assert_eq!(handle(&mut writer, "m-1", false).await, Ok(Handled::Now(())), "{name}");
        assert_eq!(handle(&mut writer, "m-1", false).await, Ok(Handled::Before), "{name}");
        assert_eq!(handle(&mut writer, "m-2", false).await, Ok(Handled::Now(())), "{name}");
        assert_eq!(effects(&database).await, 2, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_handler_failed_is_handled_again_and_left_no_half() {
    for database in made().await {
        let (mut writer, name) = (database.connect().await, database.name());
        assert_eq!(handle(&mut writer, "m-1", true).await, Err(refused()), "{name}");
        assert_eq!(effects(&database).await, 0, "{name}");
        assert_eq!(handle(&mut writer, "m-1", false).await, Ok(Handled::Now(())), "{name}");
        assert_eq!(effects(&database).await, 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_handle_one_message_at_the_same_time_have_its_effect_once() {
    for database in made().await {
        let name = database.name();
        for round in 0..10 {
            let message = format!("m-{round}");
            let mut both = Vec::new();
            for _ in 0..2 {
                let (mut writer, message) = (database.connect().await, message.clone());
                both.push(tokio::spawn(async move { handle(&mut writer, &message, false).await }));
            }
            let mut now = 0;
            for one in both {
                now += usize::from(one.await.unwrap() == Ok(Handled::Now(())));
            }
            assert_eq!(now, 1, "{name}");
        }
        assert_eq!(effects(&database).await, 10, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_goes_on_never_back_and_means_one_history() {
    let at = |incarnation, position| Checkpoint {
        incarnation: Incarnation(incarnation),
        position: Position(position),
    };
    for database in made().await {
        let (mut writer, name) = (database.connect().await, database.name());
        for (position, is_new) in [(0, true), (0, false), (7, true), (3, false), (8, true)] {
            assert_eq!(advance(&mut writer, at(0, position)).await, Ok(is_new), "{name}");
        }
        let other = advance(&mut writer, at(1, 9)).await.unwrap_err();
        assert_eq!(other.code(), "inbox.other_history", "{name}");
        assert_eq!(advance(&mut writer, at(0, 9)).await, Ok(true), "{name}: nothing was moved");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_forgotten_by_age_a_few_at_a_time() {
    for database in made().await {
        let (mut writer, name) = (database.connect().await, database.name());
        for message in ["m-1", "m-2"] {
            handle(&mut writer, message, false).await.unwrap();
        }
        assert_eq!(forget(&mut writer, Duration::from_secs(60)).await, 0, "{name}");
        let old = match database.name() {
            "SQLite" => "update headwater_inbox set handled_ms = 0",
            "PostgreSQL" => "update headwater_inbox set handled_at = 'epoch'",
            _ => "update headwater_inbox set handled_at = '1971-01-01'",
        };
        database.run(old).await;
        for count in [1, 1, 0] {
            assert_eq!(forget(&mut writer, Duration::from_secs(60)).await, count, "{name}");
        }
        assert_eq!(handle(&mut writer, "m-1", false).await, Ok(Handled::Now(())), "{name}");
    }
}
