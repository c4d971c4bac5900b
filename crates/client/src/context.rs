//! One context of a server, behind the port.

use crate::asking::{Asking, Heard, ready, senseless, store, understand, understood};
use crate::backoff::Backoff;
use crate::clock::ServerClock;
use crate::credentials::Channel;
use crate::pipeline::{Asked, Pipeline};
use crate::seen::Seen;
use crate::subscription::RemoteSubscription;
use headwater_model::limits::PAGE_EVENT_COUNT_MAX;
use headwater_model::{
    Answer, Append, AppendError, Appended, AsOf, Checkpoint, CheckpointName, ConsumerGroups,
    ContextName, EventId, EventStore, ExpectedRevision, From, Incarnation, JournalCopies, Page,
    Position, ReadAll, ReadError, ReadStream, RecordedEvent, Scavenge, StreamChange, StreamName,
    StreamPage, StreamState, Subscribe, Subscription, Timestamp,
};
use headwater_wire::encoded::SHORT_READ_COUNT_MAX;
use headwater_wire::heard::{Heard as Hearing, HearingCodec, path};
use headwater_wire::{AskedChange, v1};
use http::uri::PathAndQuery;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::{Instant, sleep};
use tonic::{Request, Response, Status};

/// Pages whose beginning is larger are handed on as they are: a page has an end in bytes, too.
const SHORT_READ_BYTES: usize = 256 * 1_024;

fn bytes_of(event: &RecordedEvent) -> usize {
    event.payload.len() + event.metadata.bytes()
}

/// A context that is opened on a server.
pub(crate) struct RemoteContext {
    name: ContextName,
    asking: Asking,
    pipeline: Pipeline,
    clock: Mutex<ServerClock>,
    seen: Arc<Seen>,
}

impl RemoteContext {
    pub(crate) fn new(
        name: ContextName,
        asking: Asking,
        pipeline: Pipeline,
        clock: ServerClock,
    ) -> Self {
        Self { name, asking, pipeline, clock: Mutex::new(clock), seen: Arc::default() }
    }

    pub(crate) fn set_clock(&self, clock: ServerClock) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    async fn write(&self, asked: Asked) -> Result<Appended, AppendError> {
        let answer = self.pipeline.write(asked).await;
        if let Ok(appended) = &answer {
            self.seen.note(appended.position);
        }
        answer
    }

    /// The beginning over the pipeline, which is the whole page of most streams; what is behind it
    /// by a call of its own, as of the same moment.
    async fn read_page(&self, mut read: ReadStream) -> Result<StreamPage, ReadError> {
        // Both parts together are a page.
        read.count_max = read.count_max.min(PAGE_EVENT_COUNT_MAX);
        let mut page = self.pipeline.read(&self.name, &read).await?;
        let (count, bytes) = (page.events.len(), page.events.iter().map(bytes_of).sum::<usize>());
        let is_cut_short = count == SHORT_READ_COUNT_MAX && count < read.count_max;
        let Some(next) = page.next.filter(|_| is_cut_short && bytes <= SHORT_READ_BYTES) else {
            return Ok(page);
        };
        let rest = ReadStream {
            from: From::At(next),
            count_max: read.count_max - count,
            as_of: page.as_of.map_or(read.as_of, AsOf::Position),
            ..read
        };
        let request = v1::ReadStreamRequest::new(&self.name, &rest);
        let rest: StreamPage = self.hear(request, path::READ_STREAM).await?;
        page.events.extend(rest.events);
        Ok(StreamPage { events: page.events, ..rest })
    }

    /// Asks for a page, which is read off its message.
    async fn hear<Q, T>(&self, request: Q, path: &'static str) -> Result<T, ReadError>
    where
        Q: prost::Message + Clone + 'static,
        T: Hearing + Send + Sync + 'static,
    {
        let hear = |channel: Channel, request: Q| async move {
            let mut grpc = ready(channel).await?;
            let codec = HearingCodec::<Q, T>::default();
            grpc.unary(Request::new(request), PathAndQuery::from_static(path), codec).await
        };
        self.ask(request, hear).await?.map_err(senseless)
    }

    pub(crate) const fn name(&self) -> &ContextName {
        &self.name
    }

    pub(crate) const fn asking(&self) -> &Asking {
        &self.asking
    }

    /// Runs it where the connection runs.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.pipeline.runtime().spawn(task);
    }

    pub(crate) fn named(&self) -> bytes::Bytes {
        self.name.as_shared().as_bytes().clone()
    }

    /// Asks with a copy of `request` each time.
    async fn ask<Q, T, F>(
        &self,
        request: Q,
        question: impl Fn(Channel, Q) -> F,
    ) -> Result<T, ReadError>
    where
        Q: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        self.asking.ask(|channel| question(channel, request.clone())).await
    }

    /// Waits as long as it takes; only an interruption has a deadline.
    async fn wait(&self, position: Option<Position>) -> Result<Position, ReadError> {
        let options = &self.asking.options;
        let position = position.map(|position| position.0);
        let request = v1::WaitPastRequest { context: self.named(), position };
        let mut backoff = Backoff::new(options);
        let mut lost_since = None;
        loop {
            let lost = match self.asking.store().wait_past(request.clone()).await {
                Ok(reply) => {
                    if let Some(position) = reply.into_inner().position {
                        return Ok(Position(position));
                    }
                    (backoff, lost_since) = (Backoff::new(options), None);
                    continue;
                }
                Err(status) => match understand(&status) {
                    Heard::Answer(error) => return Err(error),
                    Heard::Lost(error) => error,
                },
            };
            let since = *lost_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= options.answer_within {
                return Err(lost);
            }
            sleep(backoff.pause()).await;
        }
    }
}

impl EventStore for RemoteContext {
    fn context(&self) -> &ContextName {
        &self.name
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            let asked = Asked::append(self.named(), &append)?;
            drop(append);
            self.write(asked).await
        })
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        let change = AskedChange { stream, expected, change };
        Box::pin(self.write(Asked::change(self.named(), &change)))
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        Box::pin(self.read_page(read))
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        Box::pin(async move {
            let request = v1::ReadAllRequest::new(&self.name, &read);
            let page: Page = self.hear(request, path::READ_ALL).await?;
            if read.as_of == AsOf::Now {
                self.seen.note_in(page.incarnation, page.as_of);
            }
            Ok(page)
        })
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        Box::pin(async move {
            let request = v1::FindRequest::new(&self.name, &stream, id);
            let reply = self.ask(request, |to, q| async move { store(to).find(q).await }).await?;
            reply.event.map(understood).transpose()
        })
    }

    fn stream(&self, stream: StreamName) -> Answer<'_, StreamState, ReadError> {
        Box::pin(async move {
            let request = v1::GetStreamRequest::new(&self.name, &stream);
            understood(
                self.ask(request, |to, q| async move { store(to).get_stream(q).await }).await?,
            )
        })
    }

    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        Box::pin(async move {
            let request =
                v1::ListStreamsRequest::new(&self.name, prefix, after.as_ref(), count_max);
            let list = |to, q| async move { store(to).list_streams(q).await };
            let reply = self.ask(request, list).await?;
            reply.streams.into_iter().map(understood).collect()
        })
    }

    fn checkpoint(&self, name: CheckpointName) -> Answer<'_, Option<Checkpoint>, ReadError> {
        Box::pin(async move {
            let request = v1::GetCheckpointRequest::new(&self.name, &name);
            let get = |to, q| async move { store(to).get_checkpoint(q).await };
            Ok(self.ask(request, get).await?.checkpoint.map(Into::into))
        })
    }

    fn head(&self) -> Answer<'_, (Incarnation, Option<Position>), ReadError> {
        Box::pin(async move {
            let request = v1::GetHeadRequest { context: self.named() };
            let head =
                self.ask(request, |to, q| async move { store(to).get_head(q).await }).await?;
            let (incarnation, last) = (Incarnation(head.incarnation), head.position.map(Position));
            self.seen.note_in(incarnation, last);
            Ok((incarnation, last))
        })
    }

    fn wait_past(&self, position: Option<Position>) -> Answer<'_, Position, ReadError> {
        Box::pin(async move {
            let come = self.wait(position).await?;
            if Some(come) > position {
                self.seen.note(Some(come));
                return Ok(come);
            }
            Err(senseless(format!("position {come} is not behind what was waited for")))
        })
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            let (name, seen) = (self.name.clone(), Arc::clone(&self.seen));
            let mut subscription =
                RemoteSubscription::new(name, self.asking.clone(), seen, subscribe);
            subscription.begin().await?;
            Ok(Box::new(subscription) as Box<dyn Subscription>)
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner).now()
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        Some(self)
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        Some(self)
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        Some(self)
    }
}
