//! Who is connected: what their requests are given to know, and whether they still have any.
//!
//! Why: a connection that asks for nothing holds a place that others may want. Pings do not count:
//! only requests, until the last byte of their answers.

use super::prompt::Impatient;
use crate::PeerCertificate;
use crate::otlp::with_trace;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use headwater_telemetry::TraceParent;
use http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use parking_lot::Mutex;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tower::Service as _;

/// Where a request comes from. In the extensions of every request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PeerAddress(pub(crate) SocketAddr);

/// Whoever is at the other end.
#[derive(Clone)]
pub(super) struct Connected {
    router: Router,
    peer: PeerAddress,
    certificate: Option<PeerCertificate>,
    idle: Arc<Idle>,
    impatient: Impatient,
}

impl Connected {
    pub(super) fn new(
        router: Router,
        (peer, certificate): (SocketAddr, Option<PeerCertificate>),
        idle: &Arc<Idle>,
        impatient: &Impatient,
    ) -> Self {
        let (idle, impatient) = (Arc::clone(idle), impatient.clone());
        Self { router, peer: PeerAddress(peer), certificate, idle, impatient }
    }
}

impl hyper::service::Service<Request<Incoming>> for Connected {
    type Response = Response<Watched>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.impatient.look_at(request.uri().path());
        request.extensions_mut().insert(self.peer);
        if let Some(certificate) = &self.certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        let busy = Busy::new(&self.idle);
        let trace = TraceParent::of_headers(request.headers());
        let answer = with_trace(trace, self.router.clone().call(request));
        Box::pin(async move { Ok(answer.await?.map(|body| Watched { body, _busy: busy })) })
    }
}

/// An answer's body; while it is read, its connection is not idle.
pub(super) struct Watched {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How long a connection has asked for nothing.
pub(super) struct Idle(Mutex<Since>);

struct Since {
    requests: usize,
    /// None was ever made.
    unused: bool,
    last: Instant,
}

impl Default for Idle {
    fn default() -> Self {
        Self(Mutex::new(Since { requests: 0, unused: true, last: Instant::now() }))
    }
}

impl Idle {
    /// Resolves when nothing was asked for too long: for the first request there is less time.
    pub(super) async fn too_long(&self, first_within: Duration, within: Duration) {
        loop {
            let until = {
                let since = self.0.lock();
                let within = if since.unused { first_within.min(within) } else { within };
                let from = if since.requests > 0 { Instant::now() } else { since.last };
                from + within
            };
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

/// A request that is in hand.
struct Busy(Arc<Idle>);

impl Busy {
    fn new(idle: &Arc<Idle>) -> Self {
        let mut since = idle.0.lock();
        since.requests += 1;
        since.unused = false;
        Self(Arc::clone(idle))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut since = self.0.0.lock();
        since.requests -= 1;
        since.last = Instant::now();
    }
}
