//! Targets: what a call is about, as sets of streams.
//!
//! Why: a read by type and tag names no stream, a batch names many. Both are one question here.
//!
//! Picture: a query is items, OR-ed; an item is the streams in *each* of its parts (names, prefixes,
//! categories), each part being some patterns, OR-ed:
//! ```text
//!   allowed: some part of every item is covered, pattern by pattern
//!   denied:  some item has in each of its parts a pattern that the deny touches
//! ```
//! Both err on the safe side: what cannot be told apart by names is not allowed, or is denied.

use crate::StreamPattern;
use bytestring::ByteString;
use headwater_model::{Query, QueryItem, StreamName};

/// What a call is about, within its context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The context as such: where it ends, who has read how far. Whoever has the verb for anything
    /// in it has this.
    Context,
    /// The whole server: its grants and users, how it does. Needs the verb in every context.
    Server,
    /// Streams: all of them must be allowed.
    Streams(Vec<Item>),
}

/// The streams that are in each of these parts; without parts, all that are not the system's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    parts: Vec<Vec<StreamPattern>>,
}

impl Target {
    /// One stream.
    pub fn stream(name: &StreamName) -> Self {
        Self::pattern(StreamPattern::Stream(name.as_shared().clone()))
    }

    /// All streams of these names.
    pub fn streams<'a>(names: impl IntoIterator<Item = &'a StreamName>) -> Self {
        let item = |name: &StreamName| {
            Item::of(plain(StreamPattern::Stream(name.as_shared().clone()), true))
        };
        Self::Streams(names.into_iter().map(item).collect())
    }

    /// All streams whose names begin so; `$` asks for the system's.
    pub fn prefix(prefix: &str) -> Self {
        Self::pattern(StreamPattern::Prefix(prefix.into()))
    }

    /// All there is in a context: its streams, and the system's.
    pub fn whole() -> Self {
        Self::Streams(
            [StreamPattern::all(), StreamPattern::system()].map(|own| Item::of(vec![own])).into(),
        )
    }

    /// All streams of a pattern.
    pub fn pattern(pattern: StreamPattern) -> Self {
        Self::Streams(vec![Item::of(plain(pattern, false))])
    }

    /// What a query may find.
    pub fn query(query: &Query) -> Self {
        if query.items.is_empty() {
            return Self::pattern(StreamPattern::all());
        }
        Self::Streams(query.items.iter().map(Item::of_query).collect())
    }

    /// Whether an allow of these patterns is enough for every stream of this target.
    pub(crate) fn is_covered(&self, patterns: &[StreamPattern]) -> bool {
        match self {
            Self::Context => !patterns.is_empty(),
            Self::Server => true,
            Self::Streams(items) => items.iter().all(|item| item.is_covered(patterns)),
        }
    }

    /// Whether a deny of these patterns is about some stream of this target.
    pub(crate) fn is_touched(&self, patterns: &[StreamPattern]) -> bool {
        match self {
            // Only who is denied every stream is denied the context.
            Self::Context => patterns.contains(&StreamPattern::all()),
            Self::Server => true,
            Self::Streams(items) => items.iter().any(|item| item.is_touched(patterns)),
        }
    }

    /// Its streams one by one, if several are named: each is asked about by itself, so that one grant
    /// need not cover them all.
    pub(crate) fn each(&self) -> Vec<Self> {
        match self {
            Self::Streams(items) => items.iter().map(|i| Self::Streams(vec![i.clone()])).collect(),
            other => vec![other.clone()],
        }
    }
}

impl Item {
    fn of(part: Vec<StreamPattern>) -> Self {
        Self { parts: vec![part] }
    }

    fn of_query(item: &QueryItem) -> Self {
        let system = item.names_system();
        let part = |patterns: Vec<StreamPattern>| -> Vec<StreamPattern> {
            patterns.into_iter().flat_map(|pattern| plain(pattern, system)).collect()
        };
        let streams = item.streams.iter();
        let streams = streams.map(|name| StreamPattern::Stream(name.as_shared().clone()));
        let prefixes = item.stream_prefixes.iter().cloned().map(StreamPattern::Prefix);
        let categories = item.categories.iter();
        let categories = categories.map(|name| StreamPattern::Category(name.as_shared().clone()));
        let parts = [streams.collect(), prefixes.collect(), categories.collect::<Vec<_>>()];
        let parts = parts.into_iter().filter(|patterns| !patterns.is_empty()).map(part);
        let mut parts: Vec<_> = parts.collect();
        if parts.is_empty() {
            parts.push(vec![StreamPattern::all()]);
        }
        Self { parts }
    }

    fn is_covered(&self, patterns: &[StreamPattern]) -> bool {
        let covered = |own: &StreamPattern| patterns.iter().any(|pattern| pattern.covers(own));
        self.parts.iter().any(|part| part.iter().all(covered))
    }

    fn is_touched(&self, patterns: &[StreamPattern]) -> bool {
        patterns.iter().any(|pattern| {
            self.parts.iter().all(|part| part.iter().any(|own| pattern.touches(own)))
        })
    }
}

/// A pattern as it is decided about: settings streams are their subjects' business, and `$` is the
/// system's streams and everybody's settings.
fn plain(pattern: StreamPattern, system: bool) -> Vec<StreamPattern> {
    let (text, make): (&ByteString, fn(ByteString) -> StreamPattern) = match &pattern {
        StreamPattern::Prefix(text) => (text, StreamPattern::Prefix),
        StreamPattern::Category(text) => (text, StreamPattern::Category),
        StreamPattern::Stream(text) => (text, StreamPattern::Stream),
    };
    match (&pattern, text.strip_prefix("$$")) {
        (StreamPattern::Prefix(_), _) if text.is_empty() && system => {
            vec![StreamPattern::all(), StreamPattern::system()]
        }
        (StreamPattern::Prefix(_), _) if &**text == "$" => {
            vec![StreamPattern::system(), StreamPattern::all()]
        }
        // `$$` itself, as a prefix: everybody's settings, the system's streams' too.
        (StreamPattern::Prefix(_), Some("")) => vec![StreamPattern::all(), StreamPattern::system()],
        (_, Some(subject)) if !subject.is_empty() => plain(make(text.slice_ref(subject)), system),
        _ => vec![pattern],
    }
}
