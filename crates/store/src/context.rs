//! One context in this process: the event store over its own directory.
//!
//! Why: everything else of this crate is a part; this is the whole, behind the port.
//!
//! Picture:
//! ```text
//!   append ──▶ conditions, ahead ──▶ group commit ──▶ writer        readers ──▶ state
//!                                        ▲                              ▲
//!                                    committer (thread)      keeper (thread): seals, merges, keeps
//! ```
//! Sync twins of the calls exist for callers that have no runtime: they are the same code, and an
//! append by a lone thread is committed by that thread.

use crate::group::GroupCommit;
use crate::groups::Groups;
use crate::heal::heal_step;
use crate::keeper::{Keeper, Wake};
use crate::open::{Background, Environment, Opened, Options};
use crate::plan::{Checked, Request, Sound};
use crate::read::{Moment, Scan, read_all, read_stream};
use crate::scavenge::Scavenger;
use crate::state::{State, index_error};
use crate::subscription::Reader;
use crate::writer::{AppendAnswer, Planning};
use crate::{life, open};
use headwater_env::Clock;
use headwater_model::{
    Answer, Append, AppendError, Appended, Checkpoint, CheckpointName, ConsumerGroups, ContextName,
    EventId, EventStore, ExpectedRevision, Incarnation, Journal, JournalCopies, Page, Position,
    ReadAll, ReadError, ReadStream, RecordedEvent, Revision, Scavenge, StreamChange, StreamName,
    StreamPage, StreamState, Subscribe, Subscription, Timestamp, Unavailable,
};
use std::path::Path;
use std::sync::Arc;

/// One context, open for reading and writing. Dropping it closes it.
pub struct EmbeddedContext {
    pub(crate) core: Arc<Core>,
    keeper: Option<Keeper>,
}

/// What the context shares with its threads.
pub(crate) struct Core {
    pub(crate) name: ContextName,
    pub(crate) state: Arc<State>,
    pub(crate) commits: GroupCommit,
    pub(crate) files: crate::held::HeldFiles,
    pub(crate) groups: Groups,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) background: Background,
    condition_look_count_max: u64,
    /// `None` over a journal that is elsewhere.
    pub(crate) scavenger: Option<Scavenger>,
}

impl EmbeddedContext {
    /// Opens the context `name` in `dir`, or makes it there.
    ///
    /// # Errors
    /// `Locked` if another process has it open; `Corrupt`, with the file, if it is not what was written.
    pub fn open(
        environment: &Environment,
        name: ContextName,
        dir: &Path,
        options: &Options,
    ) -> Result<Self, ReadError> {
        Self::assemble(environment, name, dir, options, None)
    }

    /// Opens the context `name` over another journal, of which `dir` holds the local replica.
    ///
    /// # Errors
    /// As [`Self::open`]; `Fenced` or whatever the journal says.
    pub fn open_over(
        journal: Box<dyn Journal>,
        environment: &Environment,
        name: ContextName,
        dir: &Path,
        options: &Options,
    ) -> Result<Self, ReadError> {
        let journal_options = headwater_journal_file::Options {
            durability: headwater_journal_file::Durability::AtSeal,
            ..options.journal
        };
        let options = Options { journal: journal_options, ..*options };
        Self::assemble(environment, name, dir, &options, Some(journal))
    }

    fn assemble(
        environment: &Environment,
        name: ContextName,
        dir: &Path,
        options: &Options,
        journal: Option<Box<dyn Journal>>,
    ) -> Result<Self, ReadError> {
        let is_own = journal.is_none();
        let scavenger = is_own.then(|| Scavenger::new(Arc::clone(&environment.disk), dir));
        let opened = open::open(environment, &name, dir, options, journal)?;
        let Opened { state, writer, files } = opened;
        let (committer, commits) = match options.background {
            Background::Inline => (None, GroupCommit::new(writer, None)),
            Background::Threads => {
                let wake = Arc::new(Wake::default());
                let waker = Arc::clone(&wake);
                (Some(wake), GroupCommit::new(writer, Some(Box::new(move || waker.signal()))))
            }
        };
        let core = Arc::new(Core {
            name,
            state,
            commits,
            files,
            groups: Groups::default(),
            clock: Arc::clone(&environment.clock),
            background: options.background,
            condition_look_count_max: options.condition_look_count_max,
            scavenger,
        });
        let keeper = committer.map(|committer| Keeper::start(&core, committer)).transpose();
        let keeper = keeper.map_err(|error| {
            let what = "starting a context's threads".to_owned();
            ReadError::Unavailable(Unavailable::Io { what, why: error.to_string() })
        })?;
        let context = Self { core, keeper };
        context.maintain_inline();
        context.core.go_on_scavenging();
        Ok(context)
    }

    /// Appends, committing on this thread if no other one does. As [`EventStore::append`].
    ///
    /// # Errors
    /// As [`EventStore::append`].
    pub fn append_blocking(&self, append: Append) -> AppendAnswer {
        let request = self.core.request(append)?;
        let answer = self.core.commits.append_blocking(request);
        self.maintain_inline();
        answer
    }

    /// Appends that have nothing to do with each other, in this order, with one durable write for
    /// as many as fit. Each is answered for itself.
    pub fn append_all_blocking(&self, appends: Vec<Append>) -> Vec<AppendAnswer> {
        let requests = appends.into_iter().map(|append| self.core.request(append)).collect();
        let answers = self.core.commits.append_all_blocking(requests);
        self.maintain_inline();
        answers
    }

    /// Reads a page of a stream on this thread.
    ///
    /// # Errors
    /// As [`EventStore::read_stream`].
    pub fn read_stream_blocking(&self, read: &ReadStream) -> Result<StreamPage, ReadError> {
        read_stream(&self.core.state, read, self.core.clock.now())
    }

    /// Reads a page of the context on this thread.
    ///
    /// # Errors
    /// As [`EventStore::read_all`].
    pub fn read_all_blocking(&self, read: &ReadAll) -> Result<Page, ReadError> {
        read_all(&self.core.state, read, self.core.clock.now())
    }

    /// Every event from `from` on, in place: the fastest way to see all of them.
    ///
    /// # Errors
    /// Damage, or a disk that does not answer.
    pub fn scan(&self, from: Position) -> Result<Scan, ReadError> {
        Scan::new(&self.core.state, from)
    }

    /// Does one piece of the work that nobody waits for (damage in the index healed, a seal indexed,
    /// runs merged, what is held kept); `false`: there is none. For contexts without threads.
    ///
    /// # Errors
    /// The disk; it is tried again the next time.
    pub fn maintain(&self) -> Result<bool, ReadError> {
        self.core.maintain(&|| true)
    }

    /// How many damaged files of the index were built again from the segments since it was opened.
    pub fn index_healed_count(&self) -> u64 {
        self.core.state.index.healed_count()
    }

    /// As an idle moment does: notes how far the journal is durable, and tells readers whom no
    /// commit concerned how far they have come.
    pub fn note_idle(&self) {
        self.core.note_idle();
        self.core.tell_readers();
    }

    fn maintain_inline(&self) {
        if self.core.background == Background::Inline {
            self.core.maintain_all(&|| true);
        }
    }
}

impl Drop for EmbeddedContext {
    fn drop(&mut self) {
        if let Some(scavenger) = &self.core.scavenger {
            scavenger.halt();
        }
        let writer = self.core.commits.close();
        if let Some(keeper) = self.keeper.take() {
            keeper.stop();
        }
        self.core.state.close();
        if let Err(cause) = self.core.state.settle_told() {
            tracing::warn!(context = %self.core.name, %cause, "the instant last told was not kept");
        }
        if let Some(Err(cause)) = writer.map(crate::writer::Writer::close) {
            tracing::warn!(context = %self.core.name, %cause, "the journal was not closed cleanly");
        }
    }
}

impl Core {
    /// Looks at ids and conditions on the caller's thread, before the writer must.
    fn request(&self, append: Append) -> Result<Request, AppendError> {
        let append = Sound::new(append)?;
        let ids_new_before = self.ids_new_before(&append);
        if append.conditions.is_empty() {
            let checked = Checked::default().with_ids_new_before(ids_new_before);
            return Ok(Request::Append { append, checked });
        }
        let view = || Planning { state: &self.state, moment: Moment::now(&self.state), told: None };
        let looks_max = self.condition_look_count_max;
        let checked = Checked::ahead(view, &append.conditions, looks_max);
        let checked = checked.map_err(|cause| match cause {
            ReadError::Corrupt(corrupt) => AppendError::Corrupt(corrupt),
            ReadError::Unavailable(cause) => AppendError::Unavailable(cause),
            other => AppendError::Invalid { why: other.to_string() },
        })?;
        Ok(Request::Append { append, checked: checked.with_ids_new_before(ids_new_before) })
    }

    /// A4: how far back the writer need not look for the ids of `append`, because none stands in its
    /// stream there. Whatever may be wrong with that part of the index, the writer then meets and says.
    fn ids_new_before(&self, append: &Append) -> Position {
        let snapshot = Moment::now(&self.state).snapshot;
        let closed = snapshot.as_of(snapshot.closed_end());
        let is_new = |write: &headwater_model::StreamWrite| {
            let ids: Vec<EventId> = write.events.iter().map(|event| event.id).collect();
            ids.is_empty() || closed.is_new(write.stream.as_str(), &ids).unwrap_or(false)
        };
        let are_new = closed.until() > Position::ZERO && append.writes.iter().all(is_new);
        if are_new { closed.until() } else { Position::ZERO }
    }

    fn find(&self, stream: &StreamName, id: EventId) -> Result<Option<RecordedEvent>, ReadError> {
        let moment = Moment::now(&self.state);
        let view = Planning { state: &self.state, moment, told: None };
        let standing = crate::plan::View::standing(&view, stream, &[id], Position::ZERO)?;
        Ok(standing.events.into_iter().next().map(|(_, event)| event))
    }

    fn stream(&self, stream: StreamName) -> Result<StreamState, ReadError> {
        let moment = Moment::now(&self.state);
        let last = moment.snapshot.head(stream.as_str()).map_err(index_error)?;
        let mark = self.state.mark(stream.as_str()).unwrap_or_default();
        Ok(mark.state(stream, last.map(|head| head.last)))
    }

    fn streams(
        &self,
        prefix: &str,
        after: Option<&StreamName>,
        count_max: usize,
    ) -> Result<Vec<StreamState>, ReadError> {
        let count_max = crate::read::checked_count(count_max)?;
        let snapshot = Moment::now(&self.state).snapshot;
        let shows = |name: &StreamName| !name.is_system() || prefix.starts_with('$');
        let mut found = Vec::new();
        let mut after = life::before_system(prefix, after.cloned());
        while found.len() < count_max {
            let names = snapshot.streams(prefix, after.as_ref(), count_max - found.len());
            let names = names.map_err(index_error)?;
            let Some(last) = names.last().cloned() else { break };
            for name in names.into_iter().filter(shows) {
                found.push(self.stream(name)?);
            }
            after = Some(last);
        }
        Ok(found)
    }

    /// Does one piece of work that nobody waits for; `false`: there is none.
    pub(crate) fn maintain(&self, keep_going: &dyn Fn() -> bool) -> Result<bool, ReadError> {
        if let Some(kept) = self.state.take_rolled() {
            let written = self.files.keep(&kept);
            return match written {
                Ok(()) => Ok(true),
                Err(cause) => Err(ReadError::Unavailable(cause.into())),
            };
        }
        if heal_step(&self.state, keep_going)? {
            return Ok(true);
        }
        if self.state.index.seal_step().map_err(index_error)? {
            return Ok(true);
        }
        let begins = |stream: &str, revision: Revision| {
            self.state.mark(stream).is_some_and(|mark| revision <= mark.released)
        };
        self.state.index.merge_step_from(keep_going, &begins).map_err(index_error)
    }

    /// Does all of it; what fails is tried again the next time.
    pub(crate) fn maintain_all(&self, keep_going: &dyn Fn() -> bool) {
        while keep_going() {
            match self.maintain(keep_going) {
                Ok(true) => {}
                Ok(false) => return,
                Err(cause) => {
                    tracing::warn!(context = %self.name, %cause, "indexing a sealed segment failed");
                    return;
                }
            }
        }
    }

    /// Whether it has threads of its own.
    pub(crate) fn has_threads(&self) -> bool {
        self.background == Background::Threads
    }

    /// Goes on with a scavenge that the end of the process cut short.
    fn go_on_scavenging(self: &Arc<Self>) {
        let interrupted = self.scavenger.as_ref().and_then(Scavenger::interrupted);
        let Some(asked) = interrupted.filter(|_| self.has_threads()) else { return };
        if let Err(cause) = self.begin_scavenge(asked) {
            tracing::warn!(context = %self.name, %cause, "a scavenge does not go on");
        }
    }

    pub(crate) fn note_idle(&self) {
        let noted = self.commits.with_idle_writer(crate::writer::Writer::note_idle);
        if let Some(Err(cause)) = noted {
            tracing::warn!(context = %self.name, %cause, "the durable mark was not noted");
        }
    }

    /// C2: tells readers whom no commit concerned how far they have come.
    pub(crate) fn tell_readers(&self) {
        self.state.waking.tell();
    }
}

impl EventStore for EmbeddedContext {
    fn context(&self) -> &ContextName {
        &self.core.name
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            let request = self.core.request(append)?;
            let answer = self.core.commits.append(request).await;
            self.maintain_inline();
            answer
        })
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            let request = Request::Change { stream, expected, change };
            let answer = self.core.commits.append(request).await;
            self.maintain_inline();
            answer
        })
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        Box::pin(async move { self.read_stream_blocking(&read) })
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        Box::pin(async move { self.read_all_blocking(&read) })
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        Box::pin(async move { self.core.find(&stream, id) })
    }

    fn stream(&self, stream: StreamName) -> Answer<'_, StreamState, ReadError> {
        Box::pin(async move { self.core.stream(stream) })
    }

    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        Box::pin(async move { self.core.streams(&prefix, after.as_ref(), count_max) })
    }

    fn checkpoint(&self, name: CheckpointName) -> Answer<'_, Option<Checkpoint>, ReadError> {
        Box::pin(async move { Ok(self.core.state.checkpoint(&name)) })
    }

    fn head(&self) -> Answer<'_, (Incarnation, Option<Position>), ReadError> {
        let state = &self.core.state;
        Box::pin(async move { Ok((state.incarnation(), state.head().next.previous())) })
    }

    fn wait_past(&self, position: Option<Position>) -> Answer<'_, Position, ReadError> {
        Box::pin(async move {
            let state = &self.core.state;
            let mut head = state.watch();
            loop {
                match head.borrow_and_update().next.previous() {
                    last @ Some(there) if last > position => return Ok(there),
                    _ => {}
                }
                if state.is_closed() || head.changed().await.is_err() {
                    return Err(ReadError::Unavailable(Unavailable::Closed));
                }
            }
        })
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            let reader = Reader::new(Arc::clone(&self.core.state), subscribe)?;
            Ok(Box::new(reader) as Box<dyn Subscription>)
        })
    }

    fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        self.core.scavenger.as_ref().map(|_| self as &dyn Scavenge)
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        Some(self)
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        Some(self)
    }
}

impl std::fmt::Debug for EmbeddedContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = self.core.state.head();
        f.debug_struct("EmbeddedContext")
            .field("name", &self.core.name)
            .field("head", &head)
            .finish_non_exhaustive()
    }
}
