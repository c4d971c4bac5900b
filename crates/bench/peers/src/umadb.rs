//! UmaDB: a stream is a tag. Appends carry no condition, which is the least it can be asked.

use crate::drive::{Doing, Side};
use crate::event::{EVENT_TYPE, Event};
use headwater_model::StreamName;
use std::hint::black_box;
use std::sync::Arc;
use umadb_client::{AsyncUmaDbClient, UmaDbClient};
use umadb_dcb::{DcbEvent, DcbEventStoreAsync, DcbQuery, DcbQueryItem};
use uuid::Uuid;

struct Umadb(AsyncUmaDbClient);

pub(crate) async fn open(address: &str) -> anyhow::Result<Arc<dyn Side>> {
    let client = UmaDbClient::new(format!("http://{address}")).connect_async().await?;
    Ok(Arc::new(Umadb(client)))
}

impl Umadb {
    async fn read(&self, query: Option<DcbQuery>) -> anyhow::Result<u64> {
        let mut reading = self.0.read(query, None, false, None).await?;
        let mut count = 0;
        loop {
            let events = reading.next_batch().await?;
            if events.is_empty() {
                return Ok(count);
            }
            count += black_box(events).len() as u64;
        }
    }
}

impl Side for Umadb {
    fn append(&self, _client: usize, events: Vec<Event>) -> Doing<'_> {
        Box::pin(async move {
            let count = events.len() as u64;
            let new = |event: Event| {
                DcbEvent::default()
                    .event_type(EVENT_TYPE)
                    .tags([event.stream.as_str()])
                    .data(event.payload)
                    .uuid(Uuid::from_u128(event.id))
            };
            self.0.append(events.into_iter().map(new).collect(), None, None).await?;
            Ok(count)
        })
    }

    fn scan(&self) -> Doing<'_> {
        Box::pin(self.read(None))
    }

    fn read_stream<'a>(&'a self, _client: usize, stream: &'a StreamName) -> Doing<'a> {
        let tagged = DcbQueryItem::new().tags([stream.as_str()]);
        Box::pin(self.read(Some(DcbQuery::new().item(tagged))))
    }
}
