//! Fetching a small document from an identity provider.
//!
//! Why not an HTTP client library: one GET of some kilobytes, a few times an hour, over the TLS that is
//! here already.
//!
//! Invariants: an answer comes whole within [`ANSWER_WITHIN`] and has at most [`ANSWER_BYTES_MAX`]
//! bytes; nothing is followed elsewhere.

use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// An answer comes within this, whole.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A set of keys is some kilobytes.
pub(super) const ANSWER_BYTES_MAX: usize = 256 * 1_024;

/// What is at this address.
///
/// # Errors
/// In words, with the address.
pub(super) async fn get(url: &str) -> Result<Bytes, String> {
    let got = tokio::time::timeout(ANSWER_WITHIN, get_at_leisure(url)).await;
    let got = got.unwrap_or_else(|_| Err(format!("there was no answer within {ANSWER_WITHIN:?}")));
    got.map_err(|why| format!("{url}: {why}"))
}

async fn get_at_leisure(url: &str) -> Result<Bytes, String> {
    let uri: Uri = url.parse().map_err(|_| "this is no address".to_owned())?;
    let host = uri.host().ok_or("it names no host")?.to_owned();
    let is_secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err("it is neither https nor http".to_owned()),
    };
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let bare = host.trim_matches(['[', ']']);
    let socket = TcpStream::connect((bare, port)).await.map_err(|cause| cause.to_string())?;
    if !is_secure {
        return ask(socket, &uri).await;
    }
    let name = ServerName::try_from(bare.to_owned()).map_err(|cause| cause.to_string())?;
    let connector = TlsConnector::from(Arc::new(trusting_this_machine()?));
    ask(connector.connect(name, socket).await.map_err(|cause| cause.to_string())?, &uri).await
}

async fn ask<I>(io: I, uri: &Uri) -> Result<Bytes, String>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |cause: hyper::Error| cause.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(failed)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, "headwater")
        .body(Empty::<Bytes>::new())
        .map_err(|cause| cause.to_string())?;
    let answered = async {
        let answer = sender.send_request(request).await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(format!("the answer is {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|cause| cause.to_string())
    };
    // Both in this task: an answer that is given up leaves nothing running.
    tokio::select! {
        answer = answered => answer,
        Err(cause) = connection => Err(cause.to_string()),
    }
}

fn trusting_this_machine() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|cause| cause.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
