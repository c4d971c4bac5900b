//! A subscription that ends when its reader may read no more.
//!
//! Why: who is disabled, and whose token is revoked or has expired, must not go on reading for days
//! because the stream is open.

use super::super::Caller;
use headwater_access::{Target, Verb};
use headwater_model::{Answer, ContextName, Delivery, Denied, Query, ReadError, Subscription};

struct Guarded {
    caller: Caller,
    context: ContextName,
    target: Target,
    inner: Box<dyn Subscription>,
}

/// Guards a subscription; one of a server that asks nobody stays as it is.
pub(super) fn guarded(
    caller: &Caller,
    context: &ContextName,
    query: Query,
    inner: Box<dyn Subscription>,
) -> Box<dyn Subscription> {
    let (caller, context, target) = (caller.clone(), context.clone(), Target::query(&query));
    Box::new(Guarded { caller, context, target, inner })
}

impl Guarded {
    fn may(&self) -> Result<(), Denied> {
        let what = || format!("all that is asked for of {}", self.context);
        self.caller.check(Verb::Read, Some(&self.context), &self.target, what)
    }
}

impl Subscription for Guarded {
    fn bound(&mut self, bytes_max: usize) {
        self.inner.bound(bytes_max);
    }

    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(async move {
            let mut changes = self.caller.changes();
            loop {
                self.may().map_err(ReadError::Denied)?;
                // Dropping a future of the subscription beneath loses nothing.
                tokio::select! {
                    biased;
                    () = changes.next() => {}
                    delivery = self.inner.next() => return delivery,
                }
            }
        })
    }
}
