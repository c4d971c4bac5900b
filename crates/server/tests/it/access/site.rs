//! A server that asks everybody who they are, and callers of many kinds.

use headwater_client::{Client, ClientOptions, Credentials};
use headwater_model::memory::MemoryContexts;
use headwater_model::{Contexts, ReadError, Timestamp};
use headwater_server::{AccessOptions, Authentication, Server, ServerOptions};
use headwater_wire::v1;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What the stores' clock begins with.
pub(super) const BEGIN_SECONDS: u64 = 1_773_064_800;

/// The password of whoever has one.
pub(super) const PASSWORD: &str = "correct horse battery";

/// A running server.
pub(super) struct Site {
    pub(super) address: SocketAddr,
    pub(super) contexts: Arc<MemoryContexts>,
    /// By which the first who administers is made.
    pub(super) secret: String,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A store in memory whose clock ticks with every look.
pub(super) fn memory() -> MemoryContexts {
    memory_at(Arc::new(AtomicU64::new(BEGIN_SECONDS * 1_000_000)))
}

/// The same, with a clock that can be put forward.
pub(super) fn memory_at(micros: Arc<AtomicU64>) -> MemoryContexts {
    let tick = move || Timestamp::from_micros(micros.fetch_add(1, Ordering::Relaxed));
    MemoryContexts::new(Arc::new(tick))
}

impl Site {
    pub(super) async fn new() -> Self {
        Self::with(Authentication::default(), Arc::new(memory())).await
    }

    pub(super) async fn with(options: Authentication, contexts: Arc<MemoryContexts>) -> Self {
        let access = AccessOptions::Authenticated(options);
        let close_within = Duration::from_secs(5);
        let options = ServerOptions { access, close_within, ..ServerOptions::default() };
        let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
        let beneath = Arc::clone(&contexts) as Arc<dyn Contexts>;
        let server = Server::bind(anywhere, beneath, options).await.unwrap();
        let secret = server.bootstrap().await.unwrap();
        let secret = secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default();
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self { address, contexts, secret, stop, ended }
    }

    pub(super) async fn stop(self) -> Arc<MemoryContexts> {
        let _ = self.stop.send(());
        self.ended.await.unwrap();
        self.contexts
    }

    pub(super) async fn client(&self, credentials: Credentials) -> Result<Client, ReadError> {
        let address = format!("headwater://{}", self.address);
        let address = address.parse::<headwater_client::Address>().unwrap().by(credentials);
        Client::connect(address, ClientOptions::default()).await
    }

    pub(super) async fn by_token(&self, token: &str) -> Client {
        self.client(Credentials::token(token).unwrap()).await.unwrap()
    }

    /// `root`, who administers, with a password.
    pub(super) async fn root(&self) -> Client {
        let first = self.by_token(&self.secret).await;
        first.access().create_user(user("root", &["$admins"], Some(PASSWORD))).await.unwrap();
        self.client(Credentials::password("root", PASSWORD).unwrap()).await.unwrap()
    }

    /// A user who may do this; the token of theirs that may do all that they may.
    pub(super) async fn caller(&self, root: &Client, name: &str, grants: &[Given]) -> String {
        root.access().create_user(user(name, &[], None)).await.unwrap();
        for (deny, verbs, context, streams) in grants {
            let who = format!("user:{name}").into();
            let scope = Some(scope(verbs, context, &[streams]));
            let made = v1::MakeGrantRequest { deny: *deny, who, scope };
            root.access().make_grant(made).await.unwrap();
        }
        token(root, name, None).await
    }

    pub(super) fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Whether it denies, which verbs, in which context, to which streams.
pub(super) type Given = (bool, &'static str, &'static str, &'static str);

/// A token that may do all that its user may.
pub(super) async fn token(root: &Client, name: &str, seconds: Option<u64>) -> String {
    let all = "read,append,change,consume,manage,observe,administer";
    let scopes = vec![scope(all, "*", &["*", "$*"])];
    let user = name.to_owned().into();
    let request = v1::CreateTokenRequest { user, words: "tests".into(), scopes, seconds };
    let made = root.access().create_token(request).await.unwrap().into_inner();
    String::from_utf8(made.secret.to_vec()).unwrap()
}

pub(super) fn scope(verbs: &str, context: &str, streams: &[&str]) -> v1::Scope {
    v1::Scope {
        verbs: verbs.split(',').map(|verb| verb.to_owned().into()).collect(),
        context: context.to_owned().into(),
        streams: streams.iter().map(|streams| (*streams).to_owned().into()).collect(),
    }
}

pub(super) fn user(name: &str, roles: &[&str], password: Option<&str>) -> v1::CreateUserRequest {
    v1::CreateUserRequest {
        user: name.to_owned().into(),
        full_name: "Somebody".into(),
        roles: roles.iter().map(|role| (*role).to_owned().into()).collect(),
        password: password.map(|password| password.to_owned().into()),
    }
}
