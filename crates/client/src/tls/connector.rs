//! Opens connections that are secured.

use super::Secure;
use super::refusal::refusal;
use super::told::{Listening, Told};
use crate::Address;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What HTTP/2 is called in a handshake.
const HTTP_2: &[u8] = b"h2";

/// A connection, secured or not.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to where an address points, for whoever speaks something else than gRPC over it:
/// HTTP/1.1 is what is agreed on.
///
/// # Errors
/// Whatever the network, the files or the certificates have against it, in words.
pub async fn connect(address: &Address) -> io::Result<Box<dyn Stream>> {
    let (host, port) = address.host_and_port();
    match address.secure() {
        None => Ok(Box::new(tcp(host, port).await?)),
        Some(secure) => {
            let shaken = handshake(secure, host, port, b"http/1.1").await;
            let stream = shaken.map_err(|error| match refusal(&error) {
                Some(why) => io::Error::new(error.kind(), why),
                None => error,
            })?;
            Ok(Box::new(stream))
        }
    }
}

/// What tonic asks for connections.
#[derive(Clone)]
pub(crate) struct Connector {
    host: String,
    port: u16,
    secure: Secure,
    told: Told,
}

impl Connector {
    pub(crate) fn new(address: &Address, secure: &Secure) -> Self {
        let (host, port) = address.host_and_port();
        Self { host: host.to_owned(), port, secure: secure.clone(), told: Told::default() }
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Listening<TlsStream<TcpStream>>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { host, port, secure, told } = self.clone();
        Box::pin(async move {
            if let Some(refusal) = told.take() {
                return Err(refusal);
            }
            let stream = handshake(&secure, &host, port, HTTP_2).await?;
            Ok(TokioIo::new(Listening::new(stream, told)))
        })
    }
}

async fn handshake(
    secure: &Secure,
    host: &str,
    port: u16,
    protocol: &[u8],
) -> io::Result<TlsStream<TcpStream>> {
    let mut config = read(secure).await?;
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    let socket = tcp(host, port).await?;
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let socket = TcpStream::connect(format!("{host}:{port}")).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Reads the files. There are some hundred of this machine's own, so not on this thread.
pub(crate) async fn read(secure: &Secure) -> io::Result<ClientConfig> {
    let secure = secure.clone();
    tokio::task::spawn_blocking(move || config(&secure)).await.map_err(io::Error::other)?
}

fn config(secure: &Secure) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match &secure.authority {
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| unusable(file, &error))?;
            }
        }
        None => {
            // One that is broken says nothing against the others; with none, none is believed.
            let trusted = rustls_native_certs::load_native_certs().certs;
            roots.add_parsable_certificates(trusted);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let Some(identity) = &secure.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(&identity.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes(&identity.key)?)
        .map_err(|error| unusable(&identity.key, &error))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| unusable(&identity.key, &error))
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let pem = bytes(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| unusable(file, &error))?;
    if found.is_empty() { Err(unusable(file, &"there is no certificate in it")) } else { Ok(found) }
}

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{} cannot be used: {why}", file.display()))
}
