//! `/asyncapi.json`: the events a service publishes and reads, as AsyncAPI 3.0, made from the same
//! derives that write and read them.

use headwater_framework::{Field, InputType, Service};
use serde_json::{Map, Value, json};

/// The description of the events of the service `name`.
pub(crate) fn document(name: &str, service: Option<&Service>) -> Value {
    let mut document = Document { name, channels: Map::new(), operations: Map::new() };
    let recorded = service.map(Service::recorded).unwrap_or_default();
    for kind in recorded.iter().filter(|kind| kind.public) {
        document.add(&format!("publish {name}"), "send", name, kind);
    }
    for (reader, kind) in service.map(Service::asked).unwrap_or_default() {
        document.add(reader, "receive", kind.context.unwrap_or(name), kind);
    }
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": name, "version": "1" },
        "defaultContentType": "application/json",
        "channels": document.channels,
        "operations": document.operations,
    })
}

/// Channels are contexts, operations are readers and what is published.
struct Document<'a> {
    name: &'a str,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
}

impl Document<'_> {
    fn add(&mut self, operation: &str, action: &str, context: &str, kind: &InputType) {
        let channel = self.channels.entry(context).or_insert_with(|| {
            json!({ "address": context, "title": format!("events of {context}"), "messages": {} })
        });
        // What is published tells all fields; a reader only those it needs.
        let message = &mut channel["messages"][kind.name];
        if message.is_null() || (action == "send" && context == self.name) {
            *message = describe(kind);
        }
        let key = match action {
            "send" => operation.to_owned(),
            _ => format!("{operation} {context}"),
        };
        let channel = format!("#/channels/{}", escape(context));
        let operation = self.operations.entry(key.replace(' ', "-")).or_insert_with(
            || json!({ "action": action, "channel": { "$ref": channel }, "messages": [] }),
        );
        if let Some(messages) = operation["messages"].as_array_mut() {
            messages.push(json!({ "$ref": format!("{channel}/messages/{}", escape(kind.name)) }));
        }
    }
}

fn describe(kind: &InputType) -> Value {
    let fields = kind.fields.iter().map(|field| (field.name.to_owned(), schema(field)));
    let required = kind.fields.iter().filter(|field| !field.optional).map(|field| field.name);
    json!({
        "name": kind.name,
        "x-schema-version": kind.schema_version,
        "payload": {
            "type": "object",
            "properties": fields.collect::<Map<_, _>>(),
            "required": required.collect::<Vec<_>>(),
        },
    })
}

/// What can be said of a field by its type's name; other types are named only.
fn schema(field: &Field) -> Value {
    let kind = field.kind.trim();
    let inner = kind.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>'));
    let json_type = match inner.unwrap_or(kind).trim() {
        "String" | "char" => Some("string"),
        "bool" => Some("boolean"),
        "f32" | "f64" => Some("number"),
        "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => Some("integer"),
        _ => None,
    };
    match (json_type, inner) {
        (Some(json_type), None) => json!({ "type": json_type }),
        (Some(json_type), Some(_)) => json!({ "type": [json_type, "null"] }),
        (None, _) => json!({ "x-rust-type": kind }),
    }
}

/// A name as a part of a JSON pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
