//! The protocol's routes over a store in memory, and messages to them.

use headwater_model::memory::MemoryContexts;
use headwater_model::{Contexts, EventStore, Timestamp};
use headwater_server::kurrent::{self, KurrentOptions};
use headwater_server::{Host, Stage};
use headwater_wire::kurrent::event_store::client as shared;
use headwater_wire::kurrent::event_store::client::streams::{self as pb, streams_client};
use shared::uuid::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;
use tonic::{Code, Status};
use uuid::Uuid;

pub(super) const EMPTY: shared::Empty = shared::Empty {};

/// Routes that are asked without a socket.
pub(super) struct Site {
    pub(super) router: axum::Router,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) stage: watch::Sender<Stage>,
}

impl Site {
    pub(super) async fn new() -> Self {
        Self::over(|contexts| contexts).await
    }

    /// With something between the protocol and the store.
    pub(super) async fn over(between: impl FnOnce(Arc<dyn Contexts>) -> Arc<dyn Contexts>) -> Self {
        let micros = AtomicU64::new(1_773_064_800_000_000);
        let tick = move || Timestamp::from_micros(micros.fetch_add(1_000, Ordering::Relaxed));
        let contexts = Arc::new(MemoryContexts::new(Arc::new(tick)));
        let options = KurrentOptions::default();
        let store = contexts.context(options.context.clone()).await.unwrap();
        let (host, stage) = Host::new(between(contexts));
        Self { router: kurrent::routes(&host, &options), store, stage }
    }

    pub(super) fn streams(&self) -> streams_client::StreamsClient<axum::Router> {
        streams_client::StreamsClient::new(self.router.clone())
    }

    /// Appends events of type `Happened`.
    pub(super) async fn append(
        &self,
        stream: &str,
        expected: Expected,
        ids: impl IntoIterator<Item = u128>,
    ) -> Result<pb::append_resp::Result, Status> {
        let events = ids.into_iter().map(|id| event(id, "Happened", "{}"));
        self.append_events(stream, expected, events).await
    }

    pub(super) async fn append_events(
        &self,
        stream: &str,
        expected: Expected,
        events: impl IntoIterator<Item = pb::append_req::ProposedMessage>,
    ) -> Result<pb::append_resp::Result, Status> {
        let options = pb::append_req::Options {
            stream_identifier: Some(identifier(stream)),
            expected_stream_revision: Some(expected),
        };
        let events = events.into_iter().map(pb::append_req::Content::ProposedMessage);
        let contents = std::iter::once(pb::append_req::Content::Options(options)).chain(events);
        let requests: Vec<_> =
            contents.map(|content| pb::AppendReq { content: Some(content) }).collect();
        let answer = self.streams().append(futures_util::stream::iter(requests)).await?;
        Ok(answer.into_inner().result.unwrap())
    }

    /// All answers of a read that ends.
    pub(super) async fn read(
        &self,
        options: pb::read_req::Options,
    ) -> Result<Vec<Content>, Status> {
        let mut answers = self.subscribe(options).await?;
        let mut contents = Vec::new();
        while let Some(answer) = answers.message().await? {
            contents.push(answer.content.unwrap());
        }
        Ok(contents)
    }

    pub(super) async fn subscribe(
        &self,
        options: pb::read_req::Options,
    ) -> Result<tonic::Streaming<pb::ReadResp>, Status> {
        let request = pb::ReadReq { options: Some(options) };
        Ok(headwater_wire::kurrent_read::read(self.router.clone(), request).await?.into_inner())
    }

    /// The events of a stream, as they are shown.
    pub(super) async fn events(&self, stream: &str) -> Vec<Recorded> {
        let contents = self.read(of_stream(stream)).await.unwrap();
        contents.into_iter().map(recorded).collect()
    }
}

pub(super) use pb::append_req::options::ExpectedStreamRevision as Expected;
pub(super) use pb::read_resp::Content;
pub(super) use pb::read_resp::read_event::RecordedEvent as Recorded;

pub(super) fn identifier(stream: &str) -> shared::StreamIdentifier {
    shared::StreamIdentifier { stream_name: stream.to_owned().into() }
}

pub(super) fn text_id(id: u128) -> shared::Uuid {
    shared::Uuid { value: Some(Value::String(Uuid::from_u128(id).to_string())) }
}

pub(super) fn event(id: u128, kind: &str, data: &str) -> pb::append_req::ProposedMessage {
    pb::append_req::ProposedMessage {
        id: Some(text_id(id)),
        metadata: properties(kind),
        custom_metadata: bytes::Bytes::new(),
        data: data.to_owned().into(),
    }
}

pub(super) fn properties(kind: &str) -> HashMap<String, String> {
    let pairs = [("type", kind), ("content-type", "application/json")];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// A read of a whole stream, forwards.
pub(super) fn of_stream(stream: &str) -> pb::read_req::Options {
    use pb::read_req::options::stream_options::RevisionOption;
    use pb::read_req::options::{StreamOption, StreamOptions};
    let stream_option = StreamOption::Stream(StreamOptions {
        stream_identifier: Some(identifier(stream)),
        revision_option: Some(RevisionOption::Start(EMPTY)),
    });
    pb::read_req::Options { stream_option: Some(stream_option), ..of_all() }
}

/// A read of everything, forwards.
pub(super) fn of_all() -> pb::read_req::Options {
    use pb::read_req::options::{
        AllOptions, CountOption, FilterOption, StreamOption, UuidOption, all_options, uuid_option,
    };
    let all_option = Some(all_options::AllOption::Start(EMPTY));
    pb::read_req::Options {
        stream_option: Some(StreamOption::All(AllOptions { all_option })),
        count_option: Some(CountOption::Count(u64::MAX)),
        filter_option: Some(FilterOption::NoFilter(EMPTY)),
        uuid_option: Some(UuidOption { content: Some(uuid_option::Content::String(EMPTY)) }),
        ..pb::read_req::Options::default()
    }
}

/// The event that an answer shows.
pub(super) fn recorded(content: Content) -> Recorded {
    match content {
        Content::Event(event) => event.event.expect("an event that is there"),
        other => panic!("an event, not {other:?}"),
    }
}

/// A refusal's code and its trailers, in order of key.
pub(super) fn refusal(status: &Status) -> (Code, Vec<(String, String)>) {
    let mut trailers: Vec<_> = status
        .metadata()
        .iter()
        .filter_map(|entry| match entry {
            tonic::metadata::KeyAndValueRef::Ascii(key, value) => {
                Some((key.to_string(), value.to_str().ok()?.to_owned()))
            }
            tonic::metadata::KeyAndValueRef::Binary(..) => None,
        })
        .filter(|(key, _)| !["content-type", "date", "content-length"].contains(&key.as_str()))
        .collect();
    trailers.sort();
    (status.code(), trailers)
}

/// Trailers as they are written down.
pub(super) fn said(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
