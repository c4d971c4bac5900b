//! `/asyncapi.json`: the events a service publishes and reads, as AsyncAPI 3.1, made from the same
//! derives that write and read them.

use headwater_framework::{InputType, Service};
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
        "asyncapi": "3.1.0",
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
    json!({
        "name": kind.name,
        "x-schema-version": kind.schema_version,
        "payload": kind.json_schema(),
    })
}

/// A name as a part of a JSON pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
