//! Redis Streams: a key for each stream. An append is one XADD, and keeps no order over the streams;
//! filling also adds to one stream of all, so that a scan has something to read.
//!
//! All clients share one connection, which sends what is asked at the same time together: that is
//! what the client advises, and faster than a connection for each.

use crate::drive::{Doing, Side};
use crate::event::{EVENT_TYPE, Event};
use anyhow::Context;
use headwater_model::StreamName;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, Value};
use std::hint::black_box;
use std::sync::Arc;

/// The stream of all.
const ALL: &str = "all";

/// Events of one answer of a scan.
const PAGE_COUNT: u64 = 4_096;

struct Redis(MultiplexedConnection);

pub(crate) async fn open(address: &str) -> anyhow::Result<Arc<dyn Side>> {
    let client = redis::Client::open(format!("redis://{address}/"))?;
    Ok(Arc::new(Redis(client.get_multiplexed_async_connection().await?)))
}

fn add(key: &str, event: &Event) -> Cmd {
    let mut add = redis::cmd("XADD");
    add.arg(key).arg("*").arg("i").arg(&event.id.to_be_bytes()[..]);
    add.arg("t").arg(EVENT_TYPE).arg("d").arg(&event.payload[..]);
    add
}

fn entries(answer: Value) -> anyhow::Result<Vec<Value>> {
    match answer {
        Value::Array(entries) => Ok(entries),
        other => anyhow::bail!("Redis answered {other:?}"),
    }
}

/// What the next page begins behind.
fn id_of(entry: &Value) -> Option<String> {
    let Value::Array(parts) = entry else { return None };
    match parts.first() {
        Some(Value::BulkString(id)) => String::from_utf8(id.clone()).ok(),
        _ => None,
    }
}

impl Side for Redis {
    fn append(&self, _client: usize, events: Vec<Event>) -> Doing<'_> {
        Box::pin(async move {
            let mut connection = self.0.clone();
            if let [event] = events.as_slice() {
                let _: Value = add(event.stream.as_str(), event).query_async(&mut connection).await?;
                return Ok(1);
            }
            let mut pipe = Pipeline::new();
            pipe.atomic();
            for event in &events {
                pipe.add_command(add(event.stream.as_str(), event));
            }
            let _: Value = pipe.query_async(&mut connection).await?;
            Ok(events.len() as u64)
        })
    }

    fn fill(&self, events: Vec<Event>) -> Doing<'_> {
        Box::pin(async move {
            let mut pipe = Pipeline::new();
            for event in &events {
                pipe.add_command(add(event.stream.as_str(), event));
                pipe.add_command(add(ALL, event));
            }
            let _: Value = pipe.query_async(&mut self.0.clone()).await?;
            Ok(events.len() as u64)
        })
    }

    fn scan(&self) -> Doing<'_> {
        Box::pin(async move {
            let (mut from, mut count) = ("-".to_owned(), 0);
            loop {
                let mut range = redis::cmd("XRANGE");
                range.arg(ALL).arg(&from).arg("+").arg("COUNT").arg(PAGE_COUNT);
                let page = entries(range.query_async(&mut self.0.clone()).await?)?;
                let Some(last) = page.last() else { return Ok(count) };
                from = format!("({}", id_of(last).context("an entry has an id")?);
                count += black_box(page).len() as u64;
            }
        })
    }

    fn read_stream<'a>(&'a self, _client: usize, stream: &'a StreamName) -> Doing<'a> {
        Box::pin(async move {
            let mut range = redis::cmd("XRANGE");
            range.arg(stream.as_str()).arg("-").arg("+");
            let events = entries(range.query_async(&mut self.0.clone()).await?)?;
            Ok(black_box(events).len() as u64)
        })
    }
}
