//! What every service answers, besides its own routes.
//!
//! | page | answers |
//! |---|---|
//! | `/livez` | 200 while the process answers at all: restart it if not |
//! | `/readyz` | 200 if every reader keeps up, 503 if not or while draining, and how each reader is |
//! | `/metrics` | counters for Prometheus |
//! | `/openapi.json` | what may be asked over HTTP |
//! | `/asyncapi.json` | which events it publishes and reads |
//! | `/admin/views` | how far each view is; built anew, paused, resumed (`views.rs`) |
//! | `/admin/parked` | what its readers have set aside, to be retried or discarded (`parked.rs`) |
//!
//! They are for operators: whoever can reach the service's address can ask them. A gateway in front of
//! it passes on what it knows, and it does not know these.

use crate::asyncapi;
use crate::http::openapi;
use crate::http::{Described, Json};
use crate::metrics;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use headwater_framework::http::Problem;
use headwater_framework::{Health, ReaderHealth, ReaderState, RequestsHealth, Service};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What every service answers.
pub(super) struct Endpoints {
    service: Option<Service>,
    draining: Arc<AtomicBool>,
    openapi: Value,
    asyncapi: Value,
    unpublished: Vec<String>,
}

impl Endpoints {
    pub(super) fn new(name: &str, service: Option<Service>, routes: &[Described]) -> Self {
        metrics::install();
        Self {
            draining: Arc::default(),
            openapi: openapi::document(name, routes),
            asyncapi: asyncapi::document(name, service.as_ref()),
            unpublished: Vec::new(),
            service,
        }
    }

    pub(super) fn service(&self) -> Option<&Service> {
        self.service.as_ref()
    }

    pub(super) fn draining(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.draining)
    }

    /// Notes the names that readers of these services wait for in vain.
    pub(super) fn note_unpublished(&mut self, names: &[String]) {
        self.unpublished = names.to_vec();
    }

    pub(super) fn router(self) -> Router {
        let Self { service, draining, openapi, asyncapi, unpublished } = self;
        let counted = service.clone();
        let ready = move || {
            let ready = Ready {
                service: service.clone(),
                draining: draining.load(Ordering::Relaxed),
                unpublished: unpublished.clone(),
            };
            ready.answer()
        };
        let document = |value: Value| get(async move || Json(value));
        let parked = counted.clone().map(super::parked::router).unwrap_or_default();
        let views = counted.clone().map(super::views::router).unwrap_or_default();
        Router::new()
            .merge(parked)
            .merge(views)
            .route("/livez", get(async || "alive\n"))
            .route("/readyz", get(ready))
            .route("/metrics", get(move || count(counted.clone())))
            .route("/openapi.json", document(openapi))
            .route("/asyncapi.json", document(asyncapi))
    }
}

async fn count(service: Option<Service>) -> Response {
    if let Some(service) = &service
        && let Ok(health) = service.health().await
    {
        metrics::note(&health);
        if let Ok(views) = service.views().await {
            metrics::note_views(&health.service, &views);
        }
    }
    match metrics::text() {
        Some(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        None => Problem::not_found("page").into_response(), // the process counts elsewhere
    }
}

/// Whether the service answers as it should, and what is the matter if not.
struct Ready {
    service: Option<Service>,
    draining: bool,
    unpublished: Vec<String>,
}

impl Ready {
    async fn answer(self) -> Response {
        let health = match &self.service {
            Some(service) => match service.health().await {
                Ok(health) => Some(health),
                Err(error) => return Problem::from(error).into_response(),
            },
            None => None,
        };
        let ready = !self.draining && health.as_ref().is_none_or(Health::is_ready);
        let readers = health.iter().flat_map(|health| &health.readers).map(reader);
        let requests = health.iter().flat_map(|health| &health.requests).map(requests);
        let body = json!({
            "ready": ready,
            "draining": self.draining,
            "readers": readers.collect::<Vec<_>>(),
            "requests": requests.collect::<Vec<_>>(),
            "unpublished": self.unpublished,
        });
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(body)).into_response()
    }
}

fn requests(requests: &RequestsHealth) -> Value {
    json!({
        "to": requests.to,
        "accepted": requests.is_accepted,
        "waiting": requests.is_waiting(),
        "last": requests.last,
        "answered": requests.answered,
    })
}

pub(super) fn reader(reader: &ReaderHealth) -> Value {
    let (state, why) = match &reader.state {
        ReaderState::Starting => ("starting", None),
        ReaderState::Rebuilding => ("rebuilding", None),
        ReaderState::Running => ("running", None),
        ReaderState::Paused { why } => ("paused", Some(why)),
        ReaderState::Failing { why } => ("failing", Some(why)),
        ReaderState::Halted { why } => ("halted", Some(why)),
    };
    json!({
        "name": reader.name,
        "source": reader.source,
        "state": state,
        "why": why,
        "handled": reader.handled,
        "head": reader.head,
        "lag": reader.lag,
        "lagSeconds": reader.lag_seconds,
        "parked": reader.parked_count,
        "restarts": reader.restart_count,
    })
}
