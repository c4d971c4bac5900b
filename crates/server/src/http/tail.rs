//! Tails: what is stored and what is to come, as server-sent events.
//!
//! Why: every language has a client for them, also `curl -N` and a browser.
//!
//! Picture:
//! ```text
//!   subscription ─▶ one delivery (a page at most) ─▶ chunks of 64 KiB ─▶ socket
//!        ▲ asked for the next one only when the reader has taken all of this one
//!
//!   id: 0.17                 incarnation and position: Last-Event-ID goes on behind it
//!   data: {"id":…}           an event
//!
//!   event: caught-up         nothing is left for now
//!   event: problem           why the tail ends
//!   : alive                  every 15 s of silence
//! ```
//! Invariants: R3 every matching event once and in order, from stored to live, also over a
//! reconnection that says `Last-Event-ID`. A slow reader holds one page, and holds up nobody else.

mod encode;
mod flow;

use super::accept;
use super::ask::{Ask, place};
use super::param::{FROM, LAST_EVENT_ID};
use super::problem::Problem;
use super::refused::Refused;
use crate::held::Hand;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use encode::Encoder;
use flow::Tail;
use headwater_model::{
    Checkpoint, EventStore, From, Incarnation, Position, Query, ReadStream, Revision, Start,
    StreamName, Subscribe,
};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use std::sync::Arc;

/// Where a tail begins, as it was asked.
enum Begin {
    Start(Start),
    /// With the event at this place, which may be to come.
    At(u64),
}

/// The tail of a context.
pub(super) async fn all(ask: Ask, query: Query) -> Result<Response, Problem> {
    let begin = begin(&ask)?;
    let context = ask.context().await?;
    let start = match begin {
        Begin::Start(start) => start,
        Begin::At(0) => Start::Beginning,
        Begin::At(place) => Start::After(before(&*context, place).await?),
    };
    serve(&ask, context, Subscribe { query, start }, Revision::ZERO).await
}

/// The tail of a stream.
pub(super) async fn stream(ask: Ask, stream: StreamName) -> Result<Response, Problem> {
    let begin = begin(&ask)?;
    // Who reconnects may not have come to the revision yet that the address says.
    let first = Revision(ask.query(&FROM).and_then(|text| place(text).ok()).unwrap_or_default());
    let context = ask.context().await?;
    let start = match begin {
        Begin::Start(start) => start,
        Begin::At(_) if first == Revision::ZERO => Start::Beginning,
        Begin::At(_) => behind(&*context, &stream, first).await?,
    };
    serve(&ask, context, Subscribe { query: Query::stream(stream), start }, first).await
}

/// Where a tail begins: a reader that reconnects says it by `Last-Event-ID`, also when its address
/// still says where it first began.
fn begin(ask: &Ask) -> Result<Begin, Problem> {
    if let Some(checkpoint) = last_event_id(ask)? {
        return Ok(Begin::Start(Start::After(checkpoint)));
    }
    match ask.query(&FROM) {
        None => Err(Refused::NoStart.into()),
        Some("start") => Ok(Begin::Start(Start::Beginning)),
        Some("end") => Ok(Begin::Start(Start::Now)),
        Some(text) => Ok(Begin::At(place(text).map_err(|why| Refused::query(FROM.name, why))?)),
    }
}

/// Behind which event a reader goes on. It means nothing to a page, where it is only checked.
pub(super) fn last_event_id(ask: &Ask) -> Result<Option<Checkpoint>, Problem> {
    let name = LAST_EVENT_ID.name;
    let Some(id) = ask.header(name)?.map(str::trim).filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let why = || format!("{id:?} is no id of an event of a tail, like 0.17");
    let checkpoint = checkpoint(id).ok_or_else(|| Refused::Header { name, why: why() })?;
    Ok(Some(checkpoint))
}

/// `0.17` as incarnation and position.
fn checkpoint(id: &str) -> Option<Checkpoint> {
    let (incarnation, position) = id.split_once('.')?;
    let incarnation = u32::try_from(place(incarnation).ok()?).ok()?;
    let position = place(position).ok()?;
    Some(Checkpoint { incarnation: Incarnation(incarnation), position: Position(position) })
}

/// Behind which place the event at `place` of the context stands.
async fn before(context: &dyn EventStore, place: u64) -> Result<Checkpoint, Problem> {
    let (incarnation, _) = context.head().await?;
    Ok(Checkpoint { incarnation, position: Position(place - 1) })
}

/// Behind which place the event of this revision of a stream stands, or will stand.
async fn behind(
    context: &dyn EventStore,
    stream: &StreamName,
    first: Revision,
) -> Result<Start, Problem> {
    let (incarnation, _) = context.head().await?;
    let read =
        ReadStream { from: From::At(first), count_max: 1, ..ReadStream::forwards(stream.clone()) };
    let page = context.read_stream(read).await?;
    let position = match page.events.first() {
        Some(event) => event.position.previous(),
        // Everything up to this moment stands before that revision.
        None => page.as_of,
    };
    Ok(position
        .map_or(Start::Beginning, |position| Start::After(Checkpoint { incarnation, position })))
}

/// Subscribes, and answers with what comes of it.
async fn serve(
    ask: &Ask,
    context: Arc<dyn EventStore>,
    subscribe: Subscribe,
    first: Revision,
) -> Result<Response, Problem> {
    let place = ask.face.tail()?;
    let form = accept::of_tail(ask)?;
    let encoder = Encoder { form, context: context.context().clone(), first };
    let subscription = context.subscribe(subscribe).await?;
    let host = ask.face.host();
    let tail = Tail::new(subscription, encoder, host.closing(), Hand::new(host.held()), place);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(accept::EVENT_STREAM)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that waits for a full buffer would hold events back.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(tail.into_stream())).into_response())
}
