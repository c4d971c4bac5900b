//! Compatibility: whether who knows one schema reads what was written by another.
//!
//! Why: payloads outlive the code that wrote them, and readers and writers are deployed at different times.
//!
//! Picture: is everything that fits `written` also read by `reader`?
//! ```text
//!   BACKWARD  the new schema reads what was written by the old      (readers first)
//!   FORWARD   the old schema reads what is written by the new       (writers first)
//!   FULL      both                              …_TRANSITIVE: with all versions, not only the last
//! ```
//! Readers pass over properties that they do not know, unless their schema says `additionalProperties: false`.
//! What is said by keywords that cannot be compared (`pattern`, `oneOf`, …) is compatible only if it is the same.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Schemas within schemas that are followed; deeper ones count as different.
const DEPTH_MAX: u32 = 64;

/// What says nothing about payloads.
const NOTES: [&str; 9] = [
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "$defs",
];

/// What is compared by rules of its own.
const COMPARED: [&str; 10] = [
    "type",
    "properties",
    "required",
    "items",
    "enum",
    "const",
    "additionalProperties",
    "minimum",
    "maximum",
    "$ref",
];

/// What a schema must be to those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compatibility {
    /// Anything.
    None,
    /// It reads what was written by the last.
    #[default]
    Backward,
    /// It reads what was written by any before.
    BackwardTransitive,
    /// The last reads what is written by it.
    Forward,
    /// All before read what is written by it.
    ForwardTransitive,
    /// Both, with the last.
    Full,
    /// Both, with all before.
    FullTransitive,
}

impl Compatibility {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Backward,
        Self::BackwardTransitive,
        Self::Forward,
        Self::ForwardTransitive,
        Self::Full,
        Self::FullTransitive,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }

    pub(crate) const fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }

    const fn looks_back(self) -> bool {
        matches!(
            self,
            Self::Backward | Self::BackwardTransitive | Self::Full | Self::FullTransitive
        )
    }

    const fn looks_ahead(self) -> bool {
        matches!(self, Self::Forward | Self::ForwardTransitive | Self::Full | Self::FullTransitive)
    }
}

impl std::str::FromStr for Compatibility {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase().replace('-', "_");
        let found = Self::ALL.into_iter().find(|known| known.as_str() == upper);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("{text} is no compatibility; there are: {names}")
        })
    }
}

/// What one schema says and the other does not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where: `/lines/items/price`.
    pub at: String,
    /// What breaks there, and whom.
    pub why: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.at.is_empty() { "/" } else { &self.at }, self.why)
    }
}

/// What is in the way of `new` behind `old`, by this rule.
pub fn differences(old: &Value, new: &Value, by: Compatibility) -> Vec<Difference> {
    let mut found = Vec::new();
    if by.looks_back() {
        Comparing::new(new, old, "older events").compare(new, old, "", 0, &mut found);
    }
    if by.looks_ahead() {
        Comparing::new(old, new, "older readers").compare(old, new, "", 0, &mut found);
    }
    found
}

/// A reader's schema and that of what it reads.
struct Comparing<'a> {
    reader: &'a Value,
    written: &'a Value,
    whom: &'static str,
}

impl<'a> Comparing<'a> {
    fn new(reader: &'a Value, written: &'a Value, whom: &'static str) -> Self {
        Self { reader, written, whom }
    }

    fn compare(
        &self,
        reader: &'a Value,
        written: &'a Value,
        at: &str,
        depth: u32,
        found: &mut Vec<Difference>,
    ) {
        let (reader, written) = (resolve(self.reader, reader), resolve(self.written, written));
        if reader == written || *reader == Value::Bool(true) || depth > DEPTH_MAX {
            if depth > DEPTH_MAX && reader != written {
                self.note(found, at, "is too deep to be compared".to_owned());
            }
            return;
        }
        let (Some(asks), Some(says)) = (reader.as_object(), written.as_object()) else {
            return self.note(found, at, format!("{written} is not read by {reader}"));
        };
        self.types(asks, says, at, found);
        self.values(asks, says, at, found);
        self.bounds(asks, says, at, found);
        self.properties(asks, says, at, depth, found);
        if let Some(items) = asks.get("items") {
            let written = says.get("items").unwrap_or(&Value::Bool(true));
            self.compare(items, written, &format!("{at}/items"), depth + 1, found);
        }
        for (keyword, asked) in asks {
            let is_known = NOTES.contains(&keyword.as_str())
                || COMPARED.contains(&keyword.as_str())
                || keyword.starts_with("x-");
            if !is_known && says.get(keyword) != Some(asked) {
                self.note(found, at, format!("{keyword} is {asked}, and was not in what is read"));
            }
        }
    }

    fn note(&self, found: &mut Vec<Difference>, at: &str, why: String) {
        found.push(Difference { at: at.to_owned(), why: format!("{why} ({})", self.whom) });
    }

    fn types(
        &self,
        asks: &Map<String, Value>,
        says: &Map<String, Value>,
        at: &str,
        found: &mut Vec<Difference>,
    ) {
        let Some(read) = names(asks.get("type")) else { return };
        let Some(written) = names(says.get("type")) else {
            let why = format!("only {} is read, anything may be written", read.join(", "));
            return self.note(found, at, why);
        };
        let reads =
            |name: &&str| read.contains(name) || *name == "integer" && read.contains(&"number");
        if let Some(name) = written.iter().find(|name| !reads(name)) {
            self.note(found, at, format!("{name} may be written, {} is read", read.join(", ")));
        }
    }

    fn values(
        &self,
        asks: &Map<String, Value>,
        says: &Map<String, Value>,
        at: &str,
        found: &mut Vec<Difference>,
    ) {
        let Some(read) = listed(asks) else { return };
        match listed(says) {
            None => {
                self.note(found, at, "only listed values are read, others may be written".into())
            }
            Some(written) => {
                if let Some(value) = written.iter().find(|value| !read.contains(value)) {
                    self.note(found, at, format!("{value} may be written, and is not read"));
                }
            }
        }
    }

    fn bounds(
        &self,
        asks: &Map<String, Value>,
        says: &Map<String, Value>,
        at: &str,
        found: &mut Vec<Difference>,
    ) {
        let number = |of: &Map<String, Value>, key| of.get(key).and_then(Value::as_f64);
        let narrower = |key, is_narrower: fn(f64, f64) -> bool| {
            number(asks, key)
                .filter(|asked| number(says, key).is_none_or(|said| is_narrower(*asked, said)))
        };
        if let Some(bound) = narrower("minimum", |asked, said| asked > said) {
            self.note(found, at, format!("less than {bound} may be written, and is not read"));
        }
        if let Some(bound) = narrower("maximum", |asked, said| asked < said) {
            self.note(found, at, format!("more than {bound} may be written, and is not read"));
        }
    }

    fn properties(
        &self,
        asks: &'a Map<String, Value>,
        says: &'a Map<String, Value>,
        at: &str,
        depth: u32,
        found: &mut Vec<Difference>,
    ) {
        let needed = names(asks.get("required")).unwrap_or_default();
        let there = names(says.get("required")).unwrap_or_default();
        for name in needed.iter().filter(|name| !there.contains(name)) {
            self.note(found, &format!("{at}/{name}"), "is needed, and may be left out".to_owned());
        }
        let none = Map::new();
        let of =
            |schema: &'a Map<String, Value>| schema.get("properties").and_then(Value::as_object);
        let read = of(asks);
        for (name, written) in of(says).into_iter().flatten() {
            let at = format!("{at}/{name}");
            match read.unwrap_or(&none).get(name) {
                Some(_) => {
                    let reader = read.and_then(|read| read.get(name)).unwrap_or(&Value::Null);
                    self.compare(reader, written, &at, depth + 1, found);
                }
                None if asks.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    self.note(found, &at, "may be written, and nothing more is read".to_owned());
                }
                None => {}
            }
        }
    }
}

/// What a reference within the document refers to.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..DEPTH_MAX {
        let reference = schema.get("$ref").and_then(Value::as_str);
        match reference.and_then(|text| text.strip_prefix('#')).and_then(|at| document.pointer(at))
        {
            Some(meant) => schema = meant,
            None => return schema,
        }
    }
    schema
}

/// A text, or a list of texts.
fn names(value: Option<&Value>) -> Option<Vec<&str>> {
    match value? {
        Value::String(one) => Some(vec![one]),
        Value::Array(many) => Some(many.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// The values that are listed, if they are.
fn listed(schema: &Map<String, Value>) -> Option<Vec<&Value>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => Some(vec![value]),
        (None, Some(Value::Array(values))) => Some(values.iter().collect()),
        _ => None,
    }
}
