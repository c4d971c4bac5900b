//! A server over a store on a disk in memory, on a free port, with a client of its own.
//!
//! The exam's runtime has no sockets, so that everything with one runs on a runtime beside it.

use headwater_client::{Client, ClientOptions};
use headwater_env::{MemDisk, SeededEntropy, VirtualClock};
use headwater_server::{Server, ServerOptions};
use headwater_store::{Background, EmbeddedStore, Environment, Options};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// For everything that has a socket.
pub(crate) static SOCKETS: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime with sockets")
});

/// A running server.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) store: EmbeddedStore,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// Where a store lives between its servers.
pub(crate) struct Place {
    environment: Environment,
    pub(crate) clock: VirtualClock,
}

impl Place {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::default();
        let environment = Environment {
            disk: Arc::new(MemDisk::new()),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::new(1)),
        };
        Self { environment, clock }
    }

    /// Opens the store, and serves it at this address (port 0: any).
    pub(crate) async fn serve(&self, at: SocketAddr) -> Served {
        let mut options = Options::inline(64 * 1_024);
        options.background = Background::Threads;
        let store = EmbeddedStore::open_in(self.environment.clone(), Path::new("/store"), options);
        let store = store.expect("the store opens");
        let contexts = Arc::new(store.clone());
        let options = ServerOptions::default();
        let start = async move {
            let server = Server::bind(at, contexts, options).await.expect("a free port");
            let address = server.address();
            let (stop, stopped) = oneshot::channel::<()>();
            let running = tokio::spawn(server.run(async {
                let _ = stopped.await;
            }));
            (address, stop, running)
        };
        let (address, stop, running) = SOCKETS.spawn(start).await.expect("the server starts");
        Served { address, store, stop, running }
    }

    pub(crate) async fn serve_anywhere(&self) -> Served {
        self.serve(ANYWHERE).await
    }
}

/// Any free port of this machine's own.
pub(crate) const ANYWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

impl Served {
    /// Stops it, and gives the store back, which nobody else holds then.
    pub(crate) async fn stop(self) -> EmbeddedStore {
        let _ = self.stop.send(());
        self.running.await.expect("a server that stops does not panic");
        self.store
    }
}

/// A client that repeats quickly.
pub(crate) async fn connect(address: SocketAddr) -> Client {
    connect_with(address, options()).await
}

pub(crate) async fn connect_with(address: SocketAddr, options: ClientOptions) -> Client {
    let address = format!("headwater://{address}").parse().expect("an address");
    let connect = Client::connect(address, options);
    SOCKETS.spawn(connect).await.expect("no panic").expect("the server answers")
}

pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        pause_first: Duration::from_millis(1),
        pause_max: Duration::from_millis(20),
        ..ClientOptions::default()
    }
}
