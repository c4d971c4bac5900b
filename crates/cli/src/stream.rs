//! `headwater stream`: list, read, follow, append.

mod append;
mod list;
mod read;
mod tail;

use crate::args::{Output, Stream, StreamCommand, Which};
use anyhow::Context as _;
use headwater_model::{Category, EventType, Query, QueryItem, StreamName, Tag};

pub(crate) async fn run(stream: &Stream, output: Output) -> anyhow::Result<()> {
    match &stream.command {
        StreamCommand::Ls(ls) => list::run(ls, output).await,
        StreamCommand::Read(read) => read::run(read, output).await,
        StreamCommand::Tail(tail) => tail::run(tail, output).await,
        StreamCommand::Append(append) => append::run(append, output).await,
    }
}

/// A person may look at any stream, the system's too.
fn stream_name(text: &str) -> anyhow::Result<StreamName> {
    Ok(StreamName::system(text.to_owned())?)
}

impl Which {
    /// The events that were asked for, as a query of the context.
    pub(crate) fn query(&self) -> anyhow::Result<Query> {
        if let Some(stream) = &self.stream {
            return Ok(Query::stream(stream_name(stream)?));
        }
        let item = QueryItem {
            types: each(&self.types, EventType::new).context("--type")?,
            categories: each(&self.categories, Category::new).context("--category")?,
            tags: each(&self.tags, Tag::new).context("--tag")?,
            ..QueryItem::default()
        };
        Ok(if item == QueryItem::default() { Query::all() } else { item.into() })
    }
}

pub(crate) fn each<T, E>(
    texts: &[String],
    make: impl Fn(String) -> Result<T, E>,
) -> Result<Vec<T>, E> {
    texts.iter().cloned().map(make).collect()
}
