//! The schema lock: what was promised about events, kept in a file beside `Cargo.toml`.
//!
//! Why: an event is read for ever. A field that is renamed today stops tomorrow's rebuild, and
//! nothing tells before, except this test.
//!
//! Invariant: what stands in the lock can be read by the code of today. Compatible changes are
//! recorded with `HEADWATER_LOCK=update`; others need a new schema version.

use crate::{Event, InputType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The variable that lets the lock be rewritten.
const UPDATE: &str = "HEADWATER_LOCK";

/// What the code says about the events of one enum.
#[derive(Clone, Copy, Debug)]
pub struct EventSchema {
    types: &'static [InputType],
    retired: &'static [&'static str],
}

/// What the code says about the events of `E`.
pub fn schema_of<E: Event>() -> EventSchema {
    EventSchema { types: E::TYPES, retired: E::RETIRED }
}

/// Makes a test that compares these event enums with `schema.lock`.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// # use headwater::prelude::*;
/// # #[derive(Event, Debug)]
/// # pub enum OrderEvent { Created }
/// headwater::schema_lock!(OrderEvent);
/// ```
#[macro_export]
macro_rules! schema_lock {
    ($($event:ty),+ $(,)?) => {
        #[test]
        fn the_schema_lock_holds() {
            $crate::testing::check_schema(
                ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")),
                &[$($crate::testing::schema_of::<$event>()),+],
            );
        }
    };
}

/// Compares what the code says with `schema.lock` in `folder`.
///
/// # Panics
/// With every difference, if there is one; also if the file cannot be read or written.
pub fn check_schema(folder: &Path, events: &[EventSchema]) {
    let path = folder.join("schema.lock");
    let now = Lock::of(events);
    let locked = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{} is no lock: {error}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Lock::default(),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let broken = locked.broken_by(&now);
    assert!(broken.is_empty(), "{} is broken:\n  {}", path.display(), broken.join("\n  "));
    if locked == now {
        return;
    }
    let update = std::env::var(UPDATE).is_ok_and(|value| value == "update");
    assert!(update, "{} lacks what is new: run again with {UPDATE}=update", path.display());
    let text = serde_json::to_string_pretty(&now).expect("names and numbers are JSON");
    if let Err(error) = std::fs::write(&path, text + "\n") {
        panic!("{}: {error}", path.display());
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lock {
    events: BTreeMap<String, LockedEvent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    retired: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LockedEvent {
    version: u32,
    public: bool,
    fields: BTreeMap<String, LockedField>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LockedField {
    kind: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
}

impl Lock {
    fn of(schemas: &[EventSchema]) -> Self {
        let mut lock = Self::default();
        for schema in schemas {
            let named = |kind: &InputType| (kind.name.to_owned(), LockedEvent::of(kind));
            lock.events.extend(schema.types.iter().map(named));
            lock.retired.extend(schema.retired.iter().map(|name| (*name).to_owned()));
        }
        lock.retired.sort();
        lock
    }

    /// What stands in this lock and does not hold any more.
    fn broken_by(&self, now: &Self) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, locked) in &self.events {
            match now.events.get(name) {
                Some(event) => locked.broken_by(name, event, &mut broken),
                None if now.retired.contains(name) => {}
                None => {
                    broken.push(format!("{name} is gone: retire it, or its streams are unreadable"))
                }
            }
        }
        for name in &self.retired {
            if !now.retired.contains(name) && !now.events.contains_key(name) {
                broken.push(format!("{name} was retired, and is not known any more"));
            }
        }
        broken
    }
}

impl LockedEvent {
    fn of(kind: &InputType) -> Self {
        let field = |field: &crate::Field| {
            let locked = LockedField { kind: field.kind.to_owned(), optional: field.optional };
            (field.name.to_owned(), locked)
        };
        Self {
            version: kind.schema_version,
            public: kind.public,
            fields: kind.fields.iter().map(field).collect(),
        }
    }

    fn broken_by(&self, name: &str, now: &Self, broken: &mut Vec<String>) {
        if now.version < self.version {
            broken
                .push(format!("{name} went back from version {} to {}", self.version, now.version));
        }
        if self.public && !now.public {
            broken.push(format!("{name} was public: others may read it"));
        }
        if now.version != self.version {
            return; // the older shape is read by its `was`
        }
        for (field, locked) in &self.fields {
            match now.fields.get(field) {
                None => broken.push(format!("{name}.{field} is gone without a new version")),
                Some(is) if is.kind != locked.kind => {
                    let (was, is) = (&locked.kind, &is.kind);
                    broken.push(format!(
                        "{name}.{field} was {was} and is {is}, without a new version"
                    ));
                }
                Some(is) if locked.optional && !is.optional => {
                    broken.push(format!("{name}.{field} was optional, and is not in every event"));
                }
                Some(_) => {}
            }
        }
        for (field, is) in &now.fields {
            if !self.fields.contains_key(field) && !is.optional {
                broken.push(format!(
                    "{name}.{field} is new and not in older events: make it optional"
                ));
            }
        }
    }
}
