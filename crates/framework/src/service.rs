//! A service: its deciders, reactions and projections, wired to a store.
//!
//! Why: one name is the service's, its context's and its readers' prefix. Wiring is a list of what
//! there is, and nothing runs until it is supervised (or a test takes turns by hand).
//!
//! Picture:
//! ```text
//!   run, load ──▶ own context ◀── append ── reactions ◀── any context
//!   read_model ─▶ databases  ◀───────────── projections ◀─┘
//! ```

use crate::decide::Errand;
use crate::decide::cache::Caches;
use crate::decide::snapshot::{Snapshots, load_latest};
use crate::decide::state::{Folded, Scope, load_query, load_stream};
use crate::decide::turns::Turns;
use crate::lock::{AcceptLocks, Leases, Lock};
use crate::personal::{ForgetError, SealedContexts, SubjectKeys, destroy_again};
use crate::projection::reader::ProjectionReader;
use crate::projection::view::{Side, View};
use crate::react::{ReactionReader, sources_of};
use crate::reader::Reader;
use crate::request::accept::{Acceptor, Acceptors, acceptor};
use crate::request::reader::RequestsReader;
use crate::travel::Shows;
use crate::view::Desk;
use crate::{
    Boundary, Cause, CommandError, Decider, Inflow, Input, InputType, LoadError, Loaded,
    Projection, Reaction, Receipt, Saga, Store,
};
use headwater_model::{AsOf, ContextName, EventStore, ReadError, Start};
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A service's handle: wired once, then cloned to wherever it is needed.
#[derive(Clone)]
pub struct Service {
    parts: Arc<Parts>,
}

/// What a service is made of. Wiring copies it, which is why all of it is shared.
#[derive(Clone)]
struct Parts {
    name: ContextName,
    store: Store,
    opened: Arc<Mutex<HashMap<ContextName, Arc<dyn EventStore>>>>,
    caches: Arc<Caches>,
    turns: Arc<Turns>,
    recorded: Vec<InputType>,
    /// The decider that was added last: what is said of it next is about it.
    last_decider: Option<Arc<dyn Acceptor>>,
    accepting: HashMap<ContextName, Arc<Acceptors>>,
    readers: Vec<Arc<dyn Reader>>,
    /// Of models that are built beside those that queries go to.
    builders: Vec<Arc<dyn Reader>>,
    desks: Vec<Arc<dyn Desk>>,
    asked: Vec<(&'static str, InputType)>,
    views: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    inflows: Vec<Arc<dyn Inflow>>,
    keys: Option<Keys>,
    shown: Vec<Arc<dyn Shows>>,
}

/// The keys of subjects, and whether those that were forgotten are known to be gone.
#[derive(Clone)]
struct Keys {
    keys: Arc<dyn SubjectKeys>,
    swept: Arc<tokio::sync::OnceCell<()>>,
}

impl Service {
    /// A service without anything yet; its events are in the context of its name.
    ///
    /// # Panics
    /// If the name cannot be a context's.
    pub fn new(name: &str, store: &Store) -> Self {
        let parts = Parts {
            name: context_name(name),
            store: store.clone(),
            opened: Arc::default(),
            caches: Arc::default(),
            turns: Arc::default(),
            recorded: Vec::new(),
            last_decider: None,
            accepting: HashMap::new(),
            readers: Vec::new(),
            builders: Vec::new(),
            desks: Vec::new(),
            asked: Vec::new(),
            views: HashMap::new(),
            inflows: Vec::new(),
            keys: None,
            shown: Vec::new(),
        };
        Self { parts: Arc::new(parts) }
    }

    /// Seals what is personal with the keys of whom it is about, and opens it again: said before any decider
    /// that records personal data. Without keys personal values of other services are read as sealed.
    #[must_use]
    pub fn personal(mut self, keys: impl SubjectKeys) -> Self {
        let keys: Arc<dyn SubjectKeys> = Arc::new(keys);
        let parts = Arc::make_mut(&mut self.parts);
        let within = Arc::clone(parts.store.contexts());
        parts.store = Store::new(Arc::new(SealedContexts::new(within, Arc::clone(&keys))));
        parts.keys = Some(Keys { keys, swept: Arc::default() });
        self
    }

    /// The keys of subjects, if it was wired with any.
    pub(crate) fn subject_keys(&self) -> Option<Arc<dyn SubjectKeys>> {
        self.parts.keys.as_ref().map(|keys| Arc::clone(&keys.keys))
    }

    /// Destroys again the keys of all that were forgotten, once, in case that the keys were restored from a
    /// copy that still has them.
    pub(crate) async fn forget_again(&self) -> Result<(), ForgetError> {
        let Some(Keys { keys, swept }) = &self.parts.keys else { return Ok(()) };
        let own = self.own().await?;
        swept.get_or_try_init(|| destroy_again(&**keys, &*own)).await.copied()
    }

    /// Adds a decider: its public events are what other services may read.
    ///
    /// # Panics
    /// If it records personal data and the service has no keys to seal it with.
    #[must_use]
    pub fn decider<D: Decider>(mut self) -> Self {
        let personal = <D::Event as Input>::TYPES.iter().find(|kind| kind.is_personal());
        if let (Some(kind), None) = (personal, &self.parts.keys) {
            panic!("{} holds personal data: wire `.personal(keys)` before its decider", kind.name);
        }
        let parts = Arc::make_mut(&mut self.parts);
        parts.recorded.extend(<D::Event as Input>::TYPES);
        parts.last_decider = Some(acceptor::<D>());
        self
    }

    /// Carries out the public commands of the decider that was added last, as another service asks for them:
    /// in the order in which it has recorded them, each once. It is told when one is refused.
    ///
    /// # Panics
    /// If no decider was added, it has no public commands, another one accepts a command of the same name,
    /// or the name is no context's.
    #[must_use]
    pub fn accept_commands_from(mut self, service: &str) -> Self {
        let from = context_name(service);
        let parts = Arc::make_mut(&mut self.parts);
        let Some(decider) = parts.last_decider.clone() else {
            panic!("add a decider, then say from whom it accepts commands");
        };
        let acceptors = match parts.accepting.get(&from) {
            Some(acceptors) => acceptors,
            None => {
                let acceptors = Arc::<Acceptors>::default();
                let reader = RequestsReader::new(from.clone(), Arc::clone(&acceptors));
                parts.readers.push(Arc::new(reader));
                parts.accepting.entry(from).or_insert(acceptors)
            }
        };
        acceptors.add(decider);
        self
    }

    /// Keeps locks for the sagas of another service: whoever asks for one that is taken waits for its turn, and
    /// a request that names one is carried out only while its sender holds it.
    ///
    /// # Panics
    /// If a decider here accepts a command of the same name from it, or the name is no context's.
    #[must_use]
    pub fn keep_locks_for(mut self, service: &str) -> Self {
        let decider = Arc::make_mut(&mut self.parts).last_decider.take();
        if !self.readers().iter().any(|reader| reader.status().name == Leases::NAME) {
            self = self.decider::<Lock>().saga(Leases, Start::Beginning);
        }
        Arc::make_mut(&mut self.parts).last_decider = Some(Arc::new(AcceptLocks));
        self = self.accept_commands_from(service);
        Arc::make_mut(&mut self.parts).last_decider = decider;
        self
    }

    /// Adds a saga. `start` says where it begins the first time.
    ///
    /// # Panics
    /// If another reader of this service has its name, or an input or one it asks names no context.
    #[must_use]
    pub fn saga<S: Saga>(mut self, saga: S, start: Start) -> Self {
        self.claim::<S::Input>(S::NAME);
        let readers = crate::saga::reader::readers(saga, &self.parts.name, start);
        let readers = readers.into_iter().map(|reader| Arc::new(reader) as Arc<dyn Reader>);
        Arc::make_mut(&mut self.parts).readers.extend(readers);
        self
    }

    /// Keeps a snapshot of a decider's state whenever so many events had to be read for it. `shape` names
    /// the shape of the state and of `evolve`: change it with them, and older snapshots are passed over.
    #[must_use]
    pub fn snapshots<D>(self, every: NonZeroU32, shape: &str) -> Self
    where
        D: Decider + Serialize + DeserializeOwned,
    {
        self.parts.caches.keep_snapshots(Snapshots::<D>::new(every, shape));
        self
    }

    /// Adds a reaction. `start` says where it begins the first time; there is no default, because
    /// two years of events are not to be replayed, nor skipped, by surprise.
    ///
    /// # Panics
    /// If another reader of this service has its name, or an input names no context.
    #[must_use]
    pub fn reaction<R: Reaction>(mut self, reaction: R, start: Start) -> Self {
        let reaction = Arc::new(reaction);
        self.claim::<R::Input>(R::NAME);
        for source in sources_of::<R::Input>(&self.parts.name) {
            let reader = ReactionReader::new(Arc::clone(&reaction), source, start);
            Arc::make_mut(&mut self.parts).readers.push(Arc::new(reader));
        }
        self
    }

    /// Adds a projection, which begins with the first event there is.
    ///
    /// # Panics
    /// If another reader of this service has its name, or an input names no context.
    #[must_use]
    pub fn projection<P: Projection>(mut self, projection: P, database: P::Database) -> Self {
        let view = Arc::new(View::new(projection, database));
        self.claim::<P::Input>(P::NAME);
        for source in sources_of::<P::Input>(&self.parts.name) {
            let live = ProjectionReader::new(Arc::clone(&view), Side::Live, source.clone());
            let built = ProjectionReader::new(Arc::clone(&view), Side::Built, source);
            let parts = Arc::make_mut(&mut self.parts);
            parts.readers.push(Arc::new(live));
            parts.builders.push(Arc::new(built));
        }
        let parts = Arc::make_mut(&mut self.parts);
        parts.desks.push(Arc::clone(&view) as Arc<dyn Desk>);
        parts.views.insert(TypeId::of::<P>(), view);
        self
    }

    /// Adds what brings facts from elsewhere into this service's context: an outbox's relay.
    #[must_use]
    pub fn inflow(mut self, inflow: impl Inflow) -> Self {
        Arc::make_mut(&mut self.parts).inflows.push(Arc::new(inflow));
        self
    }

    /// Adds a reader that reads nothing of other services.
    pub(crate) fn with_reader(mut self, reader: impl Reader) -> Self {
        self.assert_free(reader.status().name);
        Arc::make_mut(&mut self.parts).readers.push(Arc::new(reader));
        self
    }

    /// Adds a decider whose states are shown.
    pub(crate) fn with_shown(mut self, shows: Arc<dyn Shows>) -> Self {
        let category = shows.category();
        let is_shown = self.shown().iter().any(|shown| shown.category() == category);
        assert!(!is_shown, "service {} shows states of {category} already", self.parts.name);
        Arc::make_mut(&mut self.parts).shown.push(shows);
        self
    }

    pub(crate) fn shown(&self) -> &[Arc<dyn Shows>] {
        &self.parts.shown
    }

    fn assert_free(&self, name: &'static str) {
        let taken = self.readers().iter().any(|reader| reader.status().name == name);
        assert!(!taken, "service {} has two readers named {name}", self.parts.name);
    }

    /// Two readers of one name would share checkpoints.
    fn claim<I: Input>(&mut self, name: &'static str) {
        self.assert_free(name);
        let asked = I::TYPES.iter().map(|kind| (name, *kind));
        Arc::make_mut(&mut self.parts).asked.extend(asked);
    }

    /// Carries out a command: loads the state, decides, and records the events under the condition
    /// that nothing came in between. The same cause again gets the same answer again.
    ///
    /// # Errors
    /// [`CommandError::Refused`] is the domain's no; nothing is recorded. The others say whether to
    /// ask again ([`CommandError::retry`]).
    pub async fn run<D: Decider>(
        &self,
        id: &D::Id,
        command: D::Command,
        cause: &Cause,
    ) -> Result<Receipt<D::Event>, CommandError<D::Refusal>> {
        let store = self.own().await.map_err(LoadError::from)?;
        let errand = Errand::<D>::new(&*store, &self.parts.caches, id, command, cause)?;
        let _turn = self.parts.turns.at(errand.stream()).await;
        errand.run().await
    }

    /// The state that events have led to, now or at an earlier moment.
    ///
    /// # Errors
    /// [`LoadError`] if the past cannot be read.
    pub async fn load<D: Decider>(&self, id: &D::Id, at: AsOf) -> Result<Loaded<D>, LoadError> {
        let store = self.own().await?;
        let stream = id.stream()?;
        let folded: Folded<D> = match Scope::of::<D>(&stream, id)? {
            Scope::Stream if at == AsOf::Now => {
                let snapshots = self.parts.caches.snapshots::<D>();
                load_latest(&*store, snapshots.as_deref(), &stream).await?
            }
            Scope::Stream => load_stream(&*store, &stream, at, Folded::empty()).await?,
            Scope::Query(query) => load_query(&*store, &query, at).await?,
        };
        Ok(Loaded { state: folded.state, revision: folded.last, as_of: folded.as_of })
    }

    /// The service's name, which is its context's.
    pub fn name(&self) -> &ContextName {
        &self.parts.name
    }

    /// What its deciders record; other services may read what is public of it.
    pub fn recorded(&self) -> &[InputType] {
        &self.parts.recorded
    }

    /// What its readers ask for, each with the reader's name.
    pub fn asked(&self) -> &[(&'static str, InputType)] {
        &self.parts.asked
    }

    pub(crate) fn store(&self) -> &Store {
        &self.parts.store
    }

    pub(crate) fn inflows(&self) -> &[Arc<dyn Inflow>] {
        &self.parts.inflows
    }

    /// The service's own context.
    pub(crate) async fn own(&self) -> Result<Arc<dyn EventStore>, ReadError> {
        self.context(&self.parts.name).await
    }

    /// A context, opened once.
    pub(crate) async fn context(
        &self,
        name: &ContextName,
    ) -> Result<Arc<dyn EventStore>, ReadError> {
        let opened = self.parts.opened.lock().get(name).map(Arc::clone);
        if let Some(context) = opened {
            return Ok(context);
        }
        let context = self.parts.store.context(name.clone()).await?;
        self.parts.opened.lock().insert(name.clone(), Arc::clone(&context));
        Ok(context)
    }

    pub(crate) fn caches(&self) -> Arc<Caches> {
        Arc::clone(&self.parts.caches)
    }

    pub(crate) fn readers(&self) -> &[Arc<dyn Reader>] {
        &self.parts.readers
    }

    /// The readers of models that are built beside those that queries go to.
    pub(crate) fn builders(&self) -> &[Arc<dyn Reader>] {
        &self.parts.builders
    }

    /// Where views are asked to be built anew, paused and resumed.
    pub(crate) fn desks(&self) -> &[Arc<dyn Desk>] {
        &self.parts.desks
    }

    pub(crate) fn view<P: Projection>(&self) -> Option<Arc<View<P>>> {
        let view = Arc::clone(self.parts.views.get(&TypeId::of::<P>())?);
        view.downcast().ok()
    }

    /// Forgets all that is in memory only, as a restart does.
    pub(crate) fn lose_memory(&self) {
        self.parts.caches.forget();
        self.readers().iter().chain(self.builders()).for_each(|reader| reader.status().forget());
    }

    /// [`lose_memory`](Self::lose_memory), to be called as long as the service is there.
    pub(crate) fn forgetting(&self) -> impl Fn() + Send + Sync + 'static {
        let parts = Arc::downgrade(&self.parts);
        move || {
            if let Some(parts) = parts.upgrade() {
                Self { parts }.lose_memory();
            }
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.parts.name)
    }
}

/// A context's name that stands in the code.
pub(crate) fn context_name(name: &str) -> ContextName {
    match ContextName::new(name) {
        Ok(name) => name,
        Err(error) => panic!("a service or an input names no context: {error}"),
    }
}
