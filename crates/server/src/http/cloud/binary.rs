//! `CloudEvents` in binary mode: attributes are headers, the body is the data.

use super::mapped::Mapped;
use super::{PREFIX, is_json, traced};
use crate::http::bounds::KEY_COUNT_MAX;
use crate::http::json;
use crate::http::problem::Problem;
use crate::http::refused::Refused;
use bytes::Bytes;
use headwater_model::{ContentType, NewEvent};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;
use serde::de::IgnoredAny;
use std::collections::HashSet;

/// Whether a request is in this mode.
pub(in crate::http) fn is_binary(headers: &HeaderMap) -> bool {
    headers.contains_key("ce-specversion")
}

/// The event of a request in this mode.
pub(in crate::http) fn binary(body: &Bytes, headers: &HeaderMap) -> Result<NewEvent, Problem> {
    let mut mapped = Mapped::new("");
    let attributes = headers
        .iter()
        .filter_map(|(name, value)| name.as_str().strip_prefix(PREFIX).map(|name| (name, value)));
    let mut seen = HashSet::new();
    for (n, (name, value)) in attributes.enumerate() {
        if n == KEY_COUNT_MAX {
            let why = format!("more than {KEY_COUNT_MAX} attributes");
            return Err(Refused::Header { name: "ce-…", why }.into());
        }
        if !seen.insert(name) {
            let why = format!("ce-{name} is given twice");
            return Err(Refused::Header { name: "ce-…", why }.into());
        }
        mapped.attribute(name, decoded(value.as_bytes())?)?;
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = match kind {
        Some(kind) if is_json(kind) => {
            json::read::<IgnoredAny>(body)?;
            ContentType::Json
        }
        _ => ContentType::Binary,
    };
    if let Some(kind) = kind {
        mapped.attribute("datacontenttype", kind.to_owned())?;
    }
    Ok(traced(mapped.into_new(content_type, body.clone())?, headers))
}

/// A header's value, as the HTTP binding has it: quotes are taken off, then `%20` is a space.
fn decoded(value: &[u8]) -> Result<String, Problem> {
    let bare = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    let text = percent_decode(bare.unwrap_or(value)).decode_utf8();
    let refused =
        |why: std::str::Utf8Error| Refused::Header { name: "ce-…", why: why.to_string() };
    Ok(text.map_err(refused)?.into_owned())
}
