//! A store whose personal data is sealed on the way in and opened on the way out.
//!
//! Why here: this is the one door through which everything that a service records leaves its process:
//! events, snapshots, parked inputs, steps of sagas, requests. What is behind it needs to know nothing.

use super::json::{may_hold_personal, rewrite};
use super::value::{Found, opened, written};
use super::{KeysError, Subject, SubjectKey, SubjectKeys};
use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ContentType, ContextName, Contexts, Delivery,
    EventId, EventStore, Page, ReadAll, ReadError, ReadStream, RecordedEvent, StreamName,
    StreamPage, Subscribe, Subscription, Unavailable,
};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Contexts of a store, with what is personal in them sealed.
pub(crate) struct SealedContexts {
    within: Arc<dyn Contexts>,
    keys: Arc<dyn SubjectKeys>,
}

impl SealedContexts {
    pub(crate) fn new(within: Arc<dyn Contexts>, keys: Arc<dyn SubjectKeys>) -> Self {
        Self { within, keys }
    }
}

impl Contexts for SealedContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let within = self.within.context(name).await?;
            let sealed: Arc<dyn EventStore> =
                Arc::new(Sealed { within, keys: Arc::clone(&self.keys) });
            Ok(sealed)
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        self.within.names()
    }
}

struct Sealed {
    within: Arc<dyn EventStore>,
    keys: Arc<dyn SubjectKeys>,
}

impl Around for Sealed {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.within
    }

    fn append(&self, mut append: Append) -> Answer<'_, Appended, AppendError> {
        let mut events = append.writes.iter().flat_map(|write| &write.events);
        if !events.any(|event| personal_text(event.content_type, &event.payload).is_some()) {
            return self.within.append(append);
        }
        Box::pin(async move {
            for event in append.writes.iter_mut().flat_map(|write| &mut write.events) {
                if let Some(json) = personal_text(event.content_type, &event.payload) {
                    event.payload = sealed(&*self.keys, event.id, json).await?.into();
                }
            }
            self.within.append(append).await
        })
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        Box::pin(async move {
            let mut page = self.within.read_stream(read).await?;
            open_all(&*self.keys, &mut page.events).await?;
            Ok(page)
        })
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        Box::pin(async move {
            let mut page = self.within.read_all(read).await?;
            open_all(&*self.keys, &mut page.events).await?;
            Ok(page)
        })
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        Box::pin(async move {
            let mut found = self.within.find(stream, id).await?;
            open_all(&*self.keys, found.as_mut_slice()).await?;
            Ok(found)
        })
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            let within = self.within.subscribe(subscribe).await?;
            let opening: Box<dyn Subscription> =
                Box::new(Opening { within, keys: Arc::clone(&self.keys) });
            Ok(opening)
        })
    }
}

struct Opening {
    within: Box<dyn Subscription>,
    keys: Arc<dyn SubjectKeys>,
}

impl Subscription for Opening {
    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(async move {
            let mut delivery = self.within.next().await?;
            if let Delivery::Events { events, .. } = &mut delivery {
                open_all(&*self.keys, events).await?;
            }
            Ok(delivery)
        })
    }
}

/// The payload, if something in it may be personal.
fn personal_text(content_type: ContentType, payload: &[u8]) -> Option<&str> {
    let json = (content_type == ContentType::Json).then(|| std::str::from_utf8(payload).ok());
    json.flatten().filter(|json| may_hold_personal(json))
}

/// The payload as it goes to the store.
async fn sealed(keys: &dyn SubjectKeys, event: EventId, json: &str) -> Result<String, AppendError> {
    let invalid = |why: String| AppendError::Invalid { why: format!("event {event}: {why}") };
    let readable = |found: &Found| found.value.is_some();
    let mut known = BTreeMap::new();
    for subject in subjects(json, readable).map_err(invalid)? {
        let key = keys.for_sealing(subject.clone()).await.map_err(|error| match error {
            KeysError::Forgotten { .. } => invalid(error.to_string()),
            KeysError::Unavailable { why } => AppendError::Unavailable(no_keys(why)),
        })?;
        known.insert(subject, key);
    }
    let mut seal = |inner: &RawValue| -> Result<String, String> {
        let found = parse(inner)?;
        let Some(value) = &found.value else { return Ok(as_it_was(inner)) };
        let subject = subject_of(&found)?;
        let key = known.get(&subject).expect("the keys of all subjects were asked for");
        let text = key.seal(&subject, event, value.get().as_bytes());
        Ok(written(subject.as_str(), Some(&text)))
    };
    rewrite(json, &mut seal, &|why| why).map_err(invalid)
}

async fn open_all(keys: &dyn SubjectKeys, events: &mut [RecordedEvent]) -> Result<(), ReadError> {
    for event in events {
        if let Some(json) = personal_text(event.content_type, &event.payload)
            && let Some(json) = open(keys, event, json).await?
        {
            event.payload = json.into();
        }
    }
    Ok(())
}

/// The payload as this process reads it; `None` if it is not one that was sealed here.
async fn open(
    keys: &dyn SubjectKeys,
    event: &RecordedEvent,
    json: &str,
) -> Result<Option<String>, ReadError> {
    let Ok(sealed) = subjects(json, |found| found.sealed.is_some()) else { return Ok(None) };
    let mut known = BTreeMap::new();
    for subject in sealed {
        let key = keys.for_opening(subject.clone()).await;
        let key = key.map_err(|error| ReadError::Unavailable(no_keys(error.to_string())))?;
        known.insert(subject, key);
    }
    let mut unseal =
        |inner: &RawValue| -> Result<String, String> { unsealed(&known, event, inner) };
    Ok(rewrite(json, &mut unseal, &|why| why).ok())
}

fn unsealed(
    known: &BTreeMap<Subject, Option<SubjectKey>>,
    event: &RecordedEvent,
    inner: &RawValue,
) -> Result<String, String> {
    let found = parse(inner)?;
    let Some(sealed) = &found.sealed else { return Ok(as_it_was(inner)) };
    let subject = subject_of(&found)?;
    let Some(key) = known.get(&subject).and_then(Option::as_ref) else {
        return Ok(written(subject.as_str(), None));
    };
    let value = key.open(&subject, sealed).and_then(|value| String::from_utf8(value).ok());
    let Some(value) = value else {
        metrics::counter!("headwater_personal_unopened_total").increment(1);
        tracing::warn!(%subject, event = %event.id, "sealed with another key than the one that is known");
        return Ok(as_it_was(inner));
    };
    Ok(opened(subject.as_str(), &value))
}

/// Whose values there are, of those that `concern`.
fn subjects(json: &str, concern: impl Fn(&Found) -> bool) -> Result<BTreeSet<Subject>, String> {
    let mut subjects = BTreeSet::new();
    let mut collect = |inner: &RawValue| -> Result<String, String> {
        let found = parse(inner)?;
        if concern(&found) {
            subjects.insert(subject_of(&found)?);
        }
        Ok(String::new())
    };
    rewrite(json, &mut collect, &|why| why)?;
    Ok(subjects)
}

/// A payload as it were if all its subjects were forgotten.
pub(crate) fn without_values(payload: &[u8]) -> Cow<'_, [u8]> {
    let Some(json) = personal_text(ContentType::Json, payload) else { return payload.into() };
    let mut blank =
        |inner: &RawValue| -> Result<String, String> { Ok(written(&parse(inner)?.subject, None)) };
    match rewrite(json, &mut blank, &|why| why) {
        Ok(blanked) => blanked.into_bytes().into(),
        // Not written by our derives, so not personal.
        Err(_) => payload.into(),
    }
}

fn parse(inner: &RawValue) -> Result<Found, String> {
    serde_json::from_str(inner.get()).map_err(|error| format!("`$personal` does not fit: {error}"))
}

fn subject_of(found: &Found) -> Result<Subject, String> {
    Subject::new(found.subject.clone()).map_err(|error| error.to_string())
}

fn as_it_was(inner: &RawValue) -> String {
    format!(r#"{{"$personal":{}}}"#, inner.get())
}

fn no_keys(why: String) -> Unavailable {
    Unavailable::Io { what: "asking for a subject's key".to_owned(), why }
}
