//! Queries: which events, by what they are rather than where they stand.
//!
//! Why: one language for filtered reads, subscriptions and the conditions of an append.
//!
//! Picture: items are OR-ed; within an item every part that is given must match:
//! ```text
//!   any of the streams ∧ any of the prefixes ∧ any of the categories ∧ any of the types ∧ all of the tags
//! ```
//! Invariant: system streams (`$…`) match only an item that names them by stream or prefix.

use crate::{Category, EventType, RecordedEvent, StreamName, Tag};
use bytestring::ByteString;
use serde::{Deserialize, Serialize};

/// Any of these items; without items, every event that is not the system's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Query {
    /// OR-ed.
    pub items: Vec<QueryItem>,
}

/// Every part that is not empty must match.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QueryItem {
    /// Any of these streams.
    pub streams: Vec<StreamName>,
    /// Any stream whose name begins so. `$` asks for the system's.
    pub stream_prefixes: Vec<ByteString>,
    /// Any stream of these categories.
    pub categories: Vec<Category>,
    /// Any of these types.
    pub types: Vec<EventType>,
    /// All of these tags.
    pub tags: Vec<Tag>,
}

impl Query {
    /// Every event that is not the system's.
    pub const fn all() -> Self {
        Self { items: Vec::new() }
    }

    /// Events of one stream.
    pub fn stream(stream: StreamName) -> Self {
        QueryItem { streams: vec![stream], ..QueryItem::default() }.into()
    }

    /// Events of any of these types.
    pub fn types(types: impl IntoIterator<Item = EventType>) -> Self {
        QueryItem { types: types.into_iter().collect(), ..QueryItem::default() }.into()
    }

    /// Events with all of these tags.
    pub fn tags(tags: impl IntoIterator<Item = Tag>) -> Self {
        QueryItem { tags: tags.into_iter().collect(), ..QueryItem::default() }.into()
    }

    /// Events of any of these categories.
    pub fn categories(categories: impl IntoIterator<Item = Category>) -> Self {
        QueryItem { categories: categories.into_iter().collect(), ..QueryItem::default() }.into()
    }

    /// Events that this query or `other` matches.
    #[must_use]
    pub fn or(mut self, other: impl Into<Query>) -> Self {
        self.items.extend(other.into().items);
        self
    }

    /// The larger of: how many items, how many names in the largest item. Bounded by
    /// [`crate::limits::QUERY_ITEM_COUNT_MAX`].
    pub fn size(&self) -> usize {
        self.items.iter().map(QueryItem::size).fold(self.items.len(), usize::max)
    }

    /// Whether an event with these properties is asked for.
    pub fn matches(&self, event: &impl Queryable) -> bool {
        match self.items.as_slice() {
            [] => !event.stream().starts_with('$'),
            items => items.iter().any(|item| item.matches(event)),
        }
    }
}

impl From<QueryItem> for Query {
    fn from(item: QueryItem) -> Self {
        Self { items: vec![item] }
    }
}

impl QueryItem {
    /// Whether this item names streams of the system.
    pub fn names_system(&self) -> bool {
        self.streams.iter().any(StreamName::is_system)
            || self.stream_prefixes.iter().any(|prefix| prefix.starts_with('$'))
            || self.categories.iter().any(|category| category.as_str().starts_with('$'))
    }

    fn size(&self) -> usize {
        self.streams.len()
            + self.stream_prefixes.len()
            + self.categories.len()
            + self.types.len()
            + self.tags.len()
    }

    fn matches(&self, event: &impl Queryable) -> bool {
        let stream = event.stream();
        let category = || stream.split_once('-').map_or(stream, |(category, _)| category);
        (!stream.starts_with('$') || self.names_system())
            && any_or_empty(&self.streams, |name| name.as_str() == stream)
            && any_or_empty(&self.stream_prefixes, |prefix| stream.starts_with(&**prefix))
            && any_or_empty(&self.categories, |name| name.as_str() == category())
            && any_or_empty(&self.types, |name| name.as_str() == event.event_type())
            && self.tags.iter().all(|tag| event.has_tag(tag.as_str()))
    }
}

fn any_or_empty<T>(wanted: &[T], matches: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(matches)
}

/// What a query looks at. The store answers from stored bytes, without building an event.
pub trait Queryable {
    /// The stream's name.
    fn stream(&self) -> &str;
    /// The event's type.
    fn event_type(&self) -> &str;
    /// Whether the event carries this tag.
    fn has_tag(&self, tag: &str) -> bool;
}

impl Queryable for RecordedEvent {
    fn stream(&self) -> &str {
        self.stream.as_str()
    }
    fn event_type(&self) -> &str {
        self.event_type.as_str()
    }
    fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own.as_str() == tag)
    }
}
