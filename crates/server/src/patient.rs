//! Stores whose calls may read the disk, without holding up anybody else.
//!
//! Why: the embedded store reads on its caller's thread, from some microseconds (a short page that
//! is cached) to some tens of milliseconds (a page of a filter that matches little), or a second
//! (a broad condition). A server's threads carry thousands of other connections meanwhile.
//!
//! Picture: `poll ─▶ block_in_place ─▶ the store's poll`: the runtime moves its other work to
//! another thread for that long. No thread is held while a call waits, as a pool of threads would
//! do for every subscription. What is known to be short is polled where it is.

mod copies;
mod groups;

use groups::Working;
use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ConsumerGroups, ContextName, Contexts, Delivery,
    EventStore, JournalCopies, Page, ReadAll, ReadError, ReadStream, StreamName, StreamPage,
    StreamState, Subscribe, Subscription,
};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Handle, RuntimeFlavor};

/// A page of so few events of one stream is found in a few blocks, mostly cached: moving all other
/// work to another thread would take longer than reading it.
const SHORT_PAGE_COUNT_MAX: usize = 64;

/// Polls a call that may read the disk.
async fn patiently<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    poll_fn(|context| {
        let many = matches!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
        if many {
            tokio::task::block_in_place(|| call.as_mut().poll(context))
        } else {
            // One thread has nowhere to move its other work: only tests have such a runtime.
            call.as_mut().poll(context)
        }
    })
    .await
}

/// Contexts, each opened once and kept at hand.
pub(crate) struct PatientContexts {
    inner: Arc<dyn Contexts>,
    open: Mutex<BTreeMap<ContextName, Arc<dyn EventStore>>>,
    working: Working,
}

impl PatientContexts {
    pub(crate) fn new(inner: Arc<dyn Contexts>) -> Self {
        Self { inner, open: Mutex::default(), working: Working::default() }
    }

    /// The context, if it is there: a reader's typing error must not make one.
    pub(crate) async fn existing(
        &self,
        name: &ContextName,
    ) -> Result<Option<Arc<dyn EventStore>>, ReadError> {
        if let Some(open) = self.at_hand(name) {
            return Ok(Some(open));
        }
        if self.names().await?.contains(name) {
            return self.context(name.clone()).await.map(Some);
        }
        Ok(None)
    }

    /// Resolves when no call runs on without its caller.
    pub(crate) async fn done(&self) {
        self.working.done().await;
    }

    /// Those that are open.
    pub(crate) fn opened(&self) -> Vec<Arc<dyn EventStore>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn at_hand(&self, name: &ContextName) -> Option<Arc<dyn EventStore>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

impl Contexts for PatientContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            if let Some(open) = self.at_hand(&name) {
                return Ok(open);
            }
            let opened = patiently(self.inner.context(name.clone())).await?;
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let working = self.working.clone();
            let make = || Arc::new(PatientStore { store: opened, working }) as Arc<dyn EventStore>;
            let opened = open.entry(name).or_insert_with(make);
            Ok(Arc::clone(opened))
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        Box::pin(patiently(self.inner.names()))
    }
}

struct PatientStore {
    store: Arc<dyn EventStore>,
    working: Working,
}

impl Around for PatientStore {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        if append.conditions.is_empty() {
            return self.store.append(append);
        }
        Box::pin(patiently(self.store.append(append)))
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        if read.count_max <= SHORT_PAGE_COUNT_MAX {
            return self.store.read_stream(read);
        }
        Box::pin(patiently(self.store.read_stream(read)))
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        Box::pin(patiently(self.store.read_all(read)))
    }

    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        Box::pin(patiently(self.store.streams(prefix, after, count_max)))
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            let inner = self.store.subscribe(subscribe).await?;
            Ok(Box::new(PatientSubscription(inner)) as Box<dyn Subscription>)
        })
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        self.store.consumer_groups().map(|_| self as &dyn ConsumerGroups)
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        self.store.journal_copies().map(|_| self as &dyn JournalCopies)
    }
}

struct PatientSubscription(Box<dyn Subscription>);

impl Subscription for PatientSubscription {
    fn bound(&mut self, bytes_max: usize) {
        self.0.bound(bytes_max);
    }

    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(patiently(self.0.next()))
    }
}
