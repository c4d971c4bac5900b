//! What a member takes: one `next` after the other, in messages of a bounded size.
//!
//! Why a rest: the group gives deliveries, a message has a bound in bytes. What does not fit is the
//! member's, and is the first of what it takes next; unless its time has run out meanwhile.

use crate::limits::{MEMBER_MESSAGE_BYTES, MEMBER_NEXT_COUNT_MAX};
use crate::native::groups::Grouped;
use futures_util::future::BoxFuture;
use headwater_model::{GroupDelivery, GroupError, Member};
use headwater_wire::{MemberOutcome, MemberTold};
use std::collections::VecDeque;
use std::sync::Arc;

pub(super) struct Taking {
    context: Grouped,
    member: Arc<dyn Member>,
    /// Who waits: the number of the request, and how many at most.
    wanted: VecDeque<(u64, usize)>,
    /// The call for the first of them.
    under_way: Option<BoxFuture<'static, Result<Vec<GroupDelivery>, GroupError>>>,
    /// Taken and not sent.
    rest: VecDeque<GroupDelivery>,
}

impl Taking {
    pub(super) fn new(context: Grouped, member: Arc<dyn Member>) -> Self {
        Self { context, member, wanted: VecDeque::new(), under_way: None, rest: VecDeque::new() }
    }

    pub(super) const fn member(&self) -> &Arc<dyn Member> {
        &self.member
    }

    /// Another `next`. Said at once if it is one too many: acks must still be read behind it.
    pub(super) fn wants(&mut self, number: u64, count_max: u32) -> Result<(), MemberRefused> {
        let refused = |why: String| Err(Err(GroupError::Invalid { why }));
        if count_max == 0 {
            return refused("no deliveries are wanted".to_owned());
        }
        if self.wanted.len() >= MEMBER_NEXT_COUNT_MAX {
            return refused(format!("{MEMBER_NEXT_COUNT_MAX} calls of this member wait already"));
        }
        self.wanted.push_back((number, usize::try_from(count_max).unwrap_or(usize::MAX)));
        Ok(())
    }

    /// This one is not wanted any more.
    pub(super) fn cancel(&mut self, number: u64) {
        let is_first = self.wanted.front().is_some_and(|(first, _)| *first == number);
        self.wanted.retain(|(wanted, _)| *wanted != number);
        if is_first {
            // A dropped call loses nothing.
            self.under_way = None;
        }
    }

    /// The answer to the first that waits; nothing, as long as nobody does.
    pub(super) async fn step(&mut self) -> (u64, MemberOutcome) {
        let Some((number, count_max)) = self.wanted.front().copied() else {
            return std::future::pending().await;
        };
        loop {
            let part = self.part(count_max);
            if !part.is_empty() {
                self.answered();
                return (number, Ok(MemberTold::Deliveries(part)));
            }
            let member = Arc::clone(&self.member);
            let call = self
                .under_way
                .get_or_insert_with(|| Box::pin(async move { member.next(count_max).await }));
            let taken = call.await;
            self.under_way = None;
            match taken {
                Ok(deliveries) => self.rest.extend(deliveries),
                Err(error) => {
                    self.answered();
                    return (number, Err(error));
                }
            }
        }
    }

    fn answered(&mut self) {
        self.wanted.pop_front();
    }

    /// What fits a message, at least one if there is any.
    fn part(&mut self, count_max: usize) -> Vec<GroupDelivery> {
        let now = self.context.now();
        self.rest.retain(|delivery| delivery.until > now);
        let mut bytes = 0;
        let fits = |delivery: &&GroupDelivery| {
            let before = bytes;
            bytes += delivery.event.payload.len() + delivery.event.metadata.bytes();
            before < MEMBER_MESSAGE_BYTES
        };
        let count = self.rest.iter().take(count_max).take_while(fits).count();
        self.rest.drain(..count).collect()
    }
}

/// Why a `next` is not taken in, as it is answered.
pub(super) type MemberRefused = MemberOutcome;
