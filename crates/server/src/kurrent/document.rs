//! The settings of a stream, as clients of this protocol write them: a JSON object.
//!
//! Picture:
//! ```text
//!   { "$maxCount": 10, "$maxAge": 3600, "$tb": 5, "$cacheControl": 30, "$acl": {…}, "mine": 1 }
//!       count_max     age_max_ms/1000  truncate_before     └─ kept, and given back as they were ─┘
//! ```
//! Invariant: a document comes back to the byte as it was written, whatever we understand of it.

use super::refusal::Refusal;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{Metadata, Revision, StreamSettings};
use serde_json::{Map, Value};

/// The free key, in the metadata of an event of a settings stream, that holds the document.
pub(super) const KEY: &str = "kurrent.document";

/// `$tb` of a deleted stream.
const DELETED: u64 = i64::MAX as u64;

/// A document that was understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Document {
    text: ByteString,
    /// What is kept of the stream.
    pub(super) settings: StreamSettings,
    /// It also deletes the stream.
    pub(super) deletes: bool,
}

impl Document {
    /// Reads what a client wrote.
    pub(super) fn of(data: Bytes) -> Result<Self, Refusal> {
        let text = ByteString::try_from(data).map_err(|_| malformed("it is not UTF-8"))?;
        let fields: Map<String, Value> =
            serde_json::from_str(&text).map_err(|error| malformed(&error.to_string()))?;
        let truncate_before = number(&fields, "$tb")?;
        let seconds = number(&fields, "$maxAge")?;
        let deletes = truncate_before == Some(DELETED);
        let settings = StreamSettings {
            count_max: number(&fields, "$maxCount")?,
            age_max_ms: seconds.map(|seconds| seconds.saturating_mul(1_000)),
            truncate_before: truncate_before.filter(|_| !deletes).map(Revision),
        };
        Ok(Self { text, settings, deletes })
    }

    /// The text as it is kept.
    pub(super) fn keep(&self, metadata: &mut Metadata) {
        metadata.free.push((KEY.into(), self.text.clone()));
    }
}

fn number(fields: &Map<String, Value>, key: &str) -> Result<Option<u64>, Refusal> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(malformed(&format!("{key} is {value}, not a whole number from 0 on"))),
        },
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::invalid(format!("the stream metadata cannot be understood: {why}"))
}

/// The document that an event of a settings stream carries, if a client of this protocol wrote it.
pub(super) fn kept(metadata: &Metadata) -> Option<ByteString> {
    metadata.free.iter().find(|(key, _)| key == KEY).map(|(_, text)| text.clone())
}

/// Settings that were made by other means.
pub(super) fn shown(settings: StreamSettings) -> ByteString {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Option<u64>| {
        fields.extend(value.map(|value| (key.to_owned(), value.into())));
    };
    put("$maxCount", settings.count_max);
    put("$maxAge", settings.age_max_ms.map(|ms| ms.div_ceil(1_000)));
    put("$tb", settings.truncate_before.map(|revision| revision.0));
    Value::Object(fields).to_string().into()
}

/// A document that says of its stream what `before` says, and that it is deleted.
pub(super) fn deleted(before: Option<&str>) -> ByteString {
    with_truncation(before.unwrap_or("{}"), DELETED)
}

/// A document that says "deleted", when the stream has been revived: its first revision instead.
/// Who reads settings to write them back with a change must not delete the stream by that.
pub(super) fn revived(text: ByteString, first: Revision) -> ByteString {
    match Document::of(text.clone().into_bytes()) {
        Ok(Document { deletes: true, .. }) => with_truncation(&text, first.0),
        _ => text,
    }
}

fn with_truncation(text: &str, truncate_before: u64) -> ByteString {
    let mut fields: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    fields.insert("$tb".to_owned(), truncate_before.into());
    Value::Object(fields).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_kept_to_the_byte() {
        let text = r#"{ "mine":[1,2] ,"$acl":{"$r":"$all"}, "$maxAge": 60}"#;
        let document = Document::of(text.into()).expect("an object");
        assert_eq!(document.settings.age_max_ms, Some(60_000));
        let mut metadata = Metadata::default();
        document.keep(&mut metadata);
        assert_eq!(kept(&metadata).as_deref(), Some(text));
    }

    #[test]
    fn what_would_be_misunderstood_is_refused() {
        for text in ["[]", "{", r#"{"$maxCount":-1}"#, r#"{"$maxAge":"1h"}"#, r#"{"$tb":1.5}"#] {
            assert!(matches!(Document::of(text.into()), Err(Refusal::Invalid { .. })), "{text}");
        }
    }

    #[test]
    fn a_deletion_keeps_the_rest_and_is_not_written_back_into_a_revived_stream() {
        let gone = deleted(Some(r#"{"$maxCount":3}"#));
        let document = Document::of(gone.clone().into_bytes()).expect("an object");
        assert!(document.deletes);
        assert_eq!(document.settings, StreamSettings { count_max: Some(3), ..Default::default() });
        let back = Document::of(revived(gone, Revision(4)).into_bytes()).expect("an object");
        assert_eq!((back.deletes, back.settings.truncate_before), (false, Some(Revision(4))));
    }
}
