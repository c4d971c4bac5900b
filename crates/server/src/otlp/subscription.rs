//! A subscription, traced: each delivery from when it was there until more was asked for.

use super::said::{self, Call};
use headwater_model::{Answer, ContextName, Delivery, ReadError, Subscription};
use headwater_telemetry::{Begun, TraceParent, Tracer};

struct Traced {
    inner: Box<dyn Subscription>,
    tracer: Tracer,
    context: ContextName,
    /// The trace of who opened it. A link and not a parent: it may be open for days.
    opened: Option<TraceParent>,
    /// The delivery that is being taken.
    taken: Option<Begun>,
}

pub(super) fn traced(
    inner: Box<dyn Subscription>,
    tracer: Tracer,
    context: ContextName,
    opened: Option<TraceParent>,
) -> Box<dyn Subscription> {
    Box::new(Traced { inner, tracer, context, opened, taken: None })
}

impl Subscription for Traced {
    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(async move {
            self.taken = None;
            let delivery = self.inner.next().await;
            let wants = match &delivery {
                Ok(Delivery::Events { .. }) | Err(_) => true,
                Ok(Delivery::CaughtUp { .. }) => false,
            };
            let span =
                wants.then(|| said::begin(Some(&self.tracer), Call::Deliver, &self.context, None));
            if let Some(mut span) = span.flatten() {
                self.opened.into_iter().for_each(|trace| span.link(trace));
                if let Ok(Delivery::Events { events, .. }) = &delivery {
                    said::events(&mut span, events.iter());
                }
                said::ended(&mut span, &delivery);
                self.taken = Some(span);
            }
            delivery
        })
    }
}
