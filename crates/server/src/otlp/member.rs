//! A membership, traced. It outlives requests, so each call is below the request that makes it, or
//! begins a trace.

use super::asked;
use super::said::{self, Call};
use bytestring::ByteString;
use headwater_model::{
    Answer, ContextName, DeliveryId, GroupDelivery, GroupError, GroupName, Member, MemberId,
};
use headwater_telemetry::{Begun, Tracer};
use std::time::Duration;

pub(super) struct TracedMember {
    pub(super) inner: Box<dyn Member>,
    pub(super) tracer: Tracer,
    pub(super) context: ContextName,
    pub(super) group: GroupName,
}

impl TracedMember {
    fn begin(&self, call: Call) -> Option<Begun> {
        let mut span = said::begin(Some(&self.tracer), call, &self.context, asked::trace())?;
        span.set("messaging.consumer.group.name", self.group.to_string());
        Some(span)
    }

    fn settle<'a>(
        &'a self,
        call: Call,
        count: usize,
        answer: Answer<'a, (), GroupError>,
    ) -> Answer<'a, (), GroupError> {
        let Some(mut span) = self.begin(call) else { return answer };
        said::count(&mut span, count);
        Box::pin(async move {
            let answer = answer.await;
            said::ended(&mut span, &answer);
            answer
        })
    }
}

impl Member for TracedMember {
    fn id(&self) -> MemberId {
        self.inner.id()
    }

    /// Its span begins when there is something: waiting for it is nobody's work.
    fn next(&self, count_max: usize) -> Answer<'_, Vec<GroupDelivery>, GroupError> {
        Box::pin(async move {
            let taken = self.inner.next(count_max).await;
            if !matches!(&taken, Ok(none) if none.is_empty())
                && let Some(mut span) = self.begin(Call::Deliver)
            {
                let events = taken.iter().flatten().map(|delivery| &delivery.event);
                said::events(&mut span, events);
                said::ended(&mut span, &taken);
            }
            taken
        })
    }

    fn ack(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        let count = deliveries.len();
        self.settle(Call::Ack, count, self.inner.ack(deliveries))
    }

    fn retry(
        &self,
        delivery: DeliveryId,
        wait: Option<Duration>,
        reason: ByteString,
    ) -> Answer<'_, (), GroupError> {
        self.settle(Call::Retry, 1, self.inner.retry(delivery, wait, reason))
    }

    fn park(&self, delivery: DeliveryId, reason: ByteString) -> Answer<'_, (), GroupError> {
        self.settle(Call::Park, 1, self.inner.park(delivery, reason))
    }

    fn hold_at_most(&self, count_max: u32) -> Answer<'_, (), GroupError> {
        self.inner.hold_at_most(count_max)
    }

    fn renew(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        self.inner.renew(deliveries)
    }
}
