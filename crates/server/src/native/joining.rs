//! A membership as a stream: what a member asks, answered by number as it is done.
//!
//! Picture:
//! ```text
//!   requests ─▶ join ─▶ next: in turn ─▶ [ taken, not sent yet ] ─▶ replies of a bounded size
//!                     ─▶ ack, retry, park, renew: side by side ───▶ replies
//!   the stream ends ─▶ the member is dropped: what it held goes to the others
//! ```
//! Invariants: C3 nothing is taken for this member that it did not ask for. A request is begun before
//! the next one is read, so that what is asked in order happens in order. What is unanswered is
//! bounded: beyond that nothing is read, and HTTP/2 holds the sender back. When the server closes,
//! what was to be settled is answered.

mod ended;
mod taking;

use super::groups::Grouped;
use crate::Caller;
use crate::limits::MEMBER_REQUEST_COUNT_MAX;
use ended::Ended;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesUnordered, StreamExt as _};
use headwater_model::{GroupError, Member};
use headwater_wire::v1::member_request::Asked;
use headwater_wire::{Malformed, MemberAsked, MemberOutcome, MemberTold, v1};
use std::sync::Arc;
use taking::Taking;
use tonic::{Status, Streaming};

type Reply = Result<v1::MemberReply, Status>;

/// The replies to these requests.
pub(super) fn replies(
    caller: Caller,
    requests: Streaming<v1::MemberRequest>,
) -> BoxStream<'static, Reply> {
    let closing = Box::pin(caller.closing());
    let membership = Membership {
        caller,
        requests,
        closing,
        taking: None,
        settling: FuturesUnordered::new(),
        ended: Ended::No,
    };
    Box::pin(stream::unfold(membership, |mut membership| async move {
        let reply = membership.step().await?;
        Some((reply, membership))
    }))
}

struct Membership {
    caller: Caller,
    requests: Streaming<v1::MemberRequest>,
    closing: BoxFuture<'static, ()>,
    /// The member, once it has joined, and what it takes.
    taking: Option<Taking>,
    /// Everything that is asked but `next`.
    settling: FuturesUnordered<BoxFuture<'static, (u64, MemberOutcome)>>,
    ended: Ended,
}

impl Membership {
    /// The next reply; `None` after the last.
    async fn step(&mut self) -> Option<Reply> {
        loop {
            if self.ended.is_over() && self.settling.is_empty() {
                return self.ended.last_word().map(Err);
            }
            let goes_on = !self.ended.is_over();
            let reads_on = goes_on && self.settling.len() < MEMBER_REQUEST_COUNT_MAX;
            let (number, outcome) = tokio::select! {
                biased;
                Some(settled) = self.settling.next() => settled,
                taken = take(&mut self.taking), if goes_on => taken,
                () = &mut self.closing, if goes_on => {
                    self.ended = Ended::Broken(Status::unavailable("the server is stopping"));
                    continue;
                }
                request = self.requests.message(), if reads_on => match self.read(request).await {
                    Some(answer) => answer,
                    None => continue,
                },
            };
            if is_the_end(&outcome) && goes_on {
                self.ended = Ended::Finished;
            }
            return Some(Ok(v1::MemberReply::new(number, &outcome)));
        }
    }

    /// Takes a request in; what can be answered at once is.
    async fn read(
        &mut self,
        request: Result<Option<v1::MemberRequest>, Status>,
    ) -> Option<(u64, MemberOutcome)> {
        let request = match request {
            Ok(Some(request)) => request,
            Ok(None) => {
                self.ended = Ended::Finished;
                return None;
            }
            Err(status) => {
                self.ended = Ended::Broken(status);
                return None;
            }
        };
        let number = request.number;
        let answer = match &mut self.taking {
            None => Some(self.join(request).await),
            Some(taking) => match MemberAsked::try_from(request) {
                Ok(MemberAsked::Next { count_max }) => taking.wants(number, count_max).err(),
                Ok(MemberAsked::Cancel { number }) => {
                    taking.cancel(number);
                    None
                }
                Ok(asked) => {
                    let member = Arc::clone(taking.member());
                    let settled = async move { (number, settle(&*member, asked).await) };
                    self.settling.push(Box::pin(settled));
                    None
                }
                Err(malformed) => Some(Err(malformed.into())),
            },
        };
        answer.map(|outcome| (number, outcome))
    }

    /// The first request. Whatever else it is, there is no member to ask it for.
    async fn join(&mut self, request: v1::MemberRequest) -> MemberOutcome {
        let joined = async {
            let Some(Asked::Join(join)) = &request.asked else {
                return Err(Malformed::Missing { field: "what is joined" }.into());
            };
            let context = Grouped::open(&self.caller, join.context.clone()).await?;
            let MemberAsked::Join { group, member } = request.try_into()? else {
                return Err(Malformed::Missing { field: "what is joined" }.into());
            };
            let member = context.groups()?.join_group(group, member).await?;
            Ok(Taking::new(context, Arc::from(member)))
        };
        match joined.await {
            Ok(taking) => {
                let id = taking.member().id();
                self.taking = Some(taking);
                Ok(MemberTold::Joined(id))
            }
            Err(error) => {
                self.ended = Ended::Finished;
                Err(error)
            }
        }
    }
}

/// What was taken for a member, if there is one.
async fn take(taking: &mut Option<Taking>) -> (u64, MemberOutcome) {
    match taking {
        Some(taking) => taking.step().await,
        None => std::future::pending().await,
    }
}

/// Asks the member for what is not a `next`.
async fn settle(member: &dyn Member, asked: MemberAsked) -> MemberOutcome {
    match asked {
        MemberAsked::Ack { deliveries } => member.ack(deliveries).await,
        MemberAsked::Retry { delivery, wait, reason } => member.retry(delivery, wait, reason).await,
        MemberAsked::Park { delivery, reason } => member.park(delivery, reason).await,
        MemberAsked::Renew { deliveries } => member.renew(deliveries).await,
        MemberAsked::HoldAtMost { count_max } => member.hold_at_most(count_max).await,
        MemberAsked::Join { .. } => {
            Err(GroupError::Invalid { why: "a membership joins once".to_owned() })
        }
        MemberAsked::Next { .. } | MemberAsked::Cancel { .. } => {
            unreachable!("these are taken in where they are read")
        }
    }?;
    Ok(MemberTold::Done)
}

/// Whether nothing can come behind this.
fn is_the_end(outcome: &MemberOutcome) -> bool {
    matches!(outcome, Err(GroupError::NotAMember { .. } | GroupError::NotFound { .. }))
}
