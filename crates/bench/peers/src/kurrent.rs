//! KurrentDB's own Rust client, against Headwater.

use crate::drive::{Doing, Side};
use crate::event::{EVENT_TYPE, Event};
use headwater_model::StreamName;
use kurrentdb::{
    BatchAppendClient, BatchAppendOptions, Client, EventData, ReadAllOptions, ReadStreamOptions, StreamPosition,
    StreamState,
};
use std::hint::black_box;
use std::sync::Arc;
use uuid::Uuid;

/// Appends go over one batch, as the client advises for many; reads are calls of their own.
struct Kurrent {
    client: Client,
    batch: BatchAppendClient,
}

pub(crate) async fn open(address: &str) -> anyhow::Result<Arc<dyn Side>> {
    let text = format!("kurrentdb://{address}?tls=false");
    let settings = text.parse().map_err(|error| anyhow::anyhow!("{text}: {error}"))?;
    let client = Client::new(settings).map_err(|error| anyhow::anyhow!("{error}"))?;
    let batch = client.batch_append(&BatchAppendOptions::default()).await?;
    Ok(Arc::new(Kurrent { client, batch }))
}

impl Side for Kurrent {
    fn append(&self, _client: usize, events: Vec<Event>) -> Doing<'_> {
        Box::pin(async move {
            let Some(first) = events.first() else { return Ok(0) };
            let (count, stream) = (events.len() as u64, first.stream.to_string());
            let state = match first.revision.checked_sub(1) {
                Some(last) => StreamState::StreamRevision(last),
                None => StreamState::NoStream,
            };
            let new = |event: Event| {
                EventData::binary(EVENT_TYPE, event.payload).id(Uuid::from_u128(event.id))
            };
            let events = events.into_iter().map(new).collect();
            self.batch.append_to_stream(stream, state, events).await?;
            Ok(count)
        })
    }

    fn scan(&self) -> Doing<'_> {
        Box::pin(async move {
            let options = ReadAllOptions::default().position(StreamPosition::Start);
            let mut reading = self.client.read_all(&options.max_count(usize::MAX)).await?;
            let mut count = 0;
            while let Some(event) = reading.next().await? {
                black_box(event);
                count += 1;
            }
            Ok(count)
        })
    }

    fn read_stream<'a>(&'a self, _client: usize, stream: &'a StreamName) -> Doing<'a> {
        Box::pin(async move {
            let options = ReadStreamOptions::default();
            let mut reading = self.client.read_stream(stream.as_str(), &options).await?;
            let mut count = 0;
            while let Some(event) = reading.next().await? {
                black_box(event);
                count += 1;
            }
            Ok(count)
        })
    }
}
