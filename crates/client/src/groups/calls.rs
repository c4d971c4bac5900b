//! Who waits for an answer of a membership, by number; and deliveries that nobody waits for.
//!
//! Invariants: every call is answered once: by the server, or when the stream ends. Deliveries that come
//! for a call that was given up are kept, and whoever asks next is given them: the server counts them as
//! this member's.

use super::asking::unknown;
use headwater_model::{GroupDelivery, GroupError, GroupName};
use headwater_wire::{MemberAsked, MemberOutcome, MemberTold};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

pub(super) struct Calls {
    group: GroupName,
    state: Mutex<State>,
    /// Told when deliveries are left over.
    came: Notify,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<u64, Waiting>,
    last_number: u64,
    left: VecDeque<GroupDelivery>,
    /// Why there is nothing more to ask.
    gone: Option<GroupError>,
}

struct Waiting {
    answer: oneshot::Sender<MemberOutcome>,
    /// Whether it leaves something behind if its reply is lost.
    settles: bool,
}

/// A call that is under way.
pub(super) struct Pending {
    calls: Arc<Calls>,
    number: u64,
    answer: oneshot::Receiver<MemberOutcome>,
}

impl Calls {
    pub(super) fn new(group: GroupName) -> Self {
        Self { group, state: Mutex::default(), came: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for what is asked.
    pub(super) fn begin(self: &Arc<Self>, asked: &MemberAsked) -> Result<Pending, GroupError> {
        let mut state = self.state();
        if let Some(why) = &state.gone {
            return Err(why.clone());
        }
        state.last_number += 1;
        let number = state.last_number;
        let (answer, told) = oneshot::channel();
        let settles = !matches!(asked, MemberAsked::Next { .. } | MemberAsked::Renew { .. });
        state.waiting.insert(number, Waiting { answer, settles });
        Ok(Pending { calls: Arc::clone(self), number, answer: told })
    }

    /// The answer to a call. Of one that was given up, deliveries are kept.
    pub(super) fn answer(&self, number: u64, outcome: MemberOutcome) {
        let mut state = self.state();
        if let Err(why @ (GroupError::NotAMember { .. } | GroupError::NotFound { .. })) = &outcome {
            state.gone = Some(why.clone());
        }
        let unheard = match state.waiting.remove(&number) {
            Some(waiting) => waiting.answer.send(outcome).err(),
            None => Some(outcome),
        };
        if let Some(Ok(MemberTold::Deliveries(deliveries))) = unheard {
            self.keep(&mut state, deliveries);
        }
    }

    fn keep(&self, state: &mut State, deliveries: Vec<GroupDelivery>) {
        state.left.extend(deliveries);
        self.came.notify_one();
    }

    /// The stream has ended: nobody will be answered any more.
    pub(super) fn lost(&self, why: &str) {
        let mut state = self.state();
        let not_a_member = || GroupError::NotAMember { name: self.group.clone() };
        let gone = state.gone.get_or_insert_with(not_a_member).clone();
        // The server has given them to others, or is about to.
        state.left.clear();
        for (_, waiting) in std::mem::take(&mut state.waiting) {
            let error = if waiting.settles { unknown(why.to_owned()) } else { gone.clone() };
            let _ = waiting.answer.send(Err(error));
        }
    }

    /// What was left over, if there is something.
    pub(super) fn left(&self, count_max: usize) -> Option<Vec<GroupDelivery>> {
        let mut state = self.state();
        let count = state.left.len().min(count_max);
        (count > 0).then(|| state.left.drain(..count).collect())
    }

    /// Waits for something to be left over.
    pub(super) async fn left_over(&self, count_max: usize) -> Vec<GroupDelivery> {
        loop {
            if let Some(left) = self.left(count_max) {
                return left;
            }
            self.came.notified().await;
        }
    }
}

impl Pending {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The answer, when it comes.
    pub(super) async fn outcome(&mut self) -> MemberOutcome {
        let told = (&mut self.answer).await;
        told.unwrap_or_else(|_| Err(unknown("the client has ended".to_owned())))
    }

    /// Nobody waits for it any more; whether the server should hear of it.
    pub(super) fn give_up(&mut self) -> bool {
        let mut state = self.calls.state();
        if state.waiting.remove(&self.number).is_some() {
            return true;
        }
        // Answered, and perhaps not taken yet.
        if let Ok(Ok(MemberTold::Deliveries(deliveries))) = self.answer.try_recv() {
            self.calls.keep(&mut state, deliveries);
        }
        false
    }
}
