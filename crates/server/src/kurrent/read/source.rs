//! Sources: what of the whole context is read, and how it is shown.

use super::super::answer::{Answer, said};
use super::super::derived::Derived;
use super::super::filter::Filter;
use super::super::links::Links;
use super::super::name::identifier;
use super::super::refusal::Refusal;
use super::super::shown::{Form, Shown};
use headwater_model::{EventStore, Query, RecordedEvent};
use headwater_wire::kurrent::event_store::client::streams::read_resp;

/// What of the whole context is read.
#[derive(Clone)]
pub(in crate::kurrent) struct Source {
    pub(in crate::kurrent) query: Query,
    shape: Shape,
}

#[derive(Clone)]
enum Shape {
    Plain,
    Filtered(Box<Filter>),
    Derived(Box<Derived>),
}

impl Source {
    /// All that matches.
    pub(in crate::kurrent) const fn plain(query: Query) -> Self {
        Self { query, shape: Shape::Plain }
    }

    /// What passes a filter.
    pub(in crate::kurrent) fn filtered(filter: Filter) -> Self {
        Self { query: filter.query(), shape: Shape::Filtered(Box::new(filter)) }
    }

    /// The links of a derived stream.
    pub(in crate::kurrent) fn derived(derived: Derived) -> Self {
        Self { query: derived.query().clone(), shape: Shape::Derived(Box::new(derived)) }
    }

    /// Whether all that the query finds is shown.
    pub(in crate::kurrent) const fn takes_all(&self) -> bool {
        matches!(self.shape, Shape::Plain)
    }

    /// How often a subscription tells how far it has come; `None`: its events tell.
    pub(in crate::kurrent) fn checkpoint_every(&self) -> Option<u64> {
        match &self.shape {
            Shape::Filtered(filter) => Some(filter.checkpoint_every),
            Shape::Plain | Shape::Derived(_) => None,
        }
    }

    /// Whether its places are revisions of a stream rather than positions.
    pub(in crate::kurrent) const fn is_stream(&self) -> bool {
        matches!(self.shape, Shape::Derived(_))
    }

    /// What is said when nothing was found; `None`: nothing.
    pub(in crate::kurrent) fn not_found(&self) -> Option<Answer> {
        let Shape::Derived(derived) = &self.shape else { return None };
        let stream_identifier = Some(identifier(derived.name()));
        let not_found = read_resp::StreamNotFound { stream_identifier };
        Some(said(read_resp::Content::StreamNotFound(not_found)))
    }

    /// The message that shows an event; `None`: it is not wanted.
    pub(in crate::kurrent) async fn show(
        &mut self,
        store: &dyn EventStore,
        (form, links): (Form, Links),
        event: RecordedEvent,
    ) -> Result<Option<Answer>, Refusal> {
        match &mut self.shape {
            Shape::Plain => Ok(Some(links.show(store, form, event.into()).await?)),
            Shape::Filtered(filter) => {
                let shown = Shown::from(event);
                if !filter.passes(&shown)? {
                    return Ok(None);
                }
                Ok(Some(links.show(store, form, shown).await?))
            }
            Shape::Derived(derived) => Ok(derived.takes(&event).then(|| {
                let shown = Shown::from(event);
                let link = derived.link(&shown);
                if links.follow { form.resolved(Some(shown), link) } else { form.event(link) }
            })),
        }
    }
}
