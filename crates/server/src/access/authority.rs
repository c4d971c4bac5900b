//! The authority: believes or does not, decides, and carries out changes of access.
//!
//! Picture:
//! ```text
//!   credentials ─▶ believe ─▶ Identity      identity, verb, target ─▶ check ─▶ Ok or Denied
//!   Change ─▶ plan on what stands ─▶ append if nothing changed ─▶ wait until it stands here
//! ```

use super::identity::{Credentials, Identity};
use super::issuer::Issuer;
use super::options::Authentication;
use super::passwords::{Checked, Passwords, random};
use super::refusals::{KEPT_COUNT_MAX, Refusals};
use super::standing::{Standing, follow, query};
use headwater_access::token::Secret;
use headwater_access::{
    AccessError, AccessEvent, Change, Decision, Directory, Principal, Target, UserName, Verb, Who,
};
use headwater_model::{
    Append, AppendError, ContextName, Contexts, Denied, EventId, EventStore, EventType,
    ExpectedRevision, Metadata, NewEvent, Position, ReadError, StreamChange, StreamName,
    StreamSettings, StreamWrite, Timestamp,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Who may do what here, and the proof of who asks.
pub struct Authority {
    store: Arc<dyn EventStore>,
    standing: watch::Receiver<Standing>,
    passwords: Passwords,
    issuer: Option<Issuer>,
    refusals: Arc<Refusals>,
    changing: Mutex<()>,
    tasks: parking_lot::Mutex<Vec<JoinHandle<()>>>,
}

/// Why it is not known who asks.
pub(super) enum Unbelieved {
    /// What they showed does not hold.
    Denied(Denied),
    /// It was not looked at. Whoever comes again with the same may well be believed, as those who come
    /// all at once behind a restart are: they are not told that their password is wrong.
    Busy(AccessError),
}

impl std::convert::From<Denied> for Unbelieved {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl std::convert::From<AccessError> for Unbelieved {
    fn from(error: AccessError) -> Self {
        Self::Busy(error)
    }
}

/// Why access was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The change itself cannot be.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// It could not be stored.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Authority {
    /// Reads what stands, and keeps in step with it.
    ///
    /// # Errors
    /// What the store says, or `Invalid` if an event cannot be read.
    pub(crate) async fn open(
        contexts: &dyn Contexts,
        options: &Authentication,
    ) -> Result<Self, ReadError> {
        let (read, store, checkpoint) = Standing::read(contexts).await?;
        let (sender, standing) = watch::channel(read);
        let refusals = Arc::<Refusals>::default();
        let following = tokio::spawn(follow(Arc::clone(&store), sender, checkpoint));
        let noting =
            note_refusals(Arc::clone(&store), Arc::clone(&refusals), options.refused_every);
        let tasks = parking_lot::Mutex::new(vec![following, tokio::spawn(noting)]);
        let issuer = options.issuer.clone().map(Issuer::new);
        let (passwords, changing) = (Passwords::new(), Mutex::new(()));
        Ok(Self { store, standing, passwords, issuer, refusals, changing, tasks })
    }

    /// Ends what it does by itself; what was refused and not written down is.
    pub(crate) async fn close(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
        write_refusals(&*self.store, &self.refusals).await;
    }

    /// Users, tokens and grants as they stand.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.standing.borrow().directory)
    }

    /// Resolves with each change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<Standing> {
        let mut changes = self.standing.clone();
        changes.mark_unchanged();
        changes
    }

    /// The store's clock.
    pub fn now(&self) -> Timestamp {
        self.store.now()
    }

    /// Offers a bootstrap token if nobody can administer: the secret is given out here, once.
    ///
    /// # Errors
    /// If it could not be stored.
    pub(crate) async fn bootstrap(&self) -> Result<Option<Secret>, ChangeError> {
        if self.directory().has_admin() {
            return Ok(None);
        }
        let secret = Secret::of(random());
        self.change("the server", Change::OfferBootstrap(secret.digest())).await?;
        Ok(Some(secret))
    }

    /// Who gave these credentials.
    pub(super) async fn believe(&self, credentials: Credentials) -> Result<Identity, Unbelieved> {
        let (claimed, identity) = match credentials {
            Credentials::Token(secret) => ("a token".to_owned(), self.by_token(&secret)),
            Credentials::Password { user, password } => {
                let identity = self.by_password(&user, password).await?;
                (format!("user {user}"), identity)
            }
            Credentials::Jwt(text) => ("a bearer".to_owned(), self.by_jwt(&text).await),
        };
        let denied = |why: String| Denied::Unauthenticated { why };
        Ok(identity.map_err(|why| self.refused(&claimed, denied(why)))?)
    }

    fn by_token(&self, secret: &Secret) -> Result<Identity, String> {
        let (directory, digest) = (self.directory(), secret.digest());
        if let Some(number) = directory.token_of(&digest) {
            let holds = directory.principal_of_token(number, self.now()).is_some();
            let over = || "the token does not hold any more".to_owned();
            return holds.then_some(Identity::Token(number)).ok_or_else(over);
        }
        let is_bootstrap = directory.is_bootstrap(&digest);
        is_bootstrap
            .then_some(Identity::Bootstrap)
            .ok_or_else(|| "the token does not hold".to_owned())
    }

    /// Who that is, or what is wrong with it.
    ///
    /// # Errors
    /// `Busy`: it was not looked at.
    async fn by_password(
        &self,
        name: &str,
        password: String,
    ) -> Result<Result<Identity, String>, AccessError> {
        let wrong = || "the name or the password is wrong".to_owned();
        let directory = self.directory();
        let user = UserName::new(name).ok();
        let found = user.as_ref().and_then(|name| directory.users().get(name));
        let hash = found.filter(|user| !user.is_disabled).and_then(|user| user.password.as_ref());
        match self.passwords.check(name, password, hash).await {
            Checked::Right => Ok(user.map(Identity::User).ok_or_else(wrong)),
            Checked::Wrong => Ok(Err(wrong())),
            Checked::TooBusy => Err(AccessError::Busy),
        }
    }

    async fn by_jwt(&self, text: &str) -> Result<Identity, String> {
        let none =
            || "no identity provider is set up here, and this is no token of ours".to_owned();
        let issuer = self.issuer.as_ref().ok_or_else(none)?;
        let bearer = issuer.verify(text, self.now()).await.map_err(|error| error.to_string())?;
        let headwater_access::bearer::Bearer { subject, roles, expires_at } = bearer;
        Ok(Identity::Bearer { subject, roles, expires_at })
    }

    /// Hashes a password, when it is its turn.
    ///
    /// # Errors
    /// `Invalid` if it is unfit; `Busy` if too many others are being hashed.
    pub async fn hash(
        &self,
        password: String,
    ) -> Result<headwater_access::password::PasswordHash, AccessError> {
        use headwater_access::password::PasswordHash;
        let invalid = |why: String| AccessError::Invalid { what: "the password", why };
        let hashed = self.passwords.work(move || PasswordHash::of(&password, random())).await;
        hashed.ok_or(AccessError::Busy)?.map_err(|unfit| invalid(unfit.to_string()))
    }

    /// Whether this is the user's password. Wrong as well if there is no such user.
    ///
    /// # Errors
    /// `Busy` if too many others are being checked.
    pub async fn is_password(
        &self,
        user: &UserName,
        password: String,
    ) -> Result<bool, AccessError> {
        let found = self.by_password(user.as_str(), password).await?;
        Ok(matches!(found, Ok(Identity::User(_))))
    }

    /// Who asks, as grants see them now.
    ///
    /// # Errors
    /// `Unauthenticated` if there is no such caller any more.
    pub fn principal(&self, identity: &Identity) -> Result<Principal, Denied> {
        let standing = self.standing.borrow();
        if standing.broken.is_some() {
            let why = "who may do what cannot be read; the server's log says why".to_owned();
            return Err(Denied::Unauthenticated { why });
        }
        let gone = |why: &str| Denied::Unauthenticated { why: why.to_owned() };
        let directory = &standing.directory;
        let named = |who: Who, name: String, roles: &[String]| {
            let mut whos = vec![who, Who::Everybody];
            whos.extend(roles.iter().cloned().map(Who::Role));
            Principal { name, whos, scopes: None }
        };
        match identity {
            Identity::User(name) => {
                directory.principal_of_user(name).ok_or_else(|| gone("the user is not let in"))
            }
            Identity::Token(number) => {
                let principal = directory.principal_of_token(*number, self.now());
                principal.ok_or_else(|| gone("the token does not hold any more"))
            }
            Identity::Certificate(name) => {
                Ok(named(Who::Certificate(name.clone()), identity.to_string(), &[]))
            }
            Identity::Bearer { expires_at, .. } if *expires_at <= self.now() => {
                Err(gone("the token has expired"))
            }
            Identity::Bearer { subject, roles, .. } => {
                Ok(named(Who::Bearer(subject.clone()), identity.to_string(), roles))
            }
            Identity::Bootstrap if !directory.has_admin() => {
                Ok(Principal { name: identity.to_string(), whos: Vec::new(), scopes: None })
            }
            Identity::Bootstrap => Err(gone("the bootstrap token is over")),
            Identity::Anybody | Identity::Nobody => Err(gone("there are no credentials")),
        }
    }

    /// Whether they may. What is refused is counted.
    ///
    /// # Errors
    /// [`Denied`] says who may not do what; `what` names it for people.
    pub(super) fn check(
        &self,
        identity: &Identity,
        verb: Verb,
        context: Option<&ContextName>,
        target: &Target,
        what: impl FnOnce() -> String,
    ) -> Result<(), Denied> {
        let principal = match self.principal(identity) {
            Ok(principal) => principal,
            Err(denied) => return Err(self.refused(&identity.to_string(), denied)),
        };
        let Decision { is_allowed, .. } =
            self.directory().decide(&principal, verb, context, target);
        if is_allowed {
            return Ok(());
        }
        let (who, verb, what) = (principal.name, verb.to_string(), what());
        Err(self.refused(&identity.to_string(), Denied::Forbidden { who, verb, what }))
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, who: &str, denied: Denied) -> Denied {
        tracing::debug!(%who, %denied, "refused");
        self.refusals.note(who, &denied);
        denied
    }

    /// Carries out a change, on behalf of `actor`. It stands when this answers.
    ///
    /// # Errors
    /// [`ChangeError`]; then nothing was changed, except where the append says that it is not known.
    pub async fn change(
        &self,
        actor: &str,
        change: Change,
    ) -> Result<Vec<AccessEvent>, ChangeError> {
        // One at a time: others would only be refused by the condition.
        let _one = self.changing.lock().await;
        loop {
            let (directory, seen) = {
                let standing = self.standing.borrow();
                (Arc::clone(&standing.directory), standing.seen)
            };
            let events = directory.plan(change.clone())?;
            if events.is_empty() {
                return Ok(events);
            }
            match self.store.append(appended(&events, actor, seen)).await {
                Ok(appended) => {
                    self.stands(appended.position).await;
                    self.keep_newest_password(&events).await;
                    return Ok(events);
                }
                Err(AppendError::ConditionFailed { position, .. }) => {
                    self.stands(Some(position)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Resolves when everything up to this position stands here.
    async fn stands(&self, position: Option<Position>) {
        let mut standing = self.standing.clone();
        // The sender lives as long as the task that follows: who closes asks for no change.
        let _ = standing.wait_for(|standing| standing.seen >= position).await;
    }

    /// Old hashes are hidden, and go with the next scavenge.
    async fn keep_newest_password(&self, events: &[AccessEvent]) {
        for event in events.iter().filter(|event| matches!(event, AccessEvent::PasswordSet { .. }))
        {
            keep(&*self.store, &event.stream(), 1).await;
        }
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.tasks.lock().iter().for_each(JoinHandle::abort);
    }
}

/// These events, if nothing has changed since.
fn appended(events: &[AccessEvent], actor: &str, seen: Option<Position>) -> Append {
    let writes = events.iter().map(|event| written(event, actor)).collect();
    Append { writes, ..Append::default() }.unless(query(), seen)
}

fn written(event: &AccessEvent, actor: &str) -> StreamWrite {
    let stream = StreamName::new(event.stream()).expect("a bounded name behind a category");
    let kind = EventType::new(event.event_type()).expect("a word");
    let metadata = Metadata { actor: Some(actor.into()), ..Metadata::default() };
    let event =
        NewEvent { metadata, ..NewEvent::json(EventId(Uuid::now_v7()), kind, event.encode()) };
    StreamWrite { stream, expected: ExpectedRevision::Any, events: vec![event] }
}

/// Keeps the newest events of a stream only.
async fn keep(store: &dyn EventStore, stream: &str, count_max: u64) {
    let Ok(stream) = StreamName::new(stream.to_owned()) else { return };
    let settings = StreamSettings { count_max: Some(count_max), ..StreamSettings::default() };
    match store.stream(stream.clone()).await {
        Ok(state) if state.settings == settings => return,
        Ok(_) => {}
        Err(cause) => return tracing::warn!(%cause, %stream, "its settings are not read"),
    }
    let change = StreamChange::Settings(settings);
    if let Err(cause) = store.change_stream(stream.clone(), ExpectedRevision::Any, change).await {
        tracing::warn!(%cause, %stream, "old events of it stay");
    }
}

async fn note_refusals(store: Arc<dyn EventStore>, refusals: Arc<Refusals>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        write_refusals(&*store, &refusals).await;
    }
}

async fn write_refusals(store: &dyn EventStore, refusals: &Refusals) {
    let events = refusals.take();
    let mut writes = events.iter().map(|event| written(event, "the server"));
    let Some(mut write) = writes.next() else { return };
    for other in writes {
        write.events.extend(other.events);
    }
    keep(store, write.stream.as_str(), KEPT_COUNT_MAX).await;
    let append = Append { writes: vec![write], ..Append::default() };
    if let Err(cause) = store.append(append).await {
        tracing::warn!(%cause, "refusals are not written down");
    }
}
