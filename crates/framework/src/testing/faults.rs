//! Faults: a store whose appends fail at will, around any store.
//!
//! Why: a crash at every append, before and after it took hold, must change no outcome (C1, C2, A4).

use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ConsumerGroups, ContextName, Contexts,
    EventStore, JournalCopies, LostReply, ReadError, Scavenge, Unavailable,
};
use parking_lot::Mutex;
use std::sync::Arc;

/// What happens to an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process dies: nobody in it remembers anything.
    Crash,
    /// The answer is lost, and everybody lives.
    LostReply,
}

/// An append that is to fail.
#[derive(Clone, Copy, Debug)]
struct Armed {
    fault: Fault,
    /// Appends that pass before it.
    passing: u64,
    /// Whether it takes hold.
    stored: bool,
}

/// Shared by all contexts of a faulty store.
#[derive(Default)]
pub(super) struct Faults {
    armed: Mutex<Option<Armed>>,
    happened: Mutex<bool>,
    /// Makes the services of the world forget what they hold in memory.
    forgetting: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

impl Faults {
    pub(super) fn arm(&self, fault: Fault, passing: u64, stored: bool) {
        *self.armed.lock() = Some(Armed { fault, passing, stored });
        *self.happened.lock() = false;
    }

    pub(super) fn happened(&self) -> bool {
        *self.happened.lock()
    }

    pub(super) fn forgets(&self, forget: impl Fn() + Send + Sync + 'static) {
        self.forgetting.lock().push(Box::new(forget));
    }

    /// The fault that happens to this append, if it is its turn.
    fn next(&self) -> Option<Armed> {
        let mut slot = self.armed.lock();
        let armed = slot.as_mut()?;
        if armed.passing > 0 {
            armed.passing -= 1;
            return None;
        }
        *self.happened.lock() = true;
        slot.take()
    }

    fn answer(&self, fault: Fault) -> AppendError {
        match fault {
            Fault::LostReply => {
                AppendError::Unknown(LostReply { why: "a test lost the reply".to_owned() })
            }
            Fault::Crash => {
                self.forgetting.lock().iter().for_each(|forget| forget());
                AppendError::Unavailable(Unavailable::Closed)
            }
        }
    }
}

/// Contexts whose appends fail at will.
pub(super) struct FaultyContexts {
    pub(super) inner: Arc<dyn Contexts>,
    pub(super) faults: Arc<Faults>,
}

impl Contexts for FaultyContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let inner = self.inner.context(name).await?;
            let faults = Arc::clone(&self.faults);
            Ok(Arc::new(FaultyStore { inner, faults }) as Arc<dyn EventStore>)
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        self.inner.names()
    }
}

struct FaultyStore {
    inner: Arc<dyn EventStore>,
    faults: Arc<Faults>,
}

impl Around for FaultyStore {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.inner
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            match self.faults.next() {
                None => self.inner.append(append).await,
                Some(Armed { fault, stored: false, .. }) => Err(self.faults.answer(fault)),
                Some(Armed { fault, stored: true, .. }) => {
                    // A refusal is lost as well: whoever asked does not hear it.
                    drop(self.inner.append(append).await);
                    Err(self.faults.answer(fault))
                }
            }
        })
    }

    // What does not fail at will is not offered.
    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        None
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        None
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        None
    }
}
