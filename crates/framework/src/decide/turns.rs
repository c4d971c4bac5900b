//! Turns: direct commands to one stream go one after the other within a process.
//!
//! Why: side by side, all but one would find at the append that they decided in vain.
//! Not here: other processes and reactions; those are met with the append's expectation.

use headwater_model::StreamName;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

type Queue = Arc<tokio::sync::Mutex<()>>;

/// Who is at work on which stream.
#[derive(Default)]
pub(crate) struct Turns {
    queues: Mutex<HashMap<StreamName, Queue>>,
}

/// The right to work on a stream; given back when dropped.
pub(crate) struct TurnAt<'a> {
    turns: &'a Turns,
    stream: StreamName,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the others who are before us at `stream`.
    pub(crate) async fn at(&self, stream: &StreamName) -> TurnAt<'_> {
        let queue = Arc::clone(self.queues.lock().entry(stream.clone()).or_default());
        // Before the wait, so that a caller who gives up while waiting cleans up as well.
        let mut turn = TurnAt { turns: self, stream: stream.clone(), guard: None };
        turn.guard = Some(queue.lock_owned().await);
        turn
    }
}

impl Drop for TurnAt<'_> {
    fn drop(&mut self) {
        let mut queues = self.turns.queues.lock();
        self.guard.take();
        // Under the lock nobody can join: a queue held by the map alone has nobody in it.
        if queues.get(&self.stream).is_some_and(|queue| Arc::strong_count(queue) == 1) {
            queues.remove(&self.stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn the_second_waits_for_the_first_and_nothing_is_left_behind() {
        let (turns, stream) = (Turns::default(), StreamName::new("a-1").unwrap());
        let first = turns.at(&stream).now_or_never().expect("nobody is before us");
        let mut second = Box::pin(turns.at(&stream));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.now_or_never().expect("our turn");
        drop(second);
        assert!(turns.queues.lock().is_empty());
    }
}
