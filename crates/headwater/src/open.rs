//! Stores by URL.
//!
//! Why: from laptop to cluster by changing a URL; the service's code does not know which it has.
//!
//! | URL | store |
//! |---|---|
//! | `file:./.headwater` | in this process, durable, in that directory |
//! | `memory:` | in this process, gone with it: for tests and trials |
//! | `headwater://host:port` | on a server, which this build has no client for: refused, and says so |
//!
//! [`contexts`] is the one place where a URL becomes a store.

use headwater_env::{Clock, SystemClock};
use headwater_framework::Store;
use headwater_model::memory::MemoryContexts;
use headwater_model::{Contexts, ReadError, Retry};
use headwater_service::StartError;
use headwater_store::EmbeddedStore;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

/// Opens a [`Store`].
pub trait OpenStore: Sized {
    /// The store at this URL; made if it is not there.
    ///
    /// # Errors
    /// [`OpenError::Scheme`] for a URL of no store, [`OpenError::Store`] if it cannot be opened.
    fn open(url: &str) -> impl Future<Output = Result<Self, OpenError>> + Send;

    /// A store in memory, on this machine's clock.
    fn memory() -> Self;
}

impl OpenStore for Store {
    async fn open(url: &str) -> Result<Self, OpenError> {
        Ok(Self::new(contexts(url).await?))
    }

    fn memory() -> Self {
        Self::new(in_memory())
    }
}

/// The contexts at this URL: what a store is to services, wherever it is.
///
/// # Errors
/// As [`OpenStore::open`].
pub async fn contexts(url: &str) -> Result<Arc<dyn Contexts>, OpenError> {
    match url.split_once(':') {
        Some(("file", path)) if !path.is_empty() => {
            let opened = EmbeddedStore::open(Path::new(path))
                .map_err(|cause| OpenError::Store { url: url.to_owned(), cause })?;
            Ok(Arc::new(opened))
        }
        Some(("memory", "")) => Ok(in_memory()),
        Some(("headwater", _)) => Err(OpenError::NoClient { url: url.to_owned() }),
        _ => Err(OpenError::Scheme { url: url.to_owned() }),
    }
}

fn in_memory() -> Arc<dyn Contexts> {
    Arc::new(MemoryContexts::new(Arc::new(|| SystemClock.now())))
}

/// Why there is no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL is that of no store.
    #[error("{url:?} is no store; write file:./.headwater, or memory:")]
    Scheme {
        /// As given.
        url: String,
    },
    /// The store is on a server.
    #[error("{url} is on a server, and this build has no client; write file:./.headwater")]
    NoClient {
        /// As given.
        url: String,
    },
    /// The store cannot be opened.
    #[error("the store {url} cannot be opened: {cause}")]
    Store {
        /// Where it is.
        url: String,
        /// Why not.
        cause: ReadError,
    },
}

impl OpenError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Scheme { .. } | Self::NoClient { .. } => Retry::Never,
            Self::Store { cause, .. } => cause.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme { .. } => "store.url",
            Self::NoClient { .. } => "store.no_client",
            Self::Store { cause, .. } => cause.code(),
        }
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        let code = error.code();
        match error {
            OpenError::Scheme { url } => {
                let why = "it is no store; write file:./.headwater, or memory:".to_owned();
                Self::Store { url, code, why }
            }
            OpenError::NoClient { url } => {
                let why = "it is on a server, and this build has no client; write \
                           file:./.headwater"
                    .to_owned();
                Self::Store { url, code, why }
            }
            OpenError::Store { url, cause } => Self::Store { url, code, why: cause.to_string() },
        }
    }
}
