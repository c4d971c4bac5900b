//! Pages of events: what is asked of them, and how they are answered.
//!
//! Why: a page is cut at a place, and places never change (A3): a link leads to the same events
//! for ever, but for what settings hide. A page that is asked for again is sent once (ETag).
//!
//! Picture:
//! ```text
//!   …  90 91 … 99 │ 100 101 … 199 │ 200 …        ?from=100&limit=100
//!      previous ◀─┘      page     └─▶ next        later: what is still to come, once next is null
//! ```

use super::accept::Form;
use super::ask::{Ask, place};
use super::bounds::PAGE_EVENT_COUNT;
use super::cloud::{CLOUD_BATCH_JSON, ShownCloudEvent};
use super::link;
use super::param::{AS_OF, DIRECTION, FROM, LIMIT};
use super::problem::Problem;
use super::refused::Refused;
use super::shown::ShownEvent;
use axum::body::Body;
use axum::response::Response;
use headwater_model::limits::PAGE_EVENT_COUNT_MAX;
use headwater_model::{AsOf, ContextName, Direction, From, Incarnation, Position, RecordedEvent};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// Events, in the direction asked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Page")]
pub(super) struct ShownPage<'a> {
    /// The events.
    pub(super) events: Vec<ShownEvent<'a>>,
    /// Where the next page begins; `null` when nothing is left, as of the moment of the page.
    #[schemars(schema_with = "super::form::place_or_null")]
    pub(super) next: Option<u64>,
    /// The stream's last revision as of that moment, hidden or not; `null`: it has no events, or
    /// the page is of the context.
    #[schemars(schema_with = "super::form::place_or_null")]
    pub(super) last: Option<u64>,
    /// The moment: the last position that could be seen; `null`: the context is empty.
    #[schemars(schema_with = "super::form::place_or_null")]
    pub(super) as_of: Option<Position>,
    /// The history that the positions belong to: a restore begins another.
    #[schemars(with = "u32")]
    pub(super) incarnation: Incarnation,
    /// Pages beside this one.
    pub(super) links: Links,
}

/// Pages beside a page.
#[derive(Serialize, JsonSchema, Default)]
pub(super) struct Links {
    /// This page.
    #[serde(rename = "self")]
    pub(super) this: String,
    /// The page behind it, in the direction asked; none when nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What stands before it, in the other direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// What is still to come, once nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    later: Option<String>,
}

/// What is asked of a page.
pub(super) struct Paging {
    /// Where it begins.
    pub(super) from: From<u64>,
    /// Which way it goes.
    pub(super) direction: Direction,
    /// How many events, at most.
    pub(super) count_max: usize,
    /// The moment that it is of.
    pub(super) as_of: AsOf,
}

impl Paging {
    /// Reads it off the query.
    pub(super) fn of(ask: &Ask) -> Result<Self, Problem> {
        let direction = match ask.query(&DIRECTION) {
            None | Some("forwards") => Direction::Forwards,
            Some("backwards") => Direction::Backwards,
            Some(other) => {
                let why = format!("{other:?} is neither forwards nor backwards");
                return Err(Refused::query(DIRECTION.name, why).into());
            }
        };
        let from = match (ask.query(&FROM), direction) {
            (None, _)
            | (Some("start"), Direction::Forwards)
            | (Some("end"), Direction::Backwards) => From::Edge,
            (Some("start"), Direction::Backwards) => From::At(0),
            (Some("end"), Direction::Forwards) => From::At(super::bounds::PLACE_MAX),
            (Some(text), _) => From::At(place(text).map_err(|why| Refused::query(FROM.name, why))?),
        };
        let count_max = limit(ask, PAGE_EVENT_COUNT)?;
        Ok(Self { from, direction, count_max, as_of: as_of(ask)? })
    }

    /// The pages beside the one that shows `shown`; `end` is the place behind the last one there is.
    pub(super) fn links(&self, ask: &Ask, shown: &Shown, end: u64) -> Links {
        let path = ask.uri.path();
        let at = |from: u64, direction: Direction| {
            let direction = (direction == Direction::Backwards).then(|| "backwards".to_owned());
            let others = [(FROM.name, Some(from.to_string())), (DIRECTION.name, direction)];
            link::with(path, ask.pairs(), &others)
        };
        let later = || {
            let others =
                [(FROM.name, Some(end.to_string())), (DIRECTION.name, None), (AS_OF.name, None)];
            link::with(path, ask.pairs(), &others)
        };
        let begin = shown.first.or(match self.from {
            From::At(place) => Some(place.min(end)),
            From::Edge => None,
        });
        let previous = match self.direction {
            Direction::Forwards => {
                begin.and_then(|n| n.checked_sub(1)).map(|n| at(n, Direction::Backwards))
            }
            Direction::Backwards => begin.map(|n| at(n.saturating_add(1), Direction::Forwards)),
        };
        Links {
            this: link::with(path, ask.pairs(), &[]),
            next: shown.next.map(|next| at(next, self.direction)),
            previous,
            later: shown.next.is_none().then(later),
        }
    }
}

/// What a page shows, as places of what it is of.
pub(super) struct Shown {
    /// The first of its events.
    pub(super) first: Option<u64>,
    /// Where the next page begins.
    pub(super) next: Option<u64>,
}

/// How many rows a page has at most.
pub(super) fn limit(ask: &Ask, default: usize) -> Result<usize, Problem> {
    let Some(text) = ask.query(&LIMIT) else { return Ok(default) };
    let count = text.parse().ok().filter(|count| (1..=PAGE_EVENT_COUNT_MAX).contains(count));
    let why = || format!("{text:?} is no number from 1 to {PAGE_EVENT_COUNT_MAX}");
    Ok(count.ok_or_else(|| Refused::query(LIMIT.name, why()))?)
}

fn as_of(ask: &Ask) -> Result<AsOf, Problem> {
    let Some(text) = ask.query(&AS_OF) else { return Ok(AsOf::Now) };
    if let Ok(position) = place(text) {
        return Ok(AsOf::Position(Position(position)));
    }
    // `+` of an offset that was not encoded has become a space.
    let instant = text.replace(' ', "+").parse();
    Ok(AsOf::Time(instant.map_err(|why| {
        Refused::query(AS_OF.name, format!("neither a position nor an instant: {why}"))
    })?))
}

/// A page, or the word that it is as the client has it.
pub(super) fn answer(
    ask: &Ask,
    context: &ContextName,
    events: &[RecordedEvent],
    form: Form,
    page: impl FnOnce(Vec<ShownEvent<'_>>) -> ShownPage<'_>,
) -> Response {
    let shown = match form {
        Form::Json => events.iter().map(ShownEvent::from).collect(),
        Form::Cloud => Vec::new(),
    };
    let page = page(shown);
    let tag = page_tag(&page, events, form);
    let link = header_of(&page.links);
    let body = || match form {
        Form::Json => json(&page),
        Form::Cloud => {
            let cloud = events.iter().map(|event| ShownCloudEvent { context, event });
            json(&cloud.collect::<Vec<_>>())
        }
    };
    let media_type = match form {
        Form::Json => super::accept::JSON,
        Form::Cloud => CLOUD_BATCH_JSON,
    };
    let mut response = unless_known(ask, tag, media_type, body);
    if let Some(link) = link {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The tag of a page: weak, because how far the stream goes by now does not make it another page.
/// An event never changes (A3), so who it is and where it stands is enough.
fn page_tag(page: &ShownPage<'_>, events: &[RecordedEvent], form: Form) -> String {
    let mut hash = Xxh3Default::new();
    hash.update(&[u8::from(form == Form::Cloud)]);
    hash.update(&page.incarnation.0.to_le_bytes());
    hash.update(&page.next.unwrap_or(u64::MAX).to_le_bytes());
    for event in events {
        hash.update(event.id.0.as_bytes());
        hash.update(&event.position.0.to_le_bytes());
    }
    format!("W/\"{:032x}\"", hash.digest128())
}

/// An event that is alone, or the word that it is as the client has it.
pub(super) fn tagged(ask: &Ask, body: Vec<u8>, media_type: &'static str) -> Response {
    let tag = format!("\"{:032x}\"", xxh3_128(&body));
    unless_known(ask, tag, media_type, || body)
}

/// A body with its tag; 304 if the client has it.
fn unless_known(
    ask: &Ask,
    tag: String,
    media_type: &'static str,
    body: impl FnOnce() -> Vec<u8>,
) -> Response {
    let known = ask.headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let bare = tag.trim_start_matches("W/");
    let is_known = known.is_some_and(|known| {
        let mut tags = known.split(',').map(|known| known.trim().trim_start_matches("W/"));
        tags.any(|known| known == bare || known == "*")
    });
    let mut response = match is_known {
        true => Response::new(Body::empty()),
        false => Response::new(Body::from(body())),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(ETAG, HeaderValue::try_from(tag).expect("hexadecimal digits in quotes"));
    // Settings may hide an event at any time: who keeps a page asks whether it is still so.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response
}

fn header_of(links: &Links) -> Option<HeaderValue> {
    let all = [("next", &links.next), ("prev", &links.previous), ("later", &links.later)];
    let all = all
        .iter()
        .filter_map(|(rel, link)| link.as_ref().map(|link| format!("<{link}>; rel=\"{rel}\"")));
    let text = all.collect::<Vec<_>>().join(", ");
    HeaderValue::try_from(text).ok().filter(|value| !value.is_empty())
}

/// A value as JSON.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts, numbers and JSON are JSON")
}
