//! Stores by URL.
//!
//! Why: from laptop to cluster by changing a URL; the service's code does not know which it has.
//!
//! | URL | store |
//! |---|---|
//! | `file:./.headwater` | in this process, durable, in that directory |
//! | `memory:` | in this process, gone with it: for tests and trials |
//! | `headwater://host:2113` | on a server, shared with other processes |
//!
//! [`contexts`] is the one place where a URL becomes a store.

use headwater_client::{Address, Client, ClientOptions, InvalidAddress};
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
        Some(("headwater", _)) => connected(url).await,
        _ => Err(OpenError::Scheme { url: url.to_owned() }),
    }
}

/// A store is all contexts of a server, so its URL names none.
async fn connected(url: &str) -> Result<Arc<dyn Contexts>, OpenError> {
    let address: Address = url.parse()?;
    if let Some(context) = &address.context {
        let why = format!("it names the context {context}, and a store is all contexts");
        return Err(OpenError::Address(InvalidAddress { text: url.to_owned(), why }));
    }
    let client = Client::connect(address, ClientOptions::default()).await;
    let client = client.map_err(|cause| OpenError::Store { url: url.to_owned(), cause })?;
    Ok(Arc::new(client))
}

fn in_memory() -> Arc<dyn Contexts> {
    Arc::new(MemoryContexts::new(Arc::new(|| SystemClock.now())))
}

/// Why there is no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL is that of no store.
    #[error("{url:?} is no store; write file:./.headwater, headwater://localhost:2113, or memory:")]
    Scheme {
        /// As given.
        url: String,
    },
    /// The URL is not that of a server.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
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
            Self::Scheme { .. } => Retry::Never,
            Self::Address(invalid) => invalid.retry(),
            Self::Store { cause, .. } => cause.retry(),
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme { .. } => "store.url",
            Self::Address(invalid) => invalid.code(),
            Self::Store { cause, .. } => cause.code(),
        }
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        let code = error.code();
        match error {
            OpenError::Scheme { url } => {
                let why =
                    "it is no store; write file:./.headwater, headwater://localhost:2113, or \
                           memory:"
                        .to_owned();
                Self::Store { url, code, why }
            }
            OpenError::Address(invalid) => {
                Self::Store { code, why: invalid.to_string(), url: invalid.text }
            }
            OpenError::Store { url, cause } => Self::Store { url, code, why: cause.to_string() },
        }
    }
}
