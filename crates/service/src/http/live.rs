//! Live queries: the answer, and again whenever it has changed.
//!
//! Why: a page that shows a view should follow it without asking every second. The view knows when it has
//! moved; whether the answer is another one then is seen by asking the query again.
//!
//! Picture:
//! ```text
//!   GET …, Accept: application/json      → the answer
//!   GET …, Accept: text/event-stream     → id: orders:123,customers:88      the place it is of
//!                                          data: {…}                        the answer, whole
//!          the view moves ─ a moment ─ ask again ─ another answer? ─▶ id, data
//!          nothing for a while ─▶ a comment, so that proxies keep the line
//!   Last-Event-ID: orders:123,…          → waits until the view is there, and goes on
//! ```
//! Invariants: R2 an answer has seen the place that its id names. A slow client holds one answer, not a queue:
//! it is asked for when the client takes it, and what changed in between is in it. Streams are bounded in
//! number, and end when the service drains: a client comes back with its `Last-Event-ID`.

use super::{Json, Part};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, HeaderName};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use headwater_framework::http::Problem;
use headwater_framework::{After, Database, Projection, Service};
use serde::Serialize;
use serde_json::json;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Streams of a process at once: each costs a query whenever its view moves.
const STREAM_COUNT_MAX: usize = 1_024;

/// What changes within it is one change: a view that moves a thousand times a second is asked ten times.
const GAP: Duration = Duration::from_millis(100);

/// Common proxies cut a line that was silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Tells long answers that the service drains.
#[derive(Clone, Debug)]
pub struct Draining(pub(crate) watch::Receiver<bool>);

impl Draining {
    /// Resolves when the service is told to stop.
    pub async fn begun(&mut self) {
        // An error means that the sender is gone, which is the same.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}

/// Whether whoever asks wants to follow the answer.
#[derive(Clone, Debug)]
pub struct Live {
    follows: bool,
    last: After,
    draining: Option<Draining>,
}

impl<S: Send + Sync> FromRequestParts<S> for Live {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let kinds = header(ACCEPT).unwrap_or_default().split(',');
        let follows = kinds.map(kind).any(|kind| kind.eq_ignore_ascii_case("text/event-stream"));
        let last = header(LAST_EVENT_ID).filter(|_| follows).unwrap_or_default();
        let last = last.parse().map_err(Problem::from)?;
        Ok(Self { follows, last, draining: parts.extensions.get().cloned() })
    }
}

/// A kind of content without what is said about it: `text/html;q=0.9`.
fn kind(accepted: &str) -> &str {
    accepted.split(';').next().unwrap_or_default().trim()
}

impl Part for Live {}

impl Live {
    /// Answers what `query` finds in the view, once, or for as long as it is listened to.
    ///
    /// # Errors
    /// What the first answer is refused for. A later one that fails for good ends the stream behind an
    /// event `problem`; one that may pass is asked again.
    pub async fn answer<P, T, Q, F>(
        self,
        service: &Service,
        after: &After,
        query: Q,
    ) -> Result<Response, Problem>
    where
        P: Projection,
        T: Serialize + Send + 'static,
        Q: Fn(<P::Database as Database>::Reader) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        let places = after.places().iter().chain(self.last.places()).cloned();
        let after = places.fold(After::nothing(), |after, (context, at)| after.and(context, at));
        drop(service.read_model::<P>(&after).await?); // it has come there
        let seen = service.view_place::<P>();
        let found = query(service.read_model::<P>(&After::nothing()).await?).await?;
        if !self.follows {
            return Ok(Json(found).into_response());
        }
        let open = Place::take()?;
        let first = Answer::of(&found)?;
        let is_known = self.last != After::nothing() && self.last == seen;
        let followed = Followed {
            service: service.clone(),
            query,
            next: (!is_known).then(|| first.event(&seen)),
            last: first,
            seen,
            draining: self.draining,
            _open: open,
        };
        let heartbeat = KeepAlive::new().interval(HEARTBEAT);
        Ok(Sse::new(followed.events::<P, T, F>()).keep_alive(heartbeat).into_response())
    }
}

/// One of the streams that there may be.
struct Place;

impl Place {
    fn take() -> Result<Arc<Self>, Problem> {
        let place = Arc::new(Self);
        if OPEN.fetch_add(1, Ordering::Relaxed) < STREAM_COUNT_MAX {
            return Ok(place);
        }
        let detail = format!("{STREAM_COUNT_MAX} answers are followed already");
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "live.full", detail))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer, as it is sent.
struct Answer(String);

impl Answer {
    fn of(found: &impl Serialize) -> Result<Self, Problem> {
        let text = serde_json::to_string(found);
        text.map(Self).map_err(|error| Problem::internal("answer.json", error))
    }

    fn event(&self, seen: &After) -> Event {
        Event::default().id(seen.to_string()).data(&self.0)
    }
}

/// A query that is asked again and again.
struct Followed<Q> {
    service: Service,
    query: Q,
    /// What is to be sent before anything is asked.
    next: Option<Event>,
    last: Answer,
    /// What the last answer has seen.
    seen: After,
    draining: Option<Draining>,
    _open: Arc<Place>,
}

impl<Q> Followed<Q> {
    fn events<P, T, F>(self) -> impl Stream<Item = Result<Event, Infallible>>
    where
        P: Projection,
        T: Serialize + Send + 'static,
        Q: Fn(<P::Database as Database>::Reader) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        stream::unfold(Some(self), |followed: Option<Self>| async move {
            let mut followed = followed?;
            if let Some(first) = followed.next.take() {
                return Some((Ok(first), Some(followed)));
            }
            let draining = followed.draining.clone();
            let drained = async {
                match draining {
                    Some(mut draining) => draining.begun().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = followed.changed::<P, T, F>() => match changed {
                    Ok(event) => Some((Ok(event), Some(followed))),
                    Err(event) => Some((Ok(event), None)),
                },
                () = drained => None,
            }
        })
    }

    /// The next answer that is another one; or why there is none any more.
    async fn changed<P, T, F>(&mut self) -> Result<Event, Event>
    where
        P: Projection,
        T: Serialize + Send + 'static,
        Q: Fn(<P::Database as Database>::Reader) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        loop {
            self.service.view_moved::<P>(&self.seen).await;
            tokio::time::sleep(GAP).await;
            let seen = self.service.view_place::<P>();
            let found = match self.service.read_model::<P>(&After::nothing()).await {
                Ok(reader) => (self.query)(reader).await,
                Err(error) => Err(error.into()),
            };
            let answer = match found.and_then(|found| Answer::of(&found)) {
                Ok(answer) => answer,
                Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => continue,
                Err(problem) => {
                    let words =
                        json!({ "code": problem.code(), "status": problem.status().as_u16() });
                    return Err(Event::default().event("problem").data(words.to_string()));
                }
            };
            self.seen = seen;
            if answer.0 != self.last.0 {
                self.last = answer;
                return Ok(self.last.event(&self.seen));
            }
        }
    }
}
