//! A collector for tests: real OTLP, over gRPC and HTTP at one port, and what it was told.
//!
//! Why here: a server's tests, a service's and this crate's ask the same of it. It is built with the
//! feature `collector` alone.

mod secured;
mod seen;

pub use seen::{Seen, SeenSpan};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Router, routing::post};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server as metrics;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server as trace;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message;
use rustls::ServerConfig;
use secured::Secured;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::{Request as Asked, Response as Answer, Status};

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector on a free port. Dropped, it is gone.
pub struct Collector {
    endpoint: String,
    told: Told,
    serving: JoinHandle<()>,
}

/// What it was told so far, and how it answers.
#[derive(Clone)]
struct Told {
    seen: Arc<watch::Sender<Seen>>,
    refuses: Arc<watch::Sender<Option<Refuses>>>,
}

/// How a collector does not take spans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refuses {
    /// It is overloaded: later, perhaps.
    ForNow,
    /// It does not understand them, and never will.
    ForGood,
    /// It takes the message, but for so many spans of it.
    Some(i64),
}

impl Collector {
    /// Begins to listen.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start() -> Self {
        let (listener, address) = listen().await;
        let endpoint = format!("http://{address}");
        Self::serve(endpoint, |router| axum::serve(listener, router).into_future())
    }

    /// The same, by TLS: at `localhost`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start_secured(config: ServerConfig) -> Self {
        let (listener, address) = listen().await;
        let endpoint = format!("https://localhost:{}", address.port());
        let listener = Secured::new(listener, config);
        Self::serve(endpoint, |router| axum::serve(listener, router).into_future())
    }

    fn serve<F>(endpoint: String, serve: impl FnOnce(Router) -> F) -> Self
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let told = Told { seen: Arc::default(), refuses: Arc::default() };
        let serving = serve(router(&told));
        let serving = tokio::spawn(async move {
            // It ends with the test.
            let _ = serving.await;
        });
        Self { endpoint, told, serving }
    }

    /// Where it is, as a setting says it.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// From now on it answers so.
    pub fn refuse(&self, how: Option<Refuses>) {
        self.told.refuses.send_replace(how);
    }

    /// All that it was told so far.
    pub fn seen(&self) -> Seen {
        self.told.seen.borrow().clone()
    }

    /// What `of` finds in what it is told, as soon as it does.
    ///
    /// # Panics
    /// If it never does.
    pub async fn sees<T>(&self, what: &str, mut of: impl FnMut(&Seen) -> Option<T>) -> T {
        let mut seen = self.told.seen.subscribe();
        let found = async {
            loop {
                if let Some(found) = of(&seen.borrow_and_update()) {
                    return found;
                }
                seen.changed().await.expect("the sender is held here");
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("{what} never came; there are {:#?}", self.seen()),
        }
    }

    /// The first span of this name.
    pub async fn span(&self, name: &str) -> SeenSpan {
        self.sees(name, |seen| seen.spans.iter().find(|span| span.name == name).cloned()).await
    }

    /// The last of this metric.
    pub async fn metric(&self, name: &str) -> Metric {
        let last = |seen: &Seen| seen.metrics.iter().rfind(|metric| metric.name == name).cloned();
        self.sees(name, last).await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("there is a free port");
    let address = listener.local_addr().expect("a listener has an address");
    (listener, address)
}

fn router(told: &Told) -> Router {
    let spans = trace::TraceServiceServer::new(told.clone());
    let sums = metrics::MetricsServiceServer::new(told.clone());
    Router::new()
        .merge(mount(spans))
        .merge(mount(sums))
        .route("/v1/traces", post(traces_over_http))
        .route("/v1/metrics", post(metrics_over_http))
        .with_state(told.clone())
}

fn mount<S>(service: S) -> Router<Told>
where
    S: Service<Request<Body>, Response = Response<tonic::body::Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    Router::new().route_service(&format!("/{}/{{*method}}", S::NAME), service)
}

impl Told {
    fn spans(
        &self,
        headers: &HeaderMap,
        request: &ExportTraceServiceRequest,
    ) -> Result<ExportTraceServiceResponse, Refuses> {
        match *self.refuses.borrow() {
            None => {
                self.seen.send_modify(|seen| seen.take_spans(headers, request));
                Ok(ExportTraceServiceResponse::default())
            }
            Some(Refuses::Some(rejected_spans)) => {
                self.seen.send_modify(|seen| seen.take_spans(headers, request));
                let error_message = "some of them".to_owned();
                let part = ExportTracePartialSuccess { rejected_spans, error_message };
                Ok(ExportTraceServiceResponse { partial_success: Some(part) })
            }
            Some(refused) => {
                self.seen.send_modify(|seen| seen.refused_count += 1);
                Err(refused)
            }
        }
    }
}

#[tonic::async_trait]
impl trace::TraceService for Told {
    async fn export(
        &self,
        request: Asked<ExportTraceServiceRequest>,
    ) -> Result<Answer<ExportTraceServiceResponse>, Status> {
        let (metadata, _, spans) = request.into_parts();
        match self.spans(&metadata.into_headers(), &spans) {
            Ok(answer) => Ok(Answer::new(answer)),
            Err(Refuses::ForNow) => Err(Status::unavailable("later")),
            Err(_) => Err(Status::unimplemented("never")),
        }
    }
}

#[tonic::async_trait]
impl metrics::MetricsService for Told {
    async fn export(
        &self,
        request: Asked<ExportMetricsServiceRequest>,
    ) -> Result<Answer<ExportMetricsServiceResponse>, Status> {
        let metrics = request.into_inner();
        self.seen.send_modify(|seen| seen.take_metrics(&metrics));
        Ok(Answer::new(ExportMetricsServiceResponse::default()))
    }
}

const PROTOBUF: &str = "application/x-protobuf";

async fn traces_over_http(
    State(told): State<Told>,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let Some(spans) = decoded::<ExportTraceServiceRequest>(&headers, body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match told.spans(&headers, &spans) {
        Ok(answer) => ([(header::CONTENT_TYPE, PROTOBUF)], answer.encode_to_vec()).into_response(),
        Err(Refuses::ForNow) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn metrics_over_http(
    State(told): State<Told>,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let Some(metrics) = decoded::<ExportMetricsServiceRequest>(&headers, body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    told.seen.send_modify(|seen| seen.take_metrics(&metrics));
    let answer = ExportMetricsServiceResponse::default().encode_to_vec();
    ([(header::CONTENT_TYPE, PROTOBUF)], answer).into_response()
}

fn decoded<M: Message + Default>(headers: &HeaderMap, body: Bytes) -> Option<M> {
    let is_protobuf = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROTOBUF);
    is_protobuf.then(|| M::decode(body).ok()).flatten()
}
