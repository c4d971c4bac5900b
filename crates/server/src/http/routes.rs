//! All that may be asked over HTTP.

use super::appended::ShownAppended;
use super::around::around;
use super::asked::AskedEvent;
use super::asked_append::AskedAppend;
use super::context::{ShownCheckpoint, ShownContext, ShownContexts};
use super::face::Face;
use super::health::{PROMETHEUS, Ready, TEXT};
use super::page::ShownPage;
use super::param::{
    AS_OF, BEGINS, BEHIND, CHECKPOINT, CONTEXT, DIRECTION, ETAG_KNOWN, EXPECTED, FORMAT, FROM, ID,
    IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, LAST_EVENT_ID, LIMIT, OF_CATEGORY, OF_PREFIX,
    OF_STREAM, OF_TAG, OF_TYPE, POSITION, REVISION, STREAM, STREAM_TO_WRITE,
};
use super::problem::Problem;
use super::refused::Refused;
use super::route::{DELETE, GET, POST, PUT, Route};
use super::shown::ShownEvent;
use super::stream::{SettingsJson, ShownChange, ShownStream, ShownStreams};
use super::{
    access, append, context, front, group_routes, health, openapi, page, read, scavenge, stream,
};
use crate::Host;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use schemars::JsonSchema;

/// The routes of HTTP.
pub fn routes(host: &Host) -> Router {
    let face = Face::new(host.clone());
    let routes = all();
    let document = openapi::document(routes.iter().map(|route| &route.described));
    let document = Bytes::from(page::json(&document));
    let front = front::page(routes.iter().map(|route| &route.described));
    let mut router = Router::new();
    for route in routes {
        router = router.route(route.described.path, route.handler);
    }
    let document = async move || {
        let json = HeaderValue::from_static("application/json");
        ([(CONTENT_TYPE, json)], Body::from(document)).into_response()
    };
    let front = async move |headers: HeaderMap| front::answer(&front, &headers);
    router
        .route("/openapi.json", axum::routing::get(document))
        .route("/", axum::routing::get(front))
        .method_not_allowed_fallback(other_methods)
        // Handlers bound bodies themselves, by what they are for.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(face.clone(), around))
        .with_state(face)
}

async fn other_methods(method: Method) -> Response {
    // A method is as long as its client likes.
    let method = method.as_str().chars().take(32).collect();
    Problem::from(Refused::Method { method }).into_response()
}

/// Every route, with its description.
fn all() -> Vec<Route> {
    let mut all = contexts();
    all.extend(events());
    all.extend(streams());
    all.extend(group_routes::all());
    all.extend(scavenge::all());
    all.extend(access::all());
    all.extend([
        Route::new(GET, "/livez", &[], health::live).says("The process lives").answers_text(TEXT),
        Route::new(GET, "/readyz", &[], health::ready)
            .says("Work may be sent here")
            .answers::<Ready>(StatusCode::OK),
        Route::new(GET, "/metrics", &[], health::metrics)
            .says("What was counted, for Prometheus")
            .answers_text(PROMETHEUS),
    ]);
    all
}

fn contexts() -> Vec<Route> {
    const ONE: &str = "/v1/contexts/{context}";
    vec![
        Route::new(GET, "/v1/contexts", &[], context::list)
            .says("The names of all contexts")
            .answers::<ShownContexts>(StatusCode::OK),
        Route::new(GET, ONE, &[CONTEXT], context::show)
            .says("A context and its head")
            .answers::<ShownContext>(StatusCode::OK),
        Route::new(PUT, ONE, &[CONTEXT], context::make)
            .says("Makes a context, if it is not there")
            .answers::<ShownContext>(StatusCode::OK)
            .answers::<ShownContext>(StatusCode::CREATED),
        Route::new(
            GET,
            "/v1/contexts/{context}/checkpoints/{checkpoint}",
            &[CONTEXT, CHECKPOINT],
            context::checkpoint,
        )
        .says("Where a reader has come to")
        .answers::<ShownCheckpoint>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/appends",
            &[CONTEXT, IDEMPOTENCY_KEY],
            append::atomic,
        )
        .says("Appends to any number of streams, with conditions and checkpoints, atomically")
        .takes::<AskedAppend<'_>>()
        .answers::<ShownAppended>(StatusCode::OK)
        .answers::<ShownAppended>(StatusCode::CREATED),
    ]
}

fn events() -> Vec<Route> {
    const OF_STREAMS: &str = "/v1/contexts/{context}/streams/{stream}/events";
    vec![
        Route::new(
            GET,
            "/v1/contexts/{context}/events",
            &[
                CONTEXT,
                FROM,
                DIRECTION,
                LIMIT,
                AS_OF,
                FORMAT,
                OF_STREAM,
                OF_PREFIX,
                OF_CATEGORY,
                OF_TYPE,
                OF_TAG,
                ETAG_KNOWN,
                LAST_EVENT_ID,
            ],
            read::all,
        )
        .says("A page of the context's events, or their tail (Accept: text/event-stream)")
        .answers_events::<ShownPage<'_>>(),
        Route::new(
            GET,
            "/v1/contexts/{context}/events/{position}",
            &[CONTEXT, POSITION, FORMAT, ETAG_KNOWN],
            read::by_position,
        )
        .says("The event at a position")
        .answers_event::<ShownEvent<'_>>(),
        Route::new(
            POST,
            OF_STREAMS,
            &[CONTEXT, STREAM_TO_WRITE, EXPECTED, IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY],
            append::to_stream,
        )
        .says("Appends events to a stream: JSON, or CloudEvents in any mode")
        .takes_events::<OneOrMany<'_>>()
        .answers::<ShownAppended>(StatusCode::OK)
        .answers::<ShownAppended>(StatusCode::CREATED),
        Route::new(
            GET,
            OF_STREAMS,
            &[CONTEXT, STREAM, FROM, DIRECTION, LIMIT, AS_OF, FORMAT, ETAG_KNOWN, LAST_EVENT_ID],
            read::stream,
        )
        .says("A page of a stream's events, or their tail (Accept: text/event-stream)")
        .answers_events::<ShownPage<'_>>(),
        Route::new(
            GET,
            "/v1/contexts/{context}/streams/{stream}/events/{revision}",
            &[CONTEXT, STREAM, REVISION, FORMAT, ETAG_KNOWN],
            read::by_revision,
        )
        .says("The event at a revision")
        .answers_event::<ShownEvent<'_>>(),
        Route::new(
            GET,
            "/v1/contexts/{context}/streams/{stream}/events/id/{id}",
            &[CONTEXT, STREAM, ID, FORMAT, ETAG_KNOWN],
            read::by_id,
        )
        .says("The event with an id")
        .answers_event::<ShownEvent<'_>>(),
    ]
}

fn streams() -> Vec<Route> {
    const ONE: &str = "/v1/contexts/{context}/streams/{stream}";
    vec![
        Route::new(
            GET,
            "/v1/contexts/{context}/streams",
            &[CONTEXT, BEGINS, BEHIND, LIMIT],
            stream::list,
        )
        .says("Streams, in order of name")
        .answers::<ShownStreams>(StatusCode::OK),
        Route::new(GET, ONE, &[CONTEXT, STREAM], stream::state)
            .says("A stream as a whole: last revision, settings, life")
            .answers::<ShownStream>(StatusCode::OK),
        Route::new(DELETE, ONE, &[CONTEXT, STREAM, EXPECTED, IF_MATCH], stream::delete)
            .says("Hides all events of a stream; a new event revives it")
            .answers::<ShownChange>(StatusCode::OK),
        Route::new(
            PUT,
            "/v1/contexts/{context}/streams/{stream}/settings",
            &[CONTEXT, STREAM, EXPECTED, IF_MATCH, IF_NONE_MATCH],
            stream::settings,
        )
        .says("Replaces what is kept of a stream: newest events, age, from a revision on")
        .takes::<SettingsJson>()
        .answers::<ShownChange>(StatusCode::OK),
        Route::new(
            POST,
            "/v1/contexts/{context}/streams/{stream}/tombstone",
            &[CONTEXT, STREAM, EXPECTED, IF_MATCH],
            stream::tombstone,
        )
        .says("Hides all events of a stream and refuses new ones, for ever")
        .answers::<ShownChange>(StatusCode::OK),
    ]
}

/// One event, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "NewEvents")]
#[expect(dead_code, reason = "it is a description; `asked.rs` reads")]
enum OneOrMany<'a> {
    One(Box<AskedEvent<'a>>),
    Many(Vec<AskedEvent<'a>>),
}
