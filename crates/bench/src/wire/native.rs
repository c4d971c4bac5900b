//! Headwater's own client.

use crate::drive::{self, Doing, Side};
use crate::embedded::to_append;
use crate::event::Event;
use anyhow::Context;
use headwater_client::{Client, ClientOptions};
use headwater_model::{
    ContextName, Contexts, Delivery, EventStore, Query, ReadStream, Start, StreamName, Subscribe,
};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

/// Where KurrentDB's clients write by default: both protocols meet the same data.
pub(super) const CONTEXT: &str = "default";

/// Numbers of streams that no dataset uses.
const FIRST_STREAM: u64 = 1_000_000_000;

/// A client process; its argument is an address.
pub(crate) fn drive(address: &Path) -> anyhow::Result<()> {
    let address = address.to_str().context("an address is a text")?.to_owned();
    drive::serve(FIRST_STREAM, || async {
        Ok(Arc::new(Native(open(&address).await?)) as Arc<dyn Side>)
    })
}

/// A context over a connection of its own.
pub(crate) async fn open(address: &str) -> anyhow::Result<Arc<dyn EventStore>> {
    let address = format!("headwater://{address}").parse()?;
    let client = Client::connect(address, ClientOptions::default()).await?;
    Ok(client.context(ContextName::new(CONTEXT)?).await?)
}

struct Native(Arc<dyn EventStore>);

impl Side for Native {
    fn append(&self, _client: usize, events: Vec<Event>) -> Doing<'_> {
        Box::pin(async move {
            let count = events.len() as u64;
            self.0.append(to_append(events)).await?;
            Ok(count)
        })
    }

    /// As whoever fills a read model does: from the beginning until it has caught up.
    fn scan(&self) -> Doing<'_> {
        Box::pin(async move {
            let subscribe = Subscribe { query: Query::all(), start: Start::Beginning };
            let mut subscription = self.0.subscribe(subscribe).await?;
            let mut count = 0;
            loop {
                match subscription.next().await? {
                    Delivery::Events { events, .. } => count += black_box(events).len() as u64,
                    Delivery::CaughtUp { .. } => return Ok(count),
                }
            }
        })
    }

    fn read_stream<'a>(&'a self, _client: usize, stream: &'a StreamName) -> Doing<'a> {
        Box::pin(async move {
            let page = self.0.read_stream(ReadStream::forwards(stream.clone())).await?;
            Ok(black_box(page.events).len() as u64)
        })
    }
}
