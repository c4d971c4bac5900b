//! Contracts between services: what a reader needs of another's events, kept where that one is built.
//!
//! Why: golden files tell a reader what its publisher writes. The other direction is what breaks in production: a
//! publisher drops a field, all its own tests are green, and a reader elsewhere stops. So each reader leaves a file
//! with its publisher that says what it needs, and the publisher's test holds its events against all of them.
//!
//! Picture:
//! ```text
//!   reader's test     Input + golden/*.json   ─▶ contracts/<reader>.json      (HEADWATER_LOCK=update writes it)
//!   publisher's test  events ─▶ fit what every file of contracts/ asks?
//! ```

use super::given::as_recorded;
use super::golden::golden_versions;
use crate::{Event, Input, InputType, Source};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

/// What a reader needs of a publisher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Contract {
    reader: String,
    publisher: String,
    /// Of each event what its payload must look like.
    events: BTreeMap<String, Value>,
}

/// Reads with `I` the golden events of `publisher`, and compares what it needs of them with its contract, the file
/// `contracts/<reader>.json` in the publisher's `folder`; writes it if the variable `HEADWATER_LOCK` is `update`.
///
/// # Panics
/// If an event that `I` asks for has no golden file or cannot be read, or the contract is another.
#[track_caller]
pub fn writes_contract<I: Input>(folder: &Path, publisher: &str, reader: &str) {
    super::reads_golden::<I>(&folder.join("golden"), publisher);
    let source = Source { context: publisher, own: false };
    let needed = I::TYPES.iter().filter(|kind| source.is(kind.context));
    let events = needed.map(|kind| (kind.name.to_owned(), needs(folder, kind))).collect();
    let (reader, publisher) = (reader.to_owned(), publisher.to_owned());
    let path = folder.join("contracts").join(format!("{}.json", reader.replace('/', ".")));
    let contract = Contract { reader, publisher, events };
    let text = serde_json::to_string_pretty(&contract).expect("names and schemas are JSON") + "\n";
    match std::fs::read_to_string(&path) {
        Ok(kept) if serde_json::from_str(&kept).is_ok_and(|kept: Contract| kept == contract) => {}
        _ if std::env::var("HEADWATER_LOCK").is_ok_and(|value| value == "update") => {
            let made = std::fs::create_dir_all(folder.join("contracts"));
            let written = made.and_then(|()| std::fs::write(&path, text));
            written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        Ok(_) => panic!(
            "{} says otherwise what is needed; write it with HEADWATER_LOCK=update, and see whether {} still keeps it",
            path.display(),
            contract.publisher,
        ),
        Err(error) => panic!("{}: {error}; write it with HEADWATER_LOCK=update", path.display()),
    }
}

/// What a reader needs of an event. A type of the reader's own is read from what the golden events have there.
fn needs(folder: &Path, kind: &InputType) -> Value {
    let mut schema = kind.json_schema();
    let golden = golden_versions(&folder.join("golden"), kind.name);
    for (name, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        if property.get("type").is_some() {
            continue;
        }
        let seen = golden.iter().filter_map(|(_, payload)| {
            let payload: Value = serde_json::from_slice(payload).ok()?;
            payload.get(name).map(type_of)
        });
        let seen: std::collections::BTreeSet<_> = seen.collect();
        *property = match seen.len() {
            0 => json!({}),
            _ => json!({ "type": seen }),
        };
    }
    schema
}

/// Holds each event against the contracts in `folder`: every reader must find what it needs.
///
/// # Panics
/// With every contract that is broken, and how.
#[track_caller]
pub fn keeps_contracts<E: Event + Debug>(folder: &Path, events: impl IntoIterator<Item = E>) {
    let mut written = BTreeMap::<String, Vec<Value>>::new();
    for event in events {
        let recorded = as_recorded(&event);
        let payload = serde_json::from_slice(&recorded.payload);
        let payload = payload.unwrap_or_else(|error| panic!("{event:?} is no JSON: {error}"));
        written.entry(recorded.event_type.to_string()).or_default().push(payload);
    }
    let broken: Vec<_> = contracts(&folder.join("contracts"))
        .iter()
        .flat_map(|it| broken::<E>(it, &written))
        .collect();
    assert!(broken.is_empty(), "contracts are broken:\n  {}", broken.join("\n  "));
}

#[track_caller]
fn contracts(folder: &Path) -> Vec<Contract> {
    let files = std::fs::read_dir(folder);
    let files = files.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.filter_map(|file| file.ok().map(|file| file.path())).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read(path).map_err(|error| error.to_string());
        let contract =
            text.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
        contract.unwrap_or_else(|error| panic!("{} is no contract: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

fn broken<E: Event>(contract: &Contract, written: &BTreeMap<String, Vec<Value>>) -> Vec<String> {
    let reader = &contract.reader;
    let mut broken = Vec::new();
    for (name, needed) in &contract.events {
        if !E::TYPES.iter().any(|kind| kind.name == name && kind.public) {
            broken.push(format!("{reader} reads {name}, which is not published"));
            continue;
        }
        let Some(events) = written.get(name) else {
            broken.push(format!("{reader} reads {name}: give the test an example of it"));
            continue;
        };
        for event in events {
            if let Err(why) = fits(needed, event, name) {
                broken.push(format!("{reader} reads {name}: {why}"));
            }
        }
    }
    broken
}

/// Whether a value has what a schema of a contract asks for.
fn fits(needed: &Value, value: &Value, at: &str) -> Result<(), String> {
    let is = type_of(value);
    let allows = |asked: &Value| {
        asked.as_str().is_some_and(|asked| asked == is || asked == "number" && is == "integer")
    };
    let allowed = match &needed["type"] {
        Value::Null => true,
        Value::Array(types) => types.iter().any(allows),
        one => allows(one),
    };
    if !allowed {
        return Err(format!("{at} is {is}, {} is needed", needed["type"]));
    }
    for name in needed["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(format!("{at}.{name} is needed, and is not there"));
        }
    }
    for (name, needed) in needed["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            fits(needed, value, &format!("{at}.{name}"))?;
        }
    }
    let items = value.as_array().into_iter().flatten();
    let mut items = items.zip(std::iter::repeat(&needed["items"]));
    items.try_for_each(|(item, needed)| fits(needed, item, &format!("{at}[]")))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
