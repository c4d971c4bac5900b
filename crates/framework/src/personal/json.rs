//! Finds `{"$personal": …}` in JSON and puts another text in its place; all else stays as it is written.
//!
//! Why not through a tree of values: that would reorder keys and round numbers, and the bytes of an event
//! are what its digest and its reader know.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The key of a personal value, as it stands in JSON.
const KEY: &str = r#""$personal""#;

/// How deep objects and lists may lie in each other; as deep as serde_json reads.
const DEPTH_MAX: u32 = 128;

/// Whether there can be a personal value in this JSON: nearly all events have none, and cost one search.
pub(super) fn may_hold_personal(json: &str) -> bool {
    json.contains(KEY)
}

/// `json` with each personal value replaced by what `change` makes of it.
///
/// # Errors
/// What `change` says, or `broken` of why this is no JSON.
pub(super) fn rewrite<E>(
    json: &str,
    change: &mut dyn FnMut(&RawValue) -> Result<String, E>,
    broken: &dyn Fn(String) -> E,
) -> Result<String, E> {
    let whole: &RawValue = serde_json::from_str(json).map_err(|error| broken(error.to_string()))?;
    let mut out = String::with_capacity(json.len() + 128);
    Walk { change, broken }.value(whole, 0, &mut out)?;
    Ok(out)
}

struct Walk<'a, E> {
    change: &'a mut dyn FnMut(&RawValue) -> Result<String, E>,
    broken: &'a dyn Fn(String) -> E,
}

impl<E> Walk<'_, E> {
    fn value(&mut self, value: &RawValue, depth: u32, out: &mut String) -> Result<(), E> {
        let text = value.get();
        if !may_hold_personal(text) {
            out.push_str(text);
            return Ok(());
        }
        if depth == DEPTH_MAX {
            return Err((self.broken)(format!("it is more than {DEPTH_MAX} levels deep")));
        }
        match text.as_bytes()[0] {
            b'{' => self.object(text, depth, out),
            b'[' => self.list(text, depth, out),
            _ => {
                out.push_str(text);
                Ok(())
            }
        }
    }

    fn object(&mut self, text: &str, depth: u32, out: &mut String) -> Result<(), E> {
        let Entries(entries) =
            serde_json::from_str(text).map_err(|error| (self.broken)(error.to_string()))?;
        if let [(key, value)] = entries.as_slice()
            && key == "$personal"
        {
            out.push_str(&(self.change)(value)?);
            return Ok(());
        }
        for (n, (key, value)) in entries.iter().enumerate() {
            out.push(if n == 0 { '{' } else { ',' });
            out.push_str(&serde_json::to_string(key).expect("a text is JSON"));
            out.push(':');
            self.value(value, depth + 1, out)?;
        }
        out.push('}');
        Ok(())
    }

    fn list(&mut self, text: &str, depth: u32, out: &mut String) -> Result<(), E> {
        let values: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|error| (self.broken)(error.to_string()))?;
        for (n, value) in values.iter().enumerate() {
            out.push(if n == 0 { '[' } else { ',' });
            self.value(value, depth + 1, out)?;
        }
        out.push(']');
        Ok(())
    }
}

/// An object's entries, in their order.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replaced(json: &str) -> Result<String, String> {
        rewrite(json, &mut |inner| Ok(format!("<{}>", inner.get())), &|why| why)
    }

    #[test]
    fn what_is_not_personal_stays_as_it_is_written() {
        let json = r#"{"z":1.000,"a":{"$personal":{"x":1}},"big":18446744073709551616,"t":"\"$personal\""}"#;
        let there = r#"{"z":1.000,"a":<{"x":1}>,"big":18446744073709551616,"t":"\"$personal\""}"#;
        assert_eq!(replaced(json).as_deref(), Ok(there));
        assert_eq!(replaced(r#"[[{"$personal":1}],2]"#).as_deref(), Ok("[[<1>],2]"));
    }

    #[test]
    fn an_object_with_more_than_the_key_is_not_a_personal_value() {
        let json = r#"{"$personal":1,"b":2}"#;
        assert_eq!(replaced(json).as_deref(), Ok(json));
    }

    #[test]
    fn json_that_is_broken_or_too_deep_is_an_error() {
        assert!(replaced(r#"{"$personal""#).is_err());
        let deep = format!("{}{}{}", "[".repeat(127), r#"{"$personal":1}"#, "]".repeat(127));
        assert!(replaced(&deep).is_err() || replaced(&deep).is_ok_and(|out| out.contains("<1>")));
    }

    proptest! {
        /// D3: whatever the bytes are, there is an answer.
        #[test]
        fn any_text_has_an_answer(text in r#"[\[\]{}:,"$personal1 ]{0,60}"#) {
            let _ = replaced(&text);
        }
    }
}
