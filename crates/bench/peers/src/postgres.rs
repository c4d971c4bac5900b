//! PostgreSQL: one table, prepared statements, a connection for each client. Positions are a
//! sequence's, so that under concurrent writers a reader may see a gap fill in later: the order that
//! Headwater promises would cost more.

use crate::drive::{Doing, Side};
use crate::event::{EVENT_TYPE, Event};
use anyhow::Context;
use futures_util::TryStreamExt;
use headwater_model::StreamName;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

/// As many as there are clients at most.
const CONNECTION_COUNT: usize = 64;

const TABLE: &str = "create table if not exists events (position bigserial primary key, \
    stream text not null, revision bigint not null, id uuid not null, type text not null, \
    payload bytea not null, unique (stream, revision))";
const INSERT: &str =
    "insert into events (stream, revision, id, type, payload) values ($1, $2, $3, $4, $5)";
const INSERT_MANY: &str = "insert into events (stream, revision, id, type, payload) select * from \
    unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::bytea[])";
const SCAN: &str =
    "select position, stream, revision, id, type, payload from events order by position";
const READ: &str = "select position, stream, revision, id, type, payload from events \
    where stream = $1 order by revision";

struct Connection {
    client: Client,
    insert: Statement,
    insert_many: Statement,
    scan: Statement,
    read: Statement,
}

struct Postgres(Vec<Connection>);

pub(crate) async fn open(address: &str) -> anyhow::Result<Arc<dyn Side>> {
    let mut connections = Vec::with_capacity(CONNECTION_COUNT);
    for _ in 0..CONNECTION_COUNT {
        connections.push(connect(address).await?);
    }
    Ok(Arc::new(Postgres(connections)))
}

async fn connect(address: &str) -> anyhow::Result<Connection> {
    let (host, port) = address.rsplit_once(':').context("host:port")?;
    let settings = format!("host={host} port={port} user=postgres dbname=postgres");
    let (client, connection) = tokio_postgres::connect(&settings, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(TABLE).await?;
    Ok(Connection {
        insert: client.prepare(INSERT).await?,
        insert_many: client.prepare(INSERT_MANY).await?,
        scan: client.prepare(SCAN).await?,
        read: client.prepare(READ).await?,
        client,
    })
}

/// All fields, as a reader would take them.
fn take(row: &Row) {
    black_box((row.get::<_, i64>(0), row.get::<_, &str>(1), row.get::<_, i64>(2)));
    black_box((row.get::<_, Uuid>(3), row.get::<_, &str>(4), row.get::<_, &[u8]>(5)));
}

impl Side for Postgres {
    fn append(&self, client: usize, events: Vec<Event>) -> Doing<'_> {
        let connection = &self.0[client % CONNECTION_COUNT];
        Box::pin(async move {
            if let [event] = events.as_slice() {
                let (id, revision) = (Uuid::from_u128(event.id), event.revision as i64);
                let (stream, payload) = (event.stream.as_str(), &event.payload[..]);
                let values: [&(dyn ToSql + Sync); 5] =
                    [&stream, &revision, &id, &EVENT_TYPE, &payload];
                return Ok(connection.client.execute(&connection.insert, &values).await?);
            }
            let streams: Vec<&str> = events.iter().map(|event| event.stream.as_str()).collect();
            let revisions: Vec<i64> = events.iter().map(|event| event.revision as i64).collect();
            let ids: Vec<Uuid> = events.iter().map(|event| Uuid::from_u128(event.id)).collect();
            let types = vec![EVENT_TYPE; events.len()];
            let payloads: Vec<&[u8]> = events.iter().map(|event| &event.payload[..]).collect();
            let values: [&(dyn ToSql + Sync); 5] = [&streams, &revisions, &ids, &types, &payloads];
            Ok(connection.client.execute(&connection.insert_many, &values).await?)
        })
    }

    fn scan(&self) -> Doing<'_> {
        Box::pin(async move {
            let connection = &self.0[0];
            let nothing: [&str; 0] = [];
            let mut rows = pin!(connection.client.query_raw(&connection.scan, nothing).await?);
            let mut count = 0;
            while let Some(row) = rows.try_next().await? {
                take(&row);
                count += 1;
            }
            Ok(count)
        })
    }

    fn read_stream<'a>(&'a self, client: usize, stream: &'a StreamName) -> Doing<'a> {
        let connection = &self.0[client % CONNECTION_COUNT];
        Box::pin(async move {
            let rows = connection.client.query(&connection.read, &[&stream.as_str()]).await?;
            rows.iter().for_each(take);
            Ok(rows.len() as u64)
        })
    }
}
