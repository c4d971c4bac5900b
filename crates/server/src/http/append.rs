//! Appending: events of one stream in whatever form, or anything at all that is atomic.
//!
//! Invariants: A1 one request is one append. A4 a request that is repeated with the same
//! `Idempotency-Key`, or with the same ids, is answered as it was and writes nothing.

use super::accept::JSON;
use super::appended;
use super::ask::Ask;
use super::asked::{Ids, events};
use super::asked_append::AskedAppend;
use super::cloud::{self, CLOUD_BATCH_JSON, CLOUD_JSON};
use super::expected::expected;
use super::json::read;
use super::problem::Problem;
use super::refused::Refused;
use axum::response::Response;
use bytes::Bytes;
use headwater_model::{Append, NewEvent};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Events of one stream.
pub(super) async fn to_stream(ask: Ask) -> Result<Response, Problem> {
    let (stream, expected) = (ask.stream_to_write()?, expected(&ask)?);
    let context = ask.context().await?;
    let scope = [context.context().as_str(), stream.as_str()];
    let mut ids = Ids::new(ask.idempotency_key()?, &scope);
    let kind = Kind::of(&ask.headers)?;
    let body = ask.body().await?;
    let events = kind.events(&body.bytes, &ask.headers, &mut ids)?;
    let append = Append::to(stream, expected, events);
    let asked = appended::asked(&append);
    let appended = context.append(append).await?;
    Ok(appended::one(context.context(), asked, &appended))
}

/// What a body with events is.
enum Kind {
    Json,
    CloudStructured,
    CloudBatch,
    CloudBinary,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            CLOUD_JSON => Ok(Self::CloudStructured),
            CLOUD_BATCH_JSON => Ok(Self::CloudBatch),
            _ if cloud::is_binary(headers) => Ok(Self::CloudBinary),
            JSON => Ok(Self::Json),
            _ => {
                let given = given.unwrap_or("no Content-Type").to_owned();
                let accepted = "application/json, application/cloudevents+json, \
                                application/cloudevents-batch+json, or anything with ce-… headers";
                Err(Refused::MediaType { given, accepted }.into())
            }
        }
    }

    fn events(
        &self,
        body: &Bytes,
        headers: &HeaderMap,
        ids: &mut Ids,
    ) -> Result<Vec<NewEvent>, Problem> {
        match self {
            Self::Json => events(body, headers, ids),
            Self::CloudStructured => cloud::structured(body, headers),
            Self::CloudBatch => cloud::batch(body, headers),
            Self::CloudBinary => Ok(vec![cloud::binary(body, headers)?]),
        }
    }
}

/// Everything that must happen together: events of any number of streams, the conditions they were
/// decided under, and the checkpoints of what they are a reaction to.
pub(super) async fn atomic(ask: Ask) -> Result<Response, Problem> {
    let context = ask.context().await?;
    let mut ids = Ids::new(ask.idempotency_key()?, &[context.context().as_str()]);
    must_be_json(&ask.headers)?;
    let body = ask.body().await?;
    let asked: AskedAppend<'_> = read(&body.bytes)?;
    let append = asked.into_append(&body.bytes, &ask.headers, &mut ids)?;
    let asked = appended::asked(&append);
    let appended = context.append(append).await?;
    Ok(appended::many(context.context(), asked, &appended))
}

/// A body that can only be JSON.
pub(super) fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(JSON) {
        return Ok(());
    }
    let given = given.unwrap_or("no Content-Type").to_owned();
    Err(Refused::MediaType { given, accepted: JSON }.into())
}
