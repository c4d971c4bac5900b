//! What a group has parked, as the stream that this protocol shows it in.
//!
//! Picture: `$persistentsubscription-order-1::mail-parked` links to each parked event, in the order of
//! the events; its revisions count from 0 what is parked now.
//!
//! Not here: a place for what was parked and is not any more. Nothing is ever written to this stream.

use super::super::answer::{Answer, said};
use super::super::derived::LINK_TYPE;
use super::super::links::Links;
use super::super::name::identifier;
use super::super::place::AskedRevision;
use super::super::refusal::Refusal;
use super::super::shown::{Form, Shown};
use super::{Which, groups};
use bytestring::ByteString;
use headwater_model::limits::GROUP_PARKED_PAGE_COUNT_MAX;
use headwater_model::{
    ContentType, Direction, EventStore, GroupError, ParkedEvent, ParkedPart, Position,
};
use headwater_wire::kurrent::event_store::client::streams::read_resp;
use std::collections::VecDeque;
use std::sync::Arc;

/// The part that is the first `count` of what is parked; `None`: there are none.
pub(super) async fn first(
    store: &dyn EventStore,
    which: &Which,
    count: u64,
) -> Result<Option<ParkedPart>, Refusal> {
    let (mut last, mut left) = (None, count);
    while left > 0 {
        let page = page(store, which, last).await?;
        let taken = page.iter().take(usize::try_from(left).unwrap_or(usize::MAX));
        let Some((count, event)) = taken.enumerate().last() else { break };
        last = Some(event.position);
        left -= count as u64 + 1;
    }
    Ok(last.map(ParkedPart::UpTo))
}

/// Gives up all that is parked: what deleting its stream means.
pub(in crate::kurrent) async fn give_up(
    store: &dyn EventStore,
    which: &Which,
) -> Result<u64, Refusal> {
    let reason = ByteString::from_static("its stream was deleted");
    let part = ParkedPart::All;
    match groups(store)?.skip_parked(which.name()?, part, reason).await {
        Ok(count) => Ok(count),
        Err(GroupError::NotFound { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

async fn page(
    store: &dyn EventStore,
    which: &Which,
    after: Option<Position>,
) -> Result<Vec<ParkedEvent>, Refusal> {
    let page = groups(store)?.parked(which.name()?, after, GROUP_PARKED_PAGE_COUNT_MAX).await;
    match page {
        Err(GroupError::NotFound { .. }) => Ok(Vec::new()),
        page => Ok(page?),
    }
}

/// A read of that stream.
pub(in crate::kurrent) struct ParkedPages {
    store: Arc<dyn EventStore>,
    which: Which,
    links: Links,
    form: Form,
    /// Read and not shown yet, with their revisions.
    waiting: VecDeque<(u64, ParkedEvent)>,
    /// Where the next page begins; `None`: there is none.
    after: Option<Option<Position>>,
    /// The revision of the next event that is read.
    next: u64,
    begin: u64,
    left: u64,
    found_any: bool,
}

impl ParkedPages {
    pub(in crate::kurrent) async fn open(
        store: Arc<dyn EventStore>,
        (which, begin): (Which, AskedRevision),
        (direction, count): (Direction, u64),
        (links, form): (Links, Form),
    ) -> Result<Self, Refusal> {
        let mut pages = Self {
            store,
            which,
            links,
            form,
            waiting: VecDeque::new(),
            after: Some(None),
            next: 0,
            begin: 0,
            left: count,
            found_any: false,
        };
        match (direction, begin) {
            (Direction::Forwards, AskedRevision::Start) => {}
            (Direction::Forwards, AskedRevision::At(revision)) => pages.begin = revision.0,
            (Direction::Forwards, AskedRevision::End) => pages.begin = u64::MAX,
            (Direction::Backwards, begin) => pages.turn(begin).await?,
        }
        Ok(pages)
    }

    /// The next messages; `None`: there are no more.
    pub(in crate::kurrent) async fn step(&mut self) -> Result<Option<Vec<Answer>>, Refusal> {
        loop {
            let mut messages = Vec::new();
            while let Some((revision, event)) = self.waiting.pop_front().filter(|_| self.left > 0) {
                messages.extend(self.show(revision, event).await?);
                self.left -= 1;
            }
            if !messages.is_empty() {
                return Ok(Some(messages));
            }
            if self.left == 0 || !self.read_on().await? {
                return Ok(self.not_found());
            }
        }
    }

    /// Reads one more page; answers whether there was one.
    async fn read_on(&mut self) -> Result<bool, Refusal> {
        let Some(after) = self.after else { return Ok(false) };
        let page = page(&*self.store, &self.which, after).await?;
        self.after = page.last().map(|last| Some(last.position));
        self.found_any |= !page.is_empty();
        for event in page {
            if self.next >= self.begin {
                self.waiting.push_back((self.next, event));
            }
            self.next += 1;
        }
        Ok(self.after.is_some())
    }

    /// Reads all there is, and keeps what is asked for, the last first.
    async fn turn(&mut self, begin: AskedRevision) -> Result<(), Refusal> {
        let last = match begin {
            AskedRevision::Start => 0,
            AskedRevision::At(revision) => revision.0,
            AskedRevision::End => u64::MAX,
        };
        while self.read_on().await? {
            self.waiting.retain(|(revision, _)| *revision <= last);
            while self.waiting.len() as u64 > self.left {
                self.waiting.pop_front();
            }
        }
        self.waiting.make_contiguous().reverse();
        Ok(())
    }

    async fn show(&self, revision: u64, parked: ParkedEvent) -> Result<Option<Answer>, Refusal> {
        // What its stream's settings hide by now leads to nothing.
        let Some(event) = parked.event else { return Ok(None) };
        let name = self.which.parked_stream();
        let said = serde_json::json!({
            "added": parked.parked_at.to_string(),
            "reason": &*parked.reason,
            "subscriptionEventNumber": parked.position.0,
            "attempts": parked.attempts,
            "held": parked.held_count,
        });
        let link = Shown {
            id: event.id.derive_named(&name),
            stream: name,
            revision,
            position: event.position,
            recorded_at: parked.parked_at,
            event_type: ByteString::from_static(LINK_TYPE),
            content_type: ContentType::Binary,
            data: format!("{}@{}", event.revision, event.stream).into(),
            custom: said.to_string().into(),
        };
        self.links.show(&*self.store, self.form, link).await.map(Some)
    }

    fn not_found(&mut self) -> Option<Vec<Answer>> {
        if std::mem::replace(&mut self.found_any, true) || self.left == 0 {
            return None;
        }
        let stream_identifier = Some(identifier(&self.which.parked_stream()));
        let not_found = read_resp::StreamNotFound { stream_identifier };
        Some(vec![said(read_resp::Content::StreamNotFound(not_found))])
    }
}
