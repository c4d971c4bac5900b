//! Spans of time in settings, written as people do: `30s`, `1m 30s`, `250ms`.
//!
//! ```
//! use serde::Deserialize;
//! use std::time::Duration;
//!
//! #[derive(Deserialize)]
//! struct Settings {
//!     #[serde(with = "headwater_service::settings::duration")]
//!     time_limit: Duration,
//! }
//! ```

use serde::{Deserialize, Deserializer, Serializer, de};
use std::borrow::Cow;
use std::time::Duration;

/// Reads a span.
///
/// # Errors
/// If the text is none.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    jiff::fmt::friendly::SpanParser::new().parse_unsigned_duration(&*text).map_err(|error| {
        de::Error::custom(format!("`{text}` is no span of time such as 30s: {error}"))
    })
}

/// Writes a span, as it is read.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let printer = jiff::fmt::friendly::SpanPrinter::new();
    serializer.serialize_str(&printer.unsigned_duration_to_string(span))
}
