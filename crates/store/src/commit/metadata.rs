//! An event's metadata as bytes: the four known keys by a bit each, then the free ones in order.

use super::Malformed;
use super::varint::{self, Cursor};
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::Metadata;

const CORRELATION: u8 = 1;
const CAUSATION: u8 = 2;
const TRACEPARENT: u8 = 4;
const ACTOR: u8 = 8;
const KNOWN: u8 = CORRELATION | CAUSATION | TRACEPARENT | ACTOR;

pub(super) fn is_empty(metadata: &Metadata) -> bool {
    known(metadata).iter().all(|(_, text)| text.is_none()) && metadata.free.is_empty()
}

fn known(metadata: &Metadata) -> [(u8, &Option<ByteString>); 4] {
    [
        (CORRELATION, &metadata.correlation),
        (CAUSATION, &metadata.causation),
        (TRACEPARENT, &metadata.traceparent),
        (ACTOR, &metadata.actor),
    ]
}

/// Bytes that [`put`] takes.
pub(super) fn len(metadata: &Metadata) -> usize {
    let counted = |text: &ByteString| varint::len(text.len() as u64) + text.len();
    let named: usize =
        known(metadata).iter().filter_map(|(_, text)| text.as_ref()).map(counted).sum();
    let free: usize = metadata.free.iter().map(|(key, value)| counted(key) + counted(value)).sum();
    1 + named + free
}

pub(super) fn put(out: &mut Vec<u8>, metadata: &Metadata) {
    let known = known(metadata);
    out.push(known.iter().filter(|(_, text)| text.is_some()).map(|(bit, _)| bit).sum());
    for text in known.iter().filter_map(|(_, text)| text.as_ref()) {
        varint::put_bytes(out, text.as_bytes());
    }
    for (key, value) in &metadata.free {
        varint::put_bytes(out, key.as_bytes());
        varint::put_bytes(out, value.as_bytes());
    }
}

/// Reads what [`put`] wrote. The texts are slices of `page`, of which `bytes` must be a part.
pub(super) fn read(bytes: &[u8], page: &Bytes) -> Result<Metadata, Malformed> {
    let mut cursor = Cursor::new(bytes);
    let bits = cursor.byte()?;
    if bits & !KNOWN != 0 {
        return Err(cursor.malformed("metadata of a kind unknown here"));
    }
    let mut shared =
        |wanted: u8| (bits & wanted != 0).then(|| share(cursor.counted()?, page)).transpose();
    let mut metadata = Metadata {
        correlation: shared(CORRELATION)?,
        causation: shared(CAUSATION)?,
        traceparent: shared(TRACEPARENT)?,
        actor: shared(ACTOR)?,
        free: Vec::new(),
    };
    while !cursor.is_empty() {
        metadata.free.push((share(cursor.counted()?, page)?, share(cursor.counted()?, page)?));
    }
    Ok(metadata)
}

/// `text` as a slice of the page it stands in: no copy.
pub(super) fn share(text: &[u8], page: &Bytes) -> Result<ByteString, Malformed> {
    ByteString::try_from(page.slice_ref(text)).map_err(|_| Malformed::new(0, "a text is not UTF-8"))
}
