//! One connection of a group: events go out, what became of them comes in.
//!
//! Picture: whatever comes first is done first
//! ```text
//!   requests ──ack, nack──▶ settling (many at once) ──▶ group
//!   answers ◀──events────── next (as many as the client may hold and there is room for) ◀── group
//! ```
//! Invariants: C3 is the group's. A connection holds no more than its client asked for. When it ends,
//! for whatever reason, the group has back what it held.

use super::super::answer::Answer;
use super::super::links::Links;
use super::super::name::id;
use super::super::read::Source;
use super::super::refusal::Refusal;
use super::super::shown::Form;
use super::connected::Listed;
use super::out::Out;
use super::refused::Refused;
use super::which::Which;
use bytestring::ByteString;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use headwater_model::{DeliveryId, EventStore, GroupDelivery, GroupError, Member};
use headwater_wire::kurrent::event_store::client::persistent_subscriptions as pb;
use headwater_wire::kurrent::event_store::client::streams::{ReadResp, read_resp};
use headwater_wire::kurrent::event_store::client::{Uuid, streams};
use pb::read_req::nack::Action;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

/// Events that are taken from the group at a time: more would be held by one step.
const STEP_COUNT_MAX: usize = 256;

/// Answers that wait for a client that does not read.
pub(super) const ANSWER_COUNT_MAX: usize = 1_024;

/// Why an event was parked whose client did not say why.
const NO_REASON: &str = "its client parked it";

/// A connection.
pub(super) struct Serving {
    pub(super) which: Which,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) member: Arc<dyn Member>,
    pub(super) source: Source,
    pub(super) form: Form,
    pub(super) links: Links,
    /// Events before this revision are not the group's.
    pub(super) first: Option<u64>,
    pub(super) listed: Listed,
    pub(super) out: Out,
    pub(super) settling: FuturesUnordered<BoxFuture<'static, Result<(), GroupError>>>,
}

type Answers = mpsc::Sender<Result<pb::ReadResp, Status>>;

impl Serving {
    /// Serves until the client, the group or the server ends it.
    pub(super) async fn run(
        mut self,
        requests: Streaming<pb::ReadReq>,
        answers: Answers,
        closing: BoxFuture<'static, ()>,
    ) {
        let mut ended = self.work(requests, &answers, closing).await;
        // What its client said before is settled.
        while let Some(settled) = self.settling.next().await {
            ended = ended.and(self.settled(settled));
        }
        if let Err(refused) = ended {
            // A client that is gone needs no reason.
            let _ = answers.send(Err(refused.into())).await;
        }
    }

    async fn work(
        &mut self,
        mut requests: Streaming<pb::ReadReq>,
        answers: &Answers,
        mut closing: BoxFuture<'static, ()>,
    ) -> Result<(), Refused> {
        let member = Arc::clone(&self.member);
        loop {
            let room = answers.capacity().min(STEP_COUNT_MAX);
            tokio::select! {
                () = answers.closed() => return Ok(()),
                () = &mut closing => {
                    let why = "the server is closing".to_owned();
                    return Err(Refusal::NotReady { why }.into());
                }
                request = requests.next() => match request {
                    Some(Ok(request)) => self.take(request)?,
                    // The client says no more.
                    Some(Err(_)) | None => return Ok(()),
                },
                Some(settled) = self.settling.next() => self.settled(settled)?,
                deliveries = member.next(room), if room > 0 => {
                    let deliveries = deliveries.map_err(|error| self.ended(error))?;
                    self.deliver(deliveries, answers).await?;
                }
                permit = answers.reserve(), if room == 0 => drop(permit),
            }
        }
    }

    fn ended(&self, error: GroupError) -> Refused {
        Refused::to_member(&self.which, error)
    }

    fn settled(&self, settled: Result<(), GroupError>) -> Result<(), Refused> {
        match settled {
            // Too late: another was given it meanwhile.
            Ok(()) | Err(GroupError::NotYours { .. }) => Ok(()),
            Err(error) => Err(self.ended(error)),
        }
    }

    /// Sends what belongs to the group, and is done with what its source took too much.
    async fn deliver(
        &mut self,
        deliveries: Vec<GroupDelivery>,
        answers: &Answers,
    ) -> Result<(), Refused> {
        let (mut not_its_own, mut given) = (Vec::new(), 0);
        for delivery in deliveries {
            let shape = (self.form, self.links);
            let shown = self.source.show(&*self.store, shape, delivery.event.clone()).await?;
            let Some(event) = shown.and_then(|shown| self.event(shown)) else {
                not_its_own.push(delivery.id);
                continue;
            };
            self.out.add(id(original(&event))?, &delivery, self.store.now());
            given += 1;
            let answer = Ok(answer(event, delivery.attempt));
            if answers.try_send(answer).is_err() {
                // There was room: the client is gone.
                break;
            }
        }
        self.listed.connection.given(given);
        if !not_its_own.is_empty() {
            self.ack(not_its_own);
        }
        Ok(())
    }

    /// The event of an answer, if it is the group's.
    fn event(&self, shown: Answer) -> Option<read_resp::ReadEvent> {
        let Some(read_resp::Content::Event(event)) = ReadResp::from(shown).content else {
            return None;
        };
        let stands = event.link.as_ref().or(event.event.as_ref()).map(|it| it.stream_revision);
        (stands >= self.first).then_some(event)
    }

    /// Takes what a client says of events.
    fn take(&mut self, request: pb::ReadReq) -> Result<(), Refused> {
        let now = self.store.now();
        match request.content {
            Some(pb::read_req::Content::Ack(ack)) => {
                let settled = self.out.settle(ids(ack.ids)?, now);
                settled.iter().for_each(|(_, time)| self.listed.connection.took(*time));
                self.ack(settled.into_iter().map(|(delivery, _)| delivery).collect());
                Ok(())
            }
            Some(pb::read_req::Content::Nack(nack)) => {
                let action = nack.action();
                let settled = self.out.settle(ids(nack.ids)?, now);
                let deliveries = settled.into_iter().map(|(delivery, _)| delivery);
                self.nack(deliveries.collect(), action, nack.reason.into())
            }
            Some(pb::read_req::Content::Options(_)) => {
                Err(Refusal::invalid("the connection has options twice").into())
            }
            None => Err(Refusal::invalid("a message of the connection is empty").into()),
        }
    }

    fn nack(
        &mut self,
        deliveries: Vec<DeliveryId>,
        action: Action,
        reason: ByteString,
    ) -> Result<(), Refused> {
        match action {
            Action::Skip => self.ack(deliveries),
            Action::Park => {
                let reason = if reason.is_empty() { NO_REASON.into() } else { reason };
                for delivery in deliveries {
                    let (member, reason) = (Arc::clone(&self.member), reason.clone());
                    self.settling.push(async move { member.park(delivery, reason).await }.boxed());
                }
            }
            Action::Unknown | Action::Retry => {
                for delivery in deliveries {
                    let (member, reason) = (Arc::clone(&self.member), reason.clone());
                    let at_once = Some(Duration::ZERO);
                    let retry = async move { member.retry(delivery, at_once, reason).await };
                    self.settling.push(retry.boxed());
                }
            }
            // What it holds goes back to the group when it has left.
            Action::Stop => {
                let which = self.which.clone();
                return Err(Refused::Dropped { which, why: "its client stopped it" });
            }
        }
        Ok(())
    }

    fn ack(&mut self, deliveries: Vec<DeliveryId>) {
        if !deliveries.is_empty() {
            let member = Arc::clone(&self.member);
            self.settling.push(async move { member.ack(deliveries).await }.boxed());
        }
    }
}

/// The id that a client will say: that of what came by the subscription itself.
fn original(event: &read_resp::ReadEvent) -> Option<Uuid> {
    event.link.as_ref().or(event.event.as_ref()).and_then(|event| event.id.clone())
}

fn ids(ids: Vec<Uuid>) -> Result<Vec<headwater_model::EventId>, Refusal> {
    ids.into_iter().map(|uuid| id(Some(uuid))).collect()
}

fn answer(event: read_resp::ReadEvent, attempt: u32) -> pb::ReadResp {
    use pb::read_resp::read_event::{Count, Position};
    use streams::read_resp::read_event::Position as Place;
    let read_resp::ReadEvent { event, link, position } = event;
    let retries = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let event = pb::read_resp::ReadEvent {
        event,
        link,
        position: position.map(|position| match position {
            Place::CommitPosition(commit) => Position::CommitPosition(commit),
            Place::NoPosition(empty) => Position::NoPosition(empty),
        }),
        count: Some(Count::RetryCount(retries)),
    };
    pb::ReadResp { content: Some(pb::read_resp::Content::Event(event)) }
}
