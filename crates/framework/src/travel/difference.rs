//! What changed between two states.

use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// A part of a state that is another now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Where, as a JSON pointer: `/lines/0/price`.
    pub at: String,
    /// What was there; `None`: nothing.
    pub was: Option<Value>,
    /// What is there; `None`: nothing any more.
    pub is: Option<Value>,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.at, shown(&self.was), shown(&self.is))
    }
}

/// What changed from one state to another, in the order of its paths.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::travel::difference;
/// use serde_json::json;
///
/// let (was, is) = (json!({ "lines": [5, 7] }), json!({ "lines": [5, 8], "note": "late" }));
/// let said: Vec<_> = difference(&was, &is)?.iter().map(ToString::to_string).collect();
/// assert_eq!(said, ["/lines/1: 7 -> 8", "/note: nothing -> \"late\""]);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// A state that cannot be written as JSON.
pub fn difference<T: Serialize, U: Serialize>(
    was: &T,
    is: &U,
) -> Result<Vec<Changed>, serde_json::Error> {
    let (was, is) = (serde_json::to_value(was)?, serde_json::to_value(is)?);
    let mut changed = Vec::new();
    compare(Some(&was), Some(&is), &mut String::new(), &mut changed);
    Ok(changed)
}

fn compare(was: Option<&Value>, is: Option<&Value>, at: &mut String, changed: &mut Vec<Changed>) {
    match (was, is) {
        (was, is) if was == is => {}
        (Some(Value::Object(was)), Some(Value::Object(is))) => {
            let mut names: Vec<_> = was.keys().chain(is.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let part = name.replace('~', "~0").replace('/', "~1");
                within(&part, was.get(name), is.get(name), at, changed);
            }
        }
        (Some(Value::Array(was)), Some(Value::Array(is))) => {
            for n in 0..was.len().max(is.len()) {
                within(&n.to_string(), was.get(n), is.get(n), at, changed);
            }
        }
        (was, is) => {
            changed.push(Changed { at: at.clone(), was: was.cloned(), is: is.cloned() });
        }
    }
}

fn within(
    part: &str,
    was: Option<&Value>,
    is: Option<&Value>,
    at: &mut String,
    changed: &mut Vec<Changed>,
) {
    let end = at.len();
    at.push('/');
    at.push_str(part);
    compare(was, is, at, changed);
    at.truncate(end);
}
