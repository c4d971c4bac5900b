//! Asking the store: an append whose reply is lost is asked for again, until there is one.
//!
//! Why: `Unknown` is a normal answer of a store behind a network, and the same ids again are
//! answered with the first result (A4, A5). Nobody above needs to know.

use crate::limits::LOST_REPLY_ATTEMPTS_MAX;
use headwater_model::{Append, AppendError, Appended, EventStore};

/// What an append came to.
pub(crate) struct Asked {
    /// The store's answer.
    pub(crate) answer: Result<Appended, AppendError>,
    /// A reply was lost on the way: what looks repeated may have been our own first try.
    pub(crate) lost_replies: bool,
}

/// Appends, asking again for lost replies, a bounded number of times.
pub(crate) async fn ask(store: &dyn EventStore, append: Append) -> Asked {
    let mut lost_replies = false;
    for _ in 1..LOST_REPLY_ATTEMPTS_MAX {
        match store.append(append.clone()).await {
            Err(AppendError::Unknown(_)) => lost_replies = true,
            answer => return Asked { answer, lost_replies },
        }
        tokio::task::yield_now().await;
    }
    Asked { answer: store.append(append).await, lost_replies }
}
