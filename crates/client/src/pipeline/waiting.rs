//! Who waits for an answer: by number, which is the order they came in.
//!
//! Invariant: all deadlines are equally far from their beginning, so the first that waits is also
//! the first that is late.

use super::{Job, Reply, unasked};
use headwater_model::{AppendError, Denied, LostReply};
use headwater_wire::encoded::EncodedRequest;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// The unanswered.
#[derive(Default)]
pub(super) struct Waiting {
    jobs: BTreeMap<u64, Job>,
    next: u64,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Takes one in; it has not been sent.
    pub(super) fn admit(&mut self, mut job: Job) -> u64 {
        let number = self.next;
        self.next += 1;
        job.asked.request.number = number;
        self.jobs.insert(number, job);
        number
    }

    /// What is sent for this one; from now on a server may have seen it.
    pub(super) fn sending(&mut self, number: u64) -> Option<EncodedRequest> {
        let job = self.jobs.get_mut(&number)?;
        job.sent = true;
        Some(job.asked.request.clone())
    }

    /// All that are unanswered, in order.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.jobs.keys().copied().collect()
    }

    /// Tells the caller; one who has gone is not told, a number that is not waited for is ignored:
    /// it was late.
    pub(super) fn answer(&mut self, number: u64, answer: Reply) {
        if let Some(job) = self.jobs.remove(&number) {
            let _ = job.answer.send(answer);
        }
    }

    /// When the first of them is late.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.jobs.first_key_value().map(|(_, job)| job.deadline)
    }

    /// Answers those whose time is up.
    pub(super) fn expire(&mut self, now: Instant, why: &str) {
        while let Some(first) = self.jobs.first_entry() {
            if first.get().deadline > now {
                return;
            }
            let job = first.remove();
            let error = if job.sent { unknown(why) } else { unasked(why) };
            let _ = job.answer.send(Err(error));
        }
    }

    /// The connection is lost: A5, who cannot be asked again is told so now.
    pub(super) fn lost(&mut self, why: &str) {
        let hopeless = |_: &u64, job: &mut Job| job.sent && !job.asked.may_repeat;
        for (_, job) in self.jobs.extract_if(.., hopeless) {
            let _ = job.answer.send(Err(unknown(why)));
        }
    }

    /// The server will not talk with us: nothing more will be found out.
    pub(super) fn refused(&mut self, why: &str, denied: Option<&Denied>) {
        for (_, job) in std::mem::take(&mut self.jobs) {
            let error = match denied {
                _ if job.sent => unknown(why),
                Some(denied) => AppendError::Denied(denied.clone()),
                None => unasked(why),
            };
            let _ = job.answer.send(Err(error));
        }
    }
}

fn unknown(why: &str) -> AppendError {
    AppendError::Unknown(LostReply { why: why.to_owned() })
}
