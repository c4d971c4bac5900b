//! From a `CloudEvent`'s attributes, whatever they stood in, to an event.

use super::PREFIX;
use crate::http::metadata::Free;
use crate::http::problem::Problem;
use crate::http::refused::Refused;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::limits::TAG_COUNT_MAX;
use headwater_model::{ContentType, EventId, EventType, Metadata, NewEvent, Tag};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

/// What is collected while attributes come.
pub(super) struct Mapped<'a> {
    pointer: &'a str,
    id: Option<String>,
    source: Option<String>,
    specversion: Option<String>,
    event_type: Option<EventType>,
    schema_version: u32,
    datacontenttype: Option<String>,
    metadata: Metadata,
    tags: Vec<Tag>,
}

impl<'a> Mapped<'a> {
    /// Of an event that stands in its body at `pointer`.
    pub(super) fn new(pointer: &'a str) -> Self {
        Self {
            pointer,
            id: None,
            source: None,
            specversion: None,
            event_type: None,
            schema_version: 1,
            datacontenttype: None,
            metadata: Metadata::default(),
            tags: Vec::new(),
        }
    }

    /// Takes an attribute.
    pub(super) fn attribute(&mut self, name: &str, text: String) -> Result<(), Problem> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(self.refused(name, "names of attributes are small letters and digits"));
        }
        let known = &mut self.metadata;
        match name {
            "id" => self.id = Some(text),
            "source" => self.source = Some(text),
            "specversion" => self.specversion = Some(text),
            "type" => {
                let event_type = EventType::new(text);
                self.event_type = Some(event_type.map_err(|why| self.refused(name, why))?);
            }
            "datacontenttype" => self.datacontenttype = Some(text),
            "traceparent" => known.traceparent = Some(text.into()),
            "correlationid" => known.correlation = Some(text.into()),
            "causationid" => known.causation = Some(text.into()),
            "authid" => known.actor = Some(text.into()),
            "hwschemaversion" => {
                self.schema_version = text.parse().map_err(|why| self.refused(name, why))?;
            }
            "hwtags" => self.tags = self.read_tags(&text)?,
            "hwmetadata" => {
                let Free(free) =
                    serde_json::from_str(&text).map_err(|why| self.refused(name, why))?;
                self.metadata.free.extend(free);
            }
            "hwcontext" | "hwstream" | "hwrevision" | "hwposition" => {}
            other => self.free(other, text),
        }
        Ok(())
    }

    /// The event, once all attributes are there.
    pub(super) fn into_new(
        mut self,
        content_type: ContentType,
        payload: Bytes,
    ) -> Result<NewEvent, Problem> {
        match self.specversion.as_deref() {
            Some("1.0") => {}
            Some(other) => {
                let why = format!("{other:?} is not 1.0, which is what is spoken here");
                return Err(self.refused("specversion", why));
            }
            None => return Err(self.missing("specversion")),
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let id = given(self.id.take()).ok_or_else(|| self.missing("id"))?;
        let source = given(self.source.take()).ok_or_else(|| self.missing("source"))?;
        let event_type = self.event_type.take().ok_or_else(|| self.missing("type"))?;
        let event_id = self.event_id(&id, &source);
        self.free("source", source);
        let implied = match content_type {
            ContentType::Json => "application/json",
            ContentType::Binary => "application/octet-stream",
        };
        match self.datacontenttype.take() {
            Some(kind) if kind != implied => self.free("datacontenttype", kind),
            _ => {}
        }
        Ok(NewEvent {
            id: event_id,
            event_type,
            schema_version: self.schema_version,
            content_type,
            payload,
            metadata: self.metadata,
            tags: self.tags,
        })
    }

    /// A UUID is kept. Any other id is one only together with its source.
    fn event_id(&mut self, id: &str, source: &str) -> EventId {
        match Uuid::parse_str(id) {
            Ok(uuid) if uuid.to_string() == id => EventId(uuid),
            _ => {
                self.free("id", id.to_owned());
                let name = format!("cloudevent:{}:{source}:{id}", source.len());
                EventId(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
            }
        }
    }

    fn read_tags(&self, text: &str) -> Result<Vec<Tag>, Problem> {
        let refused = |why: &dyn ToString| self.refused("hwtags", why.to_string());
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut tags = Vec::new();
        for part in text.split(',') {
            if tags.len() == TAG_COUNT_MAX {
                return Err(refused(&format!("more than {TAG_COUNT_MAX} tags")));
            }
            let decoded = percent_decode_str(part).decode_utf8().map_err(|why| refused(&why))?;
            tags.push(Tag::new(&*decoded).map_err(|why| refused(&why))?);
        }
        Ok(tags)
    }

    fn free(&mut self, name: &str, value: String) {
        self.metadata.free.push((ByteString::from(format!("{PREFIX}{name}")), value.into()));
    }

    fn missing(&self, name: &str) -> Problem {
        self.refused(name, "a CloudEvent needs it")
    }

    fn refused(&self, name: &str, why: impl ToString) -> Problem {
        let name = name.replace('~', "~0").replace('/', "~1");
        Refused::body(format!("{}/{name}", self.pointer), why).into()
    }
}
