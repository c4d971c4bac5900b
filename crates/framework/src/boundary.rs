//! Boundaries: what a decision reads, and where its events go.
//!
//! Why: most decisions are about one stream; some are about everything that carries a tag ("no
//! student takes more than two courses"). Both are one idea: what was read becomes the condition
//! under which the append holds.
//!
//! Invariant: A1 nothing that the decision would have read came in between.

use crate::StreamId;
use headwater_model::{InvalidName, Query, QueryItem, StreamName, Tag};

/// What a decision reads and where its events go. Given for every [`StreamId`]; by hand for tags.
pub trait Boundary: Clone + Send + Sync + 'static {
    /// Where the events go.
    ///
    /// # Errors
    /// [`InvalidName`] if the boundary was made from texts that name no stream.
    fn stream(&self) -> Result<StreamName, InvalidName>;

    /// What the decision reads: the same stream, unless said otherwise.
    ///
    /// # Errors
    /// [`InvalidName`] if the boundary was made from texts that name no stream or tag.
    fn reads(&self) -> Result<Reads, InvalidName> {
        self.stream().map(Reads::Stream)
    }

    /// The boundary that another service means by this text in a [`Request`](crate::Request); `None` if
    /// it means none. By hand for tags; unless said otherwise, such a boundary is for this service only.
    fn addressed(_target: &str) -> Option<Self> {
        None
    }
}

impl<I: StreamId> Boundary for I {
    fn stream(&self) -> Result<StreamName, InvalidName> {
        StreamName::of(Self::CATEGORY, &self.to_string())
    }

    fn addressed(target: &str) -> Option<Self> {
        crate::stream_id::check_id(Self::CATEGORY, target).ok()?;
        Some(Self::from(target.to_owned()))
    }
}

/// What a decision reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// One stream.
    Stream(StreamName),
    /// Every event that carries any of these sets of tags, each set whole.
    Tags(Vec<Vec<Tag>>),
}

impl Reads {
    /// Every event that carries any of these sets of tags, written `key:value`.
    ///
    /// ```
    /// # extern crate headwater_framework as headwater;
    /// use headwater::prelude::*;
    /// let reads = Reads::tags([vec!["course:7"], vec!["student:9"]])?;
    /// # Ok::<(), InvalidName>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidName`] for a text that is no tag.
    pub fn tags<Set, Text>(any_of: impl IntoIterator<Item = Set>) -> Result<Self, InvalidName>
    where
        Set: IntoIterator<Item = Text>,
        Text: Into<String>,
    {
        let tag = |text: Text| Tag::new(text.into());
        let sets = any_of.into_iter().map(|set| set.into_iter().map(tag).collect());
        Ok(Self::Tags(sets.collect::<Result<_, _>>()?))
    }

    /// The same as a query of the store.
    pub(crate) fn query(&self) -> Query {
        match self {
            Self::Stream(stream) => Query::stream(stream.clone()),
            Self::Tags(sets) => {
                let item = |tags: &Vec<Tag>| QueryItem { tags: tags.clone(), ..Default::default() };
                Query { items: sets.iter().map(item).collect() }
            }
        }
    }
}
