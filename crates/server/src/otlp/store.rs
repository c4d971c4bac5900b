//! One context, traced.

use super::said::{self, Call};
use super::{asked, subscription};
use bytestring::ByteString;
use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ConsumerGroups, EventStore, ExpectedRevision,
    Page, ReadAll, ReadError, ReadStream, StreamChange, StreamName, StreamPage, Subscribe,
    Subscription,
};
use headwater_telemetry::{Begun, TraceParent, Tracer};
use std::sync::Arc;

pub(super) struct Traced {
    pub(super) store: Arc<dyn EventStore>,
    /// `None`: no spans, but events are given their traces.
    pub(super) tracer: Option<Tracer>,
    pub(super) metadata_bytes_max: usize,
}

impl Traced {
    fn begin(&self, call: Call) -> Option<Begun> {
        said::begin_asked(self.tracer.as_ref(), call, &*self.store)
    }

    /// Below the request; what comes without one is below the first event that says where it is from. If
    /// nobody records that trace, it is as if a trace began here.
    fn begin_append(&self, append: &Append) -> Option<Begun> {
        self.tracer.as_ref()?;
        let events = append.writes.iter().flat_map(|write| &write.events);
        let mut own = events.filter_map(|event| event.metadata.traceparent.as_deref());
        let asked = asked::trace();
        let own = if asked.is_none() { own.find_map(TraceParent::parse) } else { None };
        let parent = asked.or(own.filter(|own| own.is_sampled()));
        let mut span =
            said::begin(self.tracer.as_ref(), Call::Append, self.store.context(), parent)?;
        if let (None, Some(own)) = (parent, own) {
            span.link(own);
        }
        said::count(&mut span, append.event_count());
        said::streams(&mut span, append.writes.iter().map(|write| &write.stream));
        Some(span)
    }

    /// Gives a trace to the events that bring none: the request's, or the one that begins with it here.
    fn stamp(&self, append: &mut Append, span: Option<&Begun>) {
        let Some(trace) = asked::trace().or_else(|| span?.trace_parent()) else { return };
        let text = ByteString::from(trace.to_string());
        for event in append.writes.iter_mut().flat_map(|write| &mut write.events) {
            let metadata = &mut event.metadata;
            let fits = metadata.bytes() + text.len() <= self.metadata_bytes_max;
            if metadata.traceparent.is_none() && fits {
                metadata.traceparent = Some(text.clone());
            }
        }
    }
}

/// The answer of a call, said of its span.
fn spanned<'a, T, E>(mut span: Begun, answer: Answer<'a, T, E>) -> Answer<'a, T, E>
where
    T: Send + 'a,
    E: said::Ending + Send + 'a,
{
    Box::pin(async move {
        let answer = answer.await;
        said::ended(&mut span, &answer);
        answer
    })
}

impl Around for Traced {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    fn append(&self, mut append: Append) -> Answer<'_, Appended, AppendError> {
        let span = self.begin_append(&append);
        self.stamp(&mut append, span.as_ref());
        let answer = self.store.append(append);
        match span {
            Some(span) => spanned(span, answer),
            None => answer,
        }
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        let span = self.begin(Call::Change).map(|mut span| {
            said::streams(&mut span, std::iter::once(&stream));
            span
        });
        let answer = self.store.change_stream(stream, expected, change);
        match span {
            Some(span) => spanned(span, answer),
            None => answer,
        }
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        let Some(mut span) = self.begin(Call::Read) else { return self.store.read_stream(read) };
        said::streams(&mut span, std::iter::once(&read.stream));
        Box::pin(async move {
            let answer = self.store.read_stream(read).await;
            said::count(&mut span, answer.as_ref().map_or(0, |page| page.events.len()));
            said::ended(&mut span, &answer);
            answer
        })
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        let Some(mut span) = self.begin(Call::Read) else { return self.store.read_all(read) };
        Box::pin(async move {
            let answer = self.store.read_all(read).await;
            if let Ok(page) = &answer {
                said::count(&mut span, page.events.len());
                said::streams(&mut span, page.events.iter().map(|event| &event.stream));
            }
            said::ended(&mut span, &answer);
            answer
        })
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        let Some(tracer) = self.tracer.clone() else { return self.store.subscribe(subscribe) };
        let (context, opened) = (self.store.context().clone(), asked::trace());
        Box::pin(async move {
            let inner = self.store.subscribe(subscribe).await?;
            Ok(subscription::traced(inner, tracer, context, opened))
        })
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        self.store.consumer_groups().map(|_| self as &dyn ConsumerGroups)
    }
}
