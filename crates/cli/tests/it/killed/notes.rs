//! What the clients were told, in the order of one clock.

use headwater_conformance::history::{Operation, Outcome};
use headwater_model::{Append, AppendError, Appended, Position};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// What everybody writes into.
pub(super) struct Notes {
    clock: AtomicU64,
    operations: Mutex<Vec<Operation>>,
    answered: watch::Sender<u64>,
    is_over: AtomicBool,
    end: watch::Sender<Option<Position>>,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            clock: AtomicU64::new(0),
            operations: Mutex::default(),
            answered: watch::Sender::new(0),
            is_over: AtomicBool::new(false),
            end: watch::Sender::new(None),
        }
    }
}

impl Notes {
    /// An instant: asked before the question is sent.
    pub(super) fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// What came of it.
    pub(super) fn told(
        &self,
        append: Append,
        invoked: u64,
        answer: &Result<Appended, AppendError>,
    ) {
        let outcome = match answer {
            Ok(appended) => Outcome::Done(appended.clone()),
            Err(AppendError::Unknown(_)) => Outcome::Unknown,
            Err(refusal) => Outcome::Refused(refusal.clone()),
        };
        let operation = Operation { append, invoked, returned: self.now(), outcome };
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
        self.answered.send_modify(|count| *count += 1);
    }

    /// Waits for so many further answers.
    pub(super) async fn more_answers(&self, count: u64) {
        let wanted = *self.answered.borrow() + count;
        let mut answered = self.answered.subscribe();
        answered.wait_for(|count| *count >= wanted).await.expect("the sender is here");
    }

    /// No further appends.
    pub(super) fn stop(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Nothing comes behind this.
    pub(super) fn ends_at(&self, position: Position) {
        self.end.send_replace(Some(position));
    }

    /// Where followers may end.
    pub(super) fn end(&self) -> watch::Receiver<Option<Position>> {
        self.end.subscribe()
    }

    pub(super) fn operations(&self) -> Vec<Operation> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
