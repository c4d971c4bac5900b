//! Queries and checkpoints.

use super::text::{shared, stream, text};
use crate::{Malformed, v1};
use bytes::Bytes;
use headwater_model::{
    Category, Checkpoint, EventType, Incarnation, Position, Query, QueryItem, Tag,
};

impl From<&Query> for v1::Query {
    fn from(query: &Query) -> Self {
        Self { items: query.items.iter().map(Into::into).collect() }
    }
}

impl From<&QueryItem> for v1::QueryItem {
    fn from(item: &QueryItem) -> Self {
        Self {
            streams: item.streams.iter().map(|name| shared(name.as_shared())).collect(),
            stream_prefixes: item.stream_prefixes.iter().map(shared).collect(),
            categories: item.categories.iter().map(|name| shared(name.as_shared())).collect(),
            types: item.types.iter().map(|name| shared(name.as_shared())).collect(),
            tags: item.tags.iter().map(|name| shared(name.as_shared())).collect(),
        }
    }
}

/// Left out: every event that is not the system's.
impl TryFrom<v1::Query> for Query {
    type Error = Malformed;
    fn try_from(query: v1::Query) -> Result<Self, Malformed> {
        let items = query.items.into_iter().map(QueryItem::try_from);
        Ok(Self { items: items.collect::<Result<_, _>>()? })
    }
}

impl TryFrom<v1::QueryItem> for QueryItem {
    type Error = Malformed;
    fn try_from(item: v1::QueryItem) -> Result<Self, Malformed> {
        Ok(Self {
            streams: each(item.streams, stream)?,
            stream_prefixes: each(item.stream_prefixes, |bytes| text("a prefix", bytes))?,
            categories: each(item.categories, |b| Ok(Category::new(text("a category", b)?)?))?,
            types: each(item.types, |b| Ok(EventType::new(text("an event's type", b)?)?))?,
            tags: each(item.tags, |b| Ok(Tag::new(text("a tag", b)?)?))?,
        })
    }
}

fn each<T>(
    parts: Vec<Bytes>,
    read: impl Fn(Bytes) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    parts.into_iter().map(read).collect()
}

impl From<Checkpoint> for v1::Checkpoint {
    fn from(checkpoint: Checkpoint) -> Self {
        let Checkpoint { incarnation, position } = checkpoint;
        Self { incarnation: incarnation.0, position: position.0 }
    }
}

impl From<v1::Checkpoint> for Checkpoint {
    fn from(checkpoint: v1::Checkpoint) -> Self {
        let v1::Checkpoint { incarnation, position } = checkpoint;
        Self { incarnation: Incarnation(incarnation), position: Position(position) }
    }
}
