//! What somebody is told who speaks plainly to a port that speaks TLS, or TLS to one that does not.
//!
//! Why: without it they see a connection that breaks, and look for the fault elsewhere.

use axum::body::Body;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Status;

/// What is said to those who speak plainly where they must not.
const PLAIN: &str = "this port speaks TLS only: write https:// or headwaters:// instead";

/// What is said to those who speak TLS where there is none. Their library sees that it is no TLS.
const SECURE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n\
    this port speaks no TLS: write http:// or headwater:// instead\n";

/// How long they have to ask and to hear it.
const WITHIN: Duration = Duration::from_secs(2);

/// What they may have sent already, and is read so that the answer is not lost with it.
const SENT_BYTES_MAX: u64 = 64 * 1_024;

/// Answers who speaks plainly, whatever they ask, in the protocol that they speak.
pub(super) async fn speaks_plainly(socket: TcpStream) {
    let builder = Builder::new(TokioExecutor::new());
    let told = builder.serve_connection(TokioIo::new(socket), service_fn(refuse));
    // Whether they have heard it is their affair.
    let _ = timeout(WITHIN, told).await;
}

async fn refuse(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if crate::routes::is_grpc(request.headers()) {
        let status = Status::failed_precondition(PLAIN).into_http::<tonic::body::Body>();
        return Ok(status.map(Body::new));
    }
    let mut answer = Response::new(Body::from(format!("{PLAIN}\n")));
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(answer)
}

/// Answers who speaks TLS, and closes.
pub(super) async fn speaks_tls(mut socket: TcpStream) {
    let told = async {
        socket.write_all(SECURE.as_bytes()).await?;
        socket.shutdown().await?;
        let mut sent = socket.take(SENT_BYTES_MAX);
        tokio::io::copy(&mut sent, &mut tokio::io::sink()).await
    };
    let _ = timeout(WITHIN, told).await;
}
