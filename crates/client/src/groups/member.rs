//! A member whose group is elsewhere.
//!
//! Picture:
//! ```text
//!   callers ─▶ calls (numbers) ─▶ one stream ─▶ server
//!             ▲ by number                         │
//!             └─ a task that reads the replies ◀──┘
//! ```
//! Invariants: C3 a membership is its stream. When it breaks, the server gives what was held to the
//! others, so this is not a member any more, and says so: `group.not_a_member`. Whoever joins again is
//! another member. What was asked and not answered then is `group.unknown`: it may have been done, and if
//! not it is delivered again. A dropped future loses nothing: what was sent stays sent, and what was
//! delivered to it is given to the next who asks.

use super::asking::{Said, heard, in_time, silent};
use super::calls::{Calls, Pending};
use crate::backoff::Backoff;
use crate::context::RemoteContext;
use bytestring::ByteString;
use headwater_model::{
    Answer, ContextName, DeliveryId, GroupDelivery, GroupError, GroupName, Member, MemberId, limits,
};
use headwater_wire::{MemberAsked, MemberTold, v1};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Request, Streaming};

/// The number of the request that joins; those behind it count on.
const JOIN: u64 = 0;

pub(super) struct RemoteMember {
    id: MemberId,
    context: ContextName,
    calls: Arc<Calls>,
    /// Ends with this: the server then lets the member go.
    requests: mpsc::UnboundedSender<v1::MemberRequest>,
    /// One of the callers that want deliveries is asked for at a time.
    turn: tokio::sync::Mutex<()>,
    answer_within: Duration,
}

type Replies = Streaming<v1::MemberReply>;

impl RemoteMember {
    /// Joins, again until the deadline if the connection breaks before the answer: who has asked for
    /// nothing yet holds nothing.
    pub(super) async fn join(
        context: &RemoteContext,
        group: GroupName,
        member: ByteString,
    ) -> Result<Self, GroupError> {
        let options = &context.asking().options;
        let deadline = Instant::now() + options.answer_within;
        let mut backoff = Backoff::new(options);
        let asked = MemberAsked::Join { group: group.clone(), member };
        loop {
            let Ok(attempt) = timeout_at(deadline, attempt(context, &asked)).await else {
                return Err(crate::asking::too_late(options.answer_within).into());
            };
            let lost = match attempt {
                Ok((id, requests, replies)) => {
                    let calls = Arc::new(Calls::new(group));
                    context.spawn(read(replies, Arc::clone(&calls)));
                    let (context, answer_within) = (context.name().clone(), options.answer_within);
                    let turn = tokio::sync::Mutex::default();
                    return Ok(Self { id, context, calls, requests, turn, answer_within });
                }
                Err(Said::Answer(error)) => return Err(error),
                Err(Said::Lost(error)) => error,
            };
            let pause = backoff.pause();
            if Instant::now() + pause >= deadline {
                return Err(lost);
            }
            sleep(pause).await;
        }
    }

    /// Sends what is asked; its answer comes by number.
    fn ask(&self, asked: &MemberAsked) -> Result<Pending, GroupError> {
        let pending = self.calls.begin(asked)?;
        self.send(pending.number(), asked);
        Ok(pending)
    }

    fn send(&self, number: u64, asked: &MemberAsked) {
        // A stream that has ended is heard of by its replies.
        let _ = self.requests.send(v1::MemberRequest::new(&self.context, number, asked));
    }

    async fn settle(&self, asked: MemberAsked) -> Result<(), GroupError> {
        let mut pending = self.ask(&asked)?;
        match in_time(self.answer_within, pending.outcome()).await?? {
            MemberTold::Done => Ok(()),
            told => Err(out_of_place(&told)),
        }
    }

    /// Asks about many in parts, each of as many as a member may hold; those that are not its own
    /// are the answer, and the others are done.
    async fn each(
        &self,
        deliveries: Vec<DeliveryId>,
        asked: impl Fn(Vec<DeliveryId>) -> MemberAsked,
    ) -> Result<(), GroupError> {
        let part_max = limits::GROUP_IN_FLIGHT_COUNT_MAX as usize;
        if deliveries.len() <= part_max {
            return self.settle(asked(deliveries)).await;
        }
        let mut not_held = Vec::new();
        for part in deliveries.chunks(part_max) {
            match self.settle(asked(part.to_vec())).await {
                Err(GroupError::NotYours { deliveries }) => not_held.extend(deliveries),
                answer => answer?,
            }
        }
        match not_held.is_empty() {
            true => Ok(()),
            false => Err(GroupError::NotYours { deliveries: not_held }),
        }
    }

    async fn deliveries(&self, count_max: usize) -> Result<Vec<GroupDelivery>, GroupError> {
        if count_max == 0 {
            return Err(GroupError::Invalid { why: "no deliveries are wanted".to_owned() });
        }
        let _turn = self.turn.lock().await;
        if let Some(left) = self.calls.left(count_max) {
            return Ok(left);
        }
        let asked = MemberAsked::Next { count_max: u32::try_from(count_max).unwrap_or(u32::MAX) };
        let mut wanted = Wanted { member: self, pending: self.ask(&asked)? };
        let told = tokio::select! {
            biased;
            told = wanted.pending.outcome() => told?,
            // Of a call before this one, which nobody waits for any more.
            left = self.calls.left_over(count_max) => return Ok(left),
        };
        match told {
            MemberTold::Deliveries(deliveries) if !deliveries.is_empty() => Ok(deliveries),
            told => Err(out_of_place(&told)),
        }
    }
}

/// A call for deliveries. Who drops it takes it back; what is on its way already is kept.
struct Wanted<'a> {
    member: &'a RemoteMember,
    pending: Pending,
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        let number = self.pending.number();
        if self.pending.give_up() {
            self.member.send(number, &MemberAsked::Cancel { number });
        }
    }
}

/// One attempt to join.
async fn attempt(
    context: &RemoteContext,
    asked: &MemberAsked,
) -> Result<(MemberId, mpsc::UnboundedSender<v1::MemberRequest>, Replies), Said> {
    // Bounded by the callers: each waits for its answer.
    let (requests, mut sent) = mpsc::unbounded_channel();
    let _ = requests.send(v1::MemberRequest::new(context.name(), JOIN, asked));
    let stream = futures_util::stream::poll_fn(move |polled| sent.poll_recv(polled));
    let replies = context.groups_service().join(Request::new(stream)).await;
    let mut replies = replies.map_err(|status| heard(&status))?.into_inner();
    let first = replies.message().await.map_err(|status| heard(&status))?;
    let Some(first) = first else { return Err(Said::Lost(silent())) };
    let understood = first.understood().map_err(|m| crate::asking::senseless(m).into());
    match understood.and_then(|outcome| outcome).map_err(Said::Answer)? {
        MemberTold::Joined(id) => Ok((id, requests, replies)),
        told => Err(Said::Answer(out_of_place(&told))),
    }
}

/// Hands each reply to who waits for it, until the stream ends.
async fn read(mut replies: Replies, calls: Arc<Calls>) {
    let why = loop {
        match replies.message().await {
            Ok(Some(reply)) => {
                let number = reply.number;
                match reply.understood() {
                    Ok(outcome) => calls.answer(number, outcome),
                    // What it was about is not known: the server gives it back when the stream ends.
                    Err(malformed) => break malformed.to_string(),
                }
            }
            Ok(None) => break "the membership ended".to_owned(),
            Err(status) => break crate::asking::words(&status),
        }
    };
    tracing::debug!(%why, "a membership was lost");
    calls.lost(&why);
}

fn out_of_place(told: &MemberTold) -> GroupError {
    let what = match told {
        MemberTold::Joined(_) => "that it has joined",
        MemberTold::Deliveries(_) => "deliveries that it did not ask for, or none",
        MemberTold::Done => "that something is done",
    };
    crate::asking::senseless(format!("a member was told {what}")).into()
}

impl Member for RemoteMember {
    fn id(&self) -> MemberId {
        self.id
    }

    fn next(&self, count_max: usize) -> Answer<'_, Vec<GroupDelivery>, GroupError> {
        Box::pin(self.deliveries(count_max))
    }

    fn ack(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        Box::pin(self.each(deliveries, |deliveries| MemberAsked::Ack { deliveries }))
    }

    fn retry(
        &self,
        delivery: DeliveryId,
        wait: Option<Duration>,
        reason: ByteString,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(self.settle(MemberAsked::Retry { delivery, wait, reason }))
    }

    fn park(&self, delivery: DeliveryId, reason: ByteString) -> Answer<'_, (), GroupError> {
        Box::pin(self.settle(MemberAsked::Park { delivery, reason }))
    }

    fn hold_at_most(&self, count_max: u32) -> Answer<'_, (), GroupError> {
        Box::pin(self.settle(MemberAsked::HoldAtMost { count_max }))
    }

    fn renew(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        Box::pin(self.each(deliveries, |deliveries| MemberAsked::Renew { deliveries }))
    }
}
