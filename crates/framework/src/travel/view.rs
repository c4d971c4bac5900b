//! Views as they were, and as other code would fill them.

use crate::react::sources_of;
use crate::{
    Database, DecodeError, Failed, Input, ModelName, Projection, ReadModel, Recorded, Service,
    Source,
};
use headwater_model::{AsOf, From, InvalidName, Query, QueryItem, ReadAll, ReadError, Retry};

/// Why a view could not be filled up to a moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewAtError {
    /// It reads several contexts, and a position is one of one context.
    #[error(
        "{projection} reads {count} contexts: name an instant, a position belongs to one of them"
    )]
    SeveralContexts {
        /// The projection's name.
        projection: &'static str,
        /// How many.
        count: usize,
    },
    /// An input names nothing.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// An event cannot be read.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// The store did not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The scratch database did not answer, or refused an event.
    #[error(transparent)]
    Database(#[from] Failed),
}

impl ViewAtError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Read(cause) => cause.retry(),
            Self::Database(failed) => failed.retry(),
            Self::SeveralContexts { .. } | Self::InvalidName(_) | Self::Undecodable(_) => {
                Retry::Never
            }
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SeveralContexts { .. } => "view.several_contexts",
            Self::InvalidName(_) => "command.invalid_name",
            Self::Undecodable(cause) => cause.code(),
            Self::Read(cause) => cause.code(),
            Self::Database(_) => "view.database",
        }
    }
}

impl Service {
    /// Fills a projection's model in `scratch`, an empty database, with all that it reads up to this moment. The
    /// projection needs not be the wired one: changed code is tried out like this.
    ///
    /// Contexts are read one behind the other, as there is no order between them. An event that cannot be
    /// applied ends it.
    ///
    /// # Errors
    /// [`ViewAtError`] says what is in the way.
    pub async fn view_at<P: Projection>(
        &self,
        projection: P,
        scratch: P::Database,
        at: AsOf,
    ) -> Result<<P::Database as Database>::Reader, ViewAtError> {
        let sources = sources_of::<P::Input>(self.name());
        if let (AsOf::Position(_), count @ 2..) = (at, sources.len()) {
            return Err(ViewAtError::SeveralContexts { projection: P::NAME, count });
        }
        let name = ModelName::new(P::NAME, P::VERSION, P::SCHEMA);
        let mut model = scratch.open(name).await?;
        for source in &sources {
            let store = self.context(source).await?;
            let from = Source { context: source.as_str(), own: source == self.name() };
            let types = crate::input::names_of::<P::Input>(from)?;
            let query = Query { items: vec![QueryItem { types, ..QueryItem::default() }] };
            let mut read = ReadAll { as_of: at, ..ReadAll::forwards(query) };
            loop {
                let page = store.read_all(read.clone()).await?;
                model.begin().await?;
                for event in &page.events {
                    for input in P::Input::decode(from, event)?.into_vec() {
                        let input = Recorded::new(input, event.clone());
                        projection.apply(model.tx(), &input).await?;
                    }
                }
                model.commit().await?;
                match page.next {
                    Some(next) => read.from = From::At(next),
                    None => break,
                }
            }
        }
        drop(model);
        Ok(scratch.reader(name).await?)
    }
}
