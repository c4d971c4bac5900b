//! States that are shown to people: by category and id, as JSON, at any moment.

use crate::{Decider, LoadError, Service, StreamId};
use futures_util::future::BoxFuture;
use headwater_model::{AsOf, Retry};
use serde::Serialize;
use serde_json::Value;
use std::marker::PhantomData;
use std::sync::Arc;

/// Shows states of one decider.
pub(crate) trait Shows: Send + Sync + 'static {
    /// The category of its streams.
    fn category(&self) -> &'static str;

    /// A state as JSON.
    fn show<'a>(
        &'a self,
        service: &'a Service,
        id: &'a str,
        at: AsOf,
    ) -> BoxFuture<'a, Result<Value, StateError>>;
}

/// Why a state cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The service shows no states of this category.
    #[error("this service shows no states of {category}; it shows: {shown}")]
    NotShown {
        /// The category that was asked for.
        category: String,
        /// Those that it shows.
        shown: String,
    },
    /// This cannot be an id of the category.
    #[error("{id} is no id of {category}")]
    NoId {
        /// The category.
        category: &'static str,
        /// The text.
        id: String,
    },
    /// The state cannot be written as JSON.
    #[error("a state of {category} cannot be shown: {why}")]
    Unshowable {
        /// The category.
        category: &'static str,
        /// What does not fit.
        why: String,
    },
    /// Its past cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl StateError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Load(cause) => cause.retry(),
            Self::NotShown { .. } | Self::NoId { .. } | Self::Unshowable { .. } => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotShown { .. } => "state.not_shown",
            Self::NoId { .. } => "state.no_id",
            Self::Unshowable { .. } => "state.unshowable",
            Self::Load(cause) => cause.code(),
        }
    }
}

struct Shown<D>(PhantomData<fn() -> D>);

impl<D> Shows for Shown<D>
where
    D: Decider + Serialize,
    D::Id: StreamId,
{
    fn category(&self) -> &'static str {
        <D::Id as StreamId>::CATEGORY
    }

    fn show<'a>(
        &'a self,
        service: &'a Service,
        id: &'a str,
        at: AsOf,
    ) -> BoxFuture<'a, Result<Value, StateError>> {
        Box::pin(async move {
            let category = self.category();
            crate::stream_id::check_id(category, id)
                .map_err(|_| StateError::NoId { category, id: id.to_owned() })?;
            let loaded = service.load::<D>(&D::Id::from(id.to_owned()), at).await?;
            let shown = serde_json::to_value(&loaded.state);
            shown.map_err(|error| StateError::Unshowable { category, why: error.to_string() })
        })
    }
}

impl Service {
    /// Shows this decider's states to people: `/admin/state` of a running service, `headwater state`.
    ///
    /// # Panics
    /// If states of its category are shown already.
    #[must_use]
    pub fn shows<D>(self) -> Self
    where
        D: Decider + Serialize,
        D::Id: StreamId,
    {
        self.with_shown(Arc::new(Shown::<D>(PhantomData)))
    }

    /// A state by its category and id, at this moment, as JSON.
    ///
    /// # Errors
    /// [`StateError`] if it is not shown, or its past cannot be read.
    pub async fn state(&self, category: &str, id: &str, at: AsOf) -> Result<Value, StateError> {
        match self.shown().iter().find(|shown| shown.category() == category) {
            Some(shown) => shown.show(self, id, at).await,
            None => {
                let shown: Vec<_> = self.shown().iter().map(|shown| shown.category()).collect();
                let shown = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
                Err(StateError::NotShown { category: category.to_owned(), shown })
            }
        }
    }
}
