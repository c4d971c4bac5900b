//! All contexts of one directory.
//!
//! Why: a context is a service's own store. One process holds many of them; each is opened when it
//! is first asked for, and opening one does not hold up the others.
//!
//! Picture:
//! ```text
//!   root/contexts/orders/   journal/ index/ held/
//!   root/contexts/history/  journal/ index/ held/
//! ```
//! Invariant: a context is opened once in a process, however many ask at the same time.

mod dir_name;

use crate::{EmbeddedContext, Environment, Options};
use headwater_env::{OsDisk, OsEntropy, SystemClock};
use headwater_model::{
    Answer, ContextName, Contexts, EventStore, ReadError, Timestamp, Unavailable,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Place = Arc<Mutex<Option<Arc<EmbeddedContext>>>>;

/// A whole store in this process, in one directory. Clones are the same store; the last one closes
/// its contexts.
#[derive(Clone)]
pub struct EmbeddedStore {
    inner: Arc<Inner>,
}

struct Inner {
    environment: Environment,
    dir: PathBuf,
    options: Options,
    open: Mutex<BTreeMap<ContextName, Place>>,
}

impl EmbeddedStore {
    /// The store in `root`, on this machine's disk and clock; made if it is not there.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open(root: &Path) -> Result<Self, ReadError> {
        let environment = Environment {
            disk: Arc::new(OsDisk::new()),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        };
        Self::open_in(environment, root, Options::default())
    }

    /// The store in `root` of an environment.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open_in(
        environment: Environment,
        root: &Path,
        options: Options,
    ) -> Result<Self, ReadError> {
        let dir = root.join("contexts");
        environment.disk.create_dir_all(&dir).map_err(unavailable)?;
        let inner = Inner { environment, dir, options, open: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The context of this name, opened if it was not, made if it is not there. Blocks while it
    /// recovers.
    ///
    /// # Errors
    /// As [`EmbeddedContext::open`].
    pub fn embedded(&self, name: &ContextName) -> Result<Arc<EmbeddedContext>, ReadError> {
        let place = Arc::clone(self.inner.open.lock().entry(name.clone()).or_default());
        let mut place = place.lock();
        if let Some(context) = &*place {
            return Ok(Arc::clone(context));
        }
        let Inner { environment, options, .. } = &*self.inner;
        let opened =
            EmbeddedContext::open(environment, name.clone(), &self.context_dir(name), options)?;
        Ok(Arc::clone(place.insert(Arc::new(opened))))
    }

    /// Where the files of a context are.
    pub fn context_dir(&self, name: &ContextName) -> PathBuf {
        self.inner.dir.join(dir_name::encode(name.as_str()))
    }

    /// The names of all contexts, in order.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn context_names(&self) -> Result<Vec<ContextName>, ReadError> {
        let dirs = self.inner.environment.disk.list(&self.inner.dir).map_err(unavailable)?;
        let name = |dir: &String| ContextName::new(dir_name::decode(dir)?).ok();
        let mut names: Vec<_> = dirs.iter().filter_map(name).collect();
        names.sort();
        Ok(names)
    }

    /// The store's clock.
    pub fn now(&self) -> Timestamp {
        self.inner.environment.clock.now()
    }
}

fn unavailable(cause: headwater_env::DiskError) -> ReadError {
    ReadError::Unavailable(Unavailable::from(cause))
}

impl Contexts for EmbeddedStore {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move { Ok(self.embedded(&name)? as Arc<dyn EventStore>) })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        Box::pin(async move { self.context_names() })
    }
}

impl std::fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStore").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}
