//! A server with TLS or without, and ways to talk to it.

use super::authority::{Authority, Pair};
use headwater_client::{Address, Client, ClientOptions, Identity, Secure};
use headwater_model::{ContextName, Contexts, EventStore, ReadError};
use headwater_server::tls::{CallerCertificates, Certificates, TlsOptions};
use headwater_server::{Limits, Server, ServerOptions};
use headwater_store::EmbeddedStore;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) certificates: Option<Certificates>,
    _directory: TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// What a server of this pair is started with.
pub(crate) fn secured(pair: &Pair) -> ServerOptions {
    let tls = TlsOptions::new(&pair.certificate, &pair.key);
    ServerOptions { tls: Some(tls), ..ServerOptions::default() }
}

/// The same, and callers must show certificates that this authority has signed.
pub(crate) fn mutual(pair: &Pair, callers: CallerCertificates) -> ServerOptions {
    let tls = TlsOptions { callers, ..TlsOptions::new(&pair.certificate, &pair.key) };
    ServerOptions { tls: Some(tls), ..ServerOptions::default() }
}

/// Limits that are met soon.
pub(crate) fn impatient() -> Limits {
    let soon = Duration::from_millis(20);
    Limits { headers_within: soon, handshake_within: soon, idle_within: soon, ..Limits::default() }
}

impl Site {
    pub(crate) async fn start(options: ServerOptions) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = EmbeddedStore::open(directory.path()).expect("the store opens");
        let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
        let server = Server::bind(anywhere, Arc::new(store), options).await.expect("it starts");
        let (address, certificates) = (server.address(), server.certificates());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { address, certificates, _directory: directory, stop, running }
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.running.await.expect("a server that stops does not panic");
    }

    /// Its address under this name of the machine.
    pub(crate) fn secure(&self, host: &str, authority: &Authority) -> Address {
        let (port, ca) = (self.address.port(), authority.file());
        let address = format!("headwaters://{host}:{port}").parse::<Address>().expect("an address");
        address.with(Some(Secure { authority: Some(ca), identity: None }))
    }

    /// Its address without TLS.
    pub(crate) fn plain(&self) -> Address {
        format!("headwater://{}", self.address).parse().expect("an address")
    }
}

/// The address, visited with this certificate.
pub(crate) fn showing(address: Address, pair: &Pair) -> Address {
    let authority = address.secure().and_then(|secure| secure.authority.clone());
    let Pair { certificate, key } = pair.clone();
    address.with(Some(Secure { authority, identity: Some(Identity { certificate, key }) }))
}

/// The context `default` there.
pub(crate) async fn visit(address: Address) -> Result<Arc<dyn EventStore>, ReadError> {
    let client = Client::connect(address, ClientOptions::default()).await?;
    client.context(ContextName::new("default").expect("a name")).await
}

/// What is answered to `GET` of a path, headers and all.
pub(crate) async fn get(address: &Address, path: &str) -> std::io::Result<String> {
    let mut stream = headwater_client::tls::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Sends bytes as they are, and reads until the server is done with this connection.
pub(crate) async fn shout(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(to).await.expect("it listens");
    socket.write_all(bytes).await.expect("sent");
    let mut answer = Vec::new();
    // A connection that is reset has ended too.
    let _ = socket.read_to_end(&mut answer).await;
    answer
}
