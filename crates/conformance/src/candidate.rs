//! Who sits the exam: something that can be opened, closed and opened again, under a clock that
//! the exam moves.

use headwater_model::{ContextName, Contexts, EventStore, Journal, JournalError, Timestamp};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A store to be examined. Each case makes one of its own, in an empty place.
pub trait Candidate {
    /// Opens it. The exam has dropped what it was given before; whatever the candidate itself
    /// still holds of it, it closes first.
    fn open(&mut self) -> impl Future<Output = Arc<dyn Contexts>>;

    /// Sets the clock that recorded-at is taken from.
    fn set_clock(&mut self, to: Timestamp);
}

/// A journal to be examined.
pub trait JournalCandidate {
    /// What is opened.
    type Journal: Journal;

    /// Opens it, again after the first time. The exam may still hold the handle before.
    ///
    /// # Errors
    /// A journal that only one process may hold says so.
    fn open(&mut self) -> Result<Self::Journal, JournalError>;
}

/// The context that cases use.
pub(crate) async fn exam_context(candidate: &mut impl Candidate) -> Arc<dyn EventStore> {
    let contexts = candidate.open().await;
    contexts.context(context_name("exam")).await.expect("a context is made when it is asked for")
}

pub(crate) fn context_name(text: &str) -> ContextName {
    ContextName::new(text).expect("the exam's contexts have good names")
}

/// Longer than any case takes on the slowest machine: a case that waits for ever fails.
const CASE_DURATION_MAX: Duration = Duration::from_secs(120);

/// Runs one case on a runtime of its own.
///
/// # Panics
/// If the case fails, or does not end.
pub fn run<T>(case: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime needs no more than a thread");
    let bounded = async { tokio::time::timeout(CASE_DURATION_MAX, case).await };
    runtime.block_on(bounded).expect("the case ends: something waits that nobody wakes")
}
