//! Pages of one stream, until there are enough.
//!
//! Invariants: R1 all pages are of one moment. A stream that never was, or was deleted, is answered
//! with "not found"; one that was tombstoned is refused.

use super::super::answer::{Answer, said};
use super::super::links::Links;
use super::super::name::identifier;
use super::super::place::AskedRevision as Asked;
use super::super::shown::{Form, Shown};
use super::request::{AskedStream, Reading};
use super::{FIRST_STEP_COUNT, Refusal, STEP_COUNT, Step};
use headwater_model::{
    AsOf, Direction, EventStore, From as Begin, ReadStream, Revision, StreamLife, StreamName,
    StreamState,
};
use headwater_wire::kurrent::event_store::client::streams::read_resp;
use std::sync::Arc;

pub(super) struct StreamPages {
    store: Arc<dyn EventStore>,
    stream: StreamName,
    direction: Direction,
    links: Links,
    form: Form,
    next: Option<Begin<Revision>>,
    as_of: AsOf,
    left: u64,
    /// Events of the next step.
    step_count: usize,
    /// What is said before the events and behind them.
    edges: Edges,
    /// Settings of a stream that was deleted and revived are shown as those of a living one.
    revived: Option<Revision>,
}

/// What is said besides the events.
#[derive(Default)]
struct Edges {
    before: Option<Answer>,
    behind: Option<Answer>,
}

impl StreamPages {
    pub(super) async fn open(
        store: Arc<dyn EventStore>,
        asked: AskedStream,
        count: u64,
        reading: &Reading,
    ) -> Result<Self, Refusal> {
        let standing = Standing::of(&*store, &asked).await?;
        let (incarnation, _) = store.head().await?;
        let (next, edges) = match &standing.state {
            Some(state) => (begin(asked.begin, reading.direction), edges(state, &asked, reading)),
            None => (None, Edges { before: Some(not_found(&asked.stream)), behind: None }),
        };
        Ok(Self {
            store,
            stream: asked.stream,
            direction: reading.direction,
            links: reading.links,
            form: Form { ids: reading.ids, incarnation },
            next,
            as_of: AsOf::Now,
            left: count,
            step_count: FIRST_STEP_COUNT,
            edges,
            revived: standing.revived,
        })
    }

    pub(super) async fn step(&mut self) -> Step {
        let mut messages: Vec<Answer> = self.edges.before.take().into_iter().collect();
        if let Some(from) = self.next.filter(|_| self.left > 0) {
            self.page_from(from, &mut messages).await?;
        }
        if self.next.is_none() || self.left == 0 {
            messages.extend(self.edges.behind.take());
        }
        Ok((!messages.is_empty()).then_some(messages))
    }

    /// The messages of one page.
    async fn page_from(
        &mut self,
        from: Begin<Revision>,
        messages: &mut Vec<Answer>,
    ) -> Result<(), Refusal> {
        let page = self.store.read_stream(self.page(from)).await?;
        if let Some(position) = page.as_of {
            self.as_of = AsOf::Position(position);
        }
        self.next = page.next.map(Begin::At);
        self.left -= page.events.len() as u64;
        if page.events.is_empty() {
            self.next = None;
        }
        self.step_count = STEP_COUNT;
        messages.reserve(page.events.len() + 1);
        for event in page.events {
            let mut shown = Shown::from(event);
            if let Some(first) = self.revived {
                shown = shown.revived(first);
            }
            messages.push(self.links.show(&*self.store, self.form, shown).await?);
        }
        Ok(())
    }

    fn page(&self, from: Begin<Revision>) -> ReadStream {
        ReadStream {
            stream: self.stream.clone(),
            from,
            direction: self.direction,
            count_max: usize::try_from(self.left).unwrap_or(usize::MAX).min(self.step_count),
            as_of: self.as_of,
        }
    }
}

/// How a stream stands that is about to be read.
pub(super) struct Standing {
    /// `None`: it is not there.
    pub(super) state: Option<StreamState>,
    /// The first revision of its subject, if that was deleted and revived.
    pub(super) revived: Option<Revision>,
}

impl Standing {
    /// Looks, and refuses what was tombstoned.
    pub(super) async fn of(store: &dyn EventStore, asked: &AskedStream) -> Result<Self, Refusal> {
        let state = store.stream(asked.stream.clone()).await?;
        let subject = match &asked.subject {
            Some(subject) => Some(store.stream(subject.clone()).await?),
            None => None,
        };
        let life = subject.as_ref().unwrap_or(&state).life;
        if life == StreamLife::Tombstoned {
            return Err(Refusal::Deleted { stream: asked.stream.to_string() });
        }
        let is_alive = |state: &StreamState| state.life == StreamLife::Alive;
        let revived = subject.filter(|subject| is_alive(subject) && subject.last.is_some());
        let revived = revived.map(|subject| subject.first);
        let state = Some(state).filter(|state| state.last.is_some() && is_alive(state));
        Ok(Self { state, revived })
    }
}

fn not_found(stream: &StreamName) -> Answer {
    let stream_identifier = Some(identifier(stream.as_shared()));
    said(read_resp::Content::StreamNotFound(read_resp::StreamNotFound { stream_identifier }))
}

fn begin(asked: Asked, direction: Direction) -> Option<Begin<Revision>> {
    match (direction, asked) {
        (Direction::Forwards, Asked::Start) | (Direction::Backwards, Asked::End) => {
            Some(Begin::Edge)
        }
        (Direction::Backwards, Asked::Start) => Some(Begin::At(Revision::ZERO)),
        (Direction::Forwards, Asked::End) => None,
        (_, Asked::At(revision)) => Some(Begin::At(revision)),
    }
}

/// A read that begins before the first event says where that is; each says where the last one is.
fn edges(state: &StreamState, asked: &AskedStream, reading: &Reading) -> Edges {
    if !reading.takes_edges {
        return Edges::default();
    }
    let starts_hidden = match asked.begin {
        Asked::Start => state.first > Revision::ZERO,
        Asked::At(revision) => revision < state.first,
        Asked::End => false,
    };
    let before = starts_hidden && reading.direction == Direction::Forwards;
    let before = before.then(|| said(read_resp::Content::FirstStreamPosition(state.first.0)));
    let last = state.last.map(|last| said(read_resp::Content::LastStreamPosition(last.0)));
    Edges { before, behind: last }
}
