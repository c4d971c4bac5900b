//! Headers that go with every message to a collector: mostly a key, so they are a secret.
//!
//! Invariant: their values are in no log, error or page; only [`Headers::iter`] gives them out.

use crate::InvalidOption;
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use std::fmt;

/// Names and values. `Debug` and `Display` say how many, and no more.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// Reads `name=value,name=value`, values percent-encoded, as `OTEL_EXPORTER_OTLP_HEADERS` has them.
    ///
    /// # Errors
    /// Which of them is wrong, by its place: a mistyped name may be a part of a secret.
    pub fn parse(text: &str) -> Result<Self, InvalidOption> {
        let pairs = text.split(',').enumerate().filter(|(_, pair)| !pair.trim().is_empty());
        let read = |(n, pair): (usize, &str)| {
            let wrong = || InvalidOption::Header { number: n + 1 };
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            let name = name.trim().to_ascii_lowercase();
            let name: HeaderName = name.parse().map_err(|_| wrong())?;
            let value: Vec<u8> = percent_decode_str(value.trim()).collect();
            let mut value = HeaderValue::from_bytes(&value).map_err(|_| wrong())?;
            value.to_str().map_err(|_| wrong())?;
            value.set_sensitive(true);
            Ok((name, value))
        };
        pairs.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            0 => Ok(()),
            count => write!(f, "({count} hidden)"),
        }
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} hidden)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_as_the_standard_writes_them_and_shown_by_number() {
        let headers =
            Headers::parse("Authorization=Basic%20c2VjcmV0, x-tenant = a=b,").expect("good");
        let read: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
            .collect();
        assert_eq!(read, [("authorization", "Basic c2VjcmV0"), ("x-tenant", "a=b")]);
        let shown = format!("{headers} {headers:?} {:?}", headers.iter().next());
        assert!(!shown.contains("c2VjcmV0"), "{shown}");
        assert_eq!(headers.to_string(), "(2 hidden)");
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place_and_not_by_what_it_is() {
        for wrong in ["a=1,secret", "a=1,b c=secret", "a=1,b=%00secret"] {
            let error = Headers::parse(wrong).expect_err("not a header");
            assert_eq!(error, InvalidOption::Header { number: 2 });
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
