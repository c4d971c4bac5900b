//! Reading events: pages of a stream and of the context, and single events.

use super::accept::{self, Form};
use super::ask::Ask;
use super::cloud::{CLOUD_JSON, ShownCloudEvent};
use super::page::{Paging, Shown, ShownPage, answer, json, tagged};
use super::param::{OF_CATEGORY, OF_PREFIX, OF_STREAM, OF_TAG, OF_TYPE};
use super::problem::Problem;
use super::refused::{Refused, Sought};
use super::shown::ShownEvent;
use super::tail;
use axum::response::Response;
use bytestring::ByteString;
use headwater_model::{
    AsOf, Category, Direction, EventId, EventType, From, InvalidName, Position, Query, QueryItem,
    ReadAll, ReadStream, RecordedEvent, Revision, StreamName, Tag,
};
use uuid::Uuid;

/// A page of a stream, or its tail.
pub(super) async fn stream(ask: Ask) -> Result<Response, Problem> {
    let stream = ask.stream()?;
    if accept::wants_tail(&ask)? {
        return tail::stream(ask, stream).await;
    }
    tail::last_event_id(&ask)?;
    let (form, paging) = (accept::of_page(&ask)?, Paging::of(&ask)?);
    let context = ask.context().await?;
    let read = ReadStream {
        stream,
        from: map(paging.from, Revision),
        direction: paging.direction,
        count_max: paging.count_max,
        as_of: paging.as_of,
    };
    let page = context.read_stream(read).await?;
    let (incarnation, _) = context.head().await?;
    let shown = Shown {
        first: page.events.first().map(|event| event.revision.0),
        next: page.next.map(|next| next.0),
    };
    let end = page.last.map_or(0, |last| last.0 + 1);
    let links = paging.links(&ask, &shown, end);
    Ok(answer(&ask, context.context(), &page.events, form, |events| ShownPage {
        events,
        next: shown.next,
        last: page.last.map(|last| last.0),
        as_of: page.as_of,
        incarnation,
        links,
    }))
}

/// A page of the context, or its tail.
pub(super) async fn all(ask: Ask) -> Result<Response, Problem> {
    let query = query(&ask)?;
    if accept::wants_tail(&ask)? {
        return tail::all(ask, query).await;
    }
    tail::last_event_id(&ask)?;
    let (form, paging) = (accept::of_page(&ask)?, Paging::of(&ask)?);
    let context = ask.context().await?;
    let read = ReadAll {
        query,
        from: map(paging.from, Position),
        direction: paging.direction,
        count_max: paging.count_max,
        as_of: paging.as_of,
    };
    let page = context.read_all(read).await?;
    let shown = Shown {
        first: page.events.first().map(|event| event.position.0),
        next: page.next.map(|next| next.0),
    };
    let end = page.as_of.map_or(0, |last| last.0 + 1);
    let links = paging.links(&ask, &shown, end);
    Ok(answer(&ask, context.context(), &page.events, form, |events| ShownPage {
        events,
        next: shown.next,
        last: None,
        as_of: page.as_of,
        incarnation: page.incarnation,
        links,
    }))
}

/// Which events of the context are asked for.
fn query(ask: &Ask) -> Result<Query, Problem> {
    let item = QueryItem {
        streams: ask.names(&OF_STREAM, StreamName::system)?,
        stream_prefixes: ask.names(&OF_PREFIX, prefix)?,
        categories: ask.names(&OF_CATEGORY, Category::new)?,
        types: ask.names(&OF_TYPE, EventType::new)?,
        tags: ask.names(&OF_TAG, Tag::new)?,
    };
    Ok(if item == QueryItem::default() { Query::all() } else { item.into() })
}

/// What a stream's name may begin with is bounded as a name is.
fn prefix(text: ByteString) -> Result<ByteString, InvalidName> {
    StreamName::system(text).map(|name| name.as_shared().clone())
}

/// The event of a revision.
pub(super) async fn by_revision(ask: Ask) -> Result<Response, Problem> {
    let (stream, revision) = (ask.stream()?, Revision(ask.place("revision")?));
    let context = ask.context().await?;
    let read = ReadStream {
        from: From::At(revision),
        count_max: 1,
        ..ReadStream::forwards(stream.clone())
    };
    let found = context.read_stream(read).await?.events.pop();
    let found = found.filter(|event| event.revision == revision);
    one(&ask, found, || Sought::Revision(stream, revision))
}

/// The event of an id.
pub(super) async fn by_id(ask: Ask) -> Result<Response, Problem> {
    let (stream, id) = (ask.stream()?, EventId(ask.parsed::<Uuid>("id")?));
    let found = ask.context().await?.find(stream.clone(), id).await?;
    one(&ask, found, || Sought::Id(stream, id))
}

/// The event of a position.
pub(super) async fn by_position(ask: Ask) -> Result<Response, Problem> {
    let position = Position(ask.place("position")?);
    let system = QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() };
    let read = ReadAll {
        query: Query::from(QueryItem::default()).or(system),
        from: From::At(position),
        direction: Direction::Forwards,
        count_max: 1,
        as_of: AsOf::Position(position),
    };
    let found = ask.context().await?.read_all(read).await?.events.pop();
    let found = found.filter(|event| event.position == position);
    one(&ask, found, || Sought::Position(position))
}

fn one(
    ask: &Ask,
    found: Option<RecordedEvent>,
    sought: impl FnOnce() -> Sought,
) -> Result<Response, Problem> {
    let form = accept::of_event(ask)?;
    let event = found.ok_or_else(|| Refused::NoEvent { what: sought() })?;
    Ok(match form {
        Form::Json => tagged(ask, json(&ShownEvent::from(&event)), accept::JSON),
        Form::Cloud => {
            let (context, event) = (&ask.context_name()?, &event);
            tagged(ask, json(&ShownCloudEvent { context, event }), CLOUD_JSON)
        }
    })
}

fn map<P>(from: From<u64>, place: impl Fn(u64) -> P) -> From<P> {
    match from {
        From::Edge => From::Edge,
        From::At(at) => From::At(place(at)),
    }
}
