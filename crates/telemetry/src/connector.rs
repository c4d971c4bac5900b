//! Connections to a collector, secured or not.

use crate::TelemetryOptions;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Connects to where the collector is.
#[derive(Clone)]
pub(crate) struct Connector {
    host: String,
    port: u16,
    secure: bool,
    authority: Option<PathBuf>,
    /// What is spoken, as a TLS handshake calls it.
    protocol: &'static [u8],
}

impl Connector {
    pub(crate) fn new(options: &TelemetryOptions, protocol: &'static [u8]) -> Self {
        let at = &options.endpoint;
        Self {
            host: at.host().to_owned(),
            port: at.port(),
            secure: at.is_secure(),
            authority: options.authority.clone(),
            protocol,
        }
    }

    pub(crate) async fn connect(&self) -> io::Result<TokioIo<Box<dyn Stream>>> {
        let socket = TcpStream::connect((&*self.host, self.port)).await?;
        socket.set_nodelay(true)?;
        if !self.secure {
            return Ok(TokioIo::new(Box::new(socket)));
        }
        let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        let (authority, protocol) = (self.authority.clone(), self.protocol.to_vec());
        // Some hundred files of this machine, perhaps: not on this thread. Each time, so that a new
        // one is taken up.
        let config = tokio::task::spawn_blocking(move || trusting(authority.as_deref(), protocol));
        let connector = TlsConnector::from(Arc::new(config.await.map_err(io::Error::other)??));
        Ok(TokioIo::new(Box::new(connector.connect(name, socket).await?)))
    }
}

fn trusting(authority: Option<&Path>, protocol: Vec<u8>) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match authority {
        Some(file) => {
            let unusable = |why: &dyn std::fmt::Display| {
                io::Error::other(format!("{} cannot be used: {why}", file.display()))
            };
            let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| unusable(&error))?;
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
        }
        None => {
            // One that is broken says nothing against the others; with none, none is believed.
            let trusted = rustls_native_certs::load_native_certs().certs;
            roots.add_parsable_certificates(trusted);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol];
    Ok(config)
}

/// What tonic asks for connections.
impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let own = self.clone();
        Box::pin(async move { own.connect().await })
    }
}
