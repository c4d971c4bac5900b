//! Schemas: what an event's payload looks like, as JSON Schema, from the same derives that write and read it.
//!
//! Why: other languages, contracts between services and a registry of schemas need the shape of a payload
//! without our types. A derive knows the names of fields, whether a payload can be read without them, and their types'
//! names; what a type of the user's own looks like is left open, and its name is said.

use crate::{Field, InputType};
use serde_json::{Map, Value, json};

impl InputType {
    /// Its payload as JSON Schema (draft 2020-12): an object with these properties and, as readers pass over what
    /// they do not know, any others.
    ///
    /// ```
    /// # extern crate headwater_framework as headwater;
    /// # use headwater::prelude::*;
    /// #[derive(Event, Debug)]
    /// pub enum OrderEvent { OrderCreated { customer: String, note: Option<String>, lines: Vec<u32> } }
    ///
    /// let schema = OrderEvent::TYPES[0].json_schema();
    /// assert_eq!(schema["required"], serde_json::json!(["customer", "lines"]));
    /// assert_eq!(schema["properties"]["note"]["type"], serde_json::json!(["string", "null"]));
    /// assert_eq!(schema["properties"]["lines"]["items"]["type"], "integer");
    /// ```
    pub fn json_schema(&self) -> Value {
        if let [Field { name: "", kind, .. }] = self.fields {
            return json!({ "type": "object", "x-rust-type": kind });
        }
        let fields = self.fields.iter().map(|field| (field.name.to_owned(), of_field(field)));
        let required = self.fields.iter().filter(|field| !field.optional).map(|field| field.name);
        json!({
            "type": "object",
            "properties": fields.collect::<Map<_, _>>(),
            "required": required.collect::<Vec<_>>(),
        })
    }
}

fn of_field(field: &Field) -> Value {
    // What is sealed stands there as an object of its own.
    if field.personal { json!({ "x-rust-type": field.kind }) } else { of_kind(field.kind) }
}

fn of_kind(kind: &str) -> Value {
    let kind = kind.trim();
    if let Some(inner) = within(kind, "Option") {
        let mut schema = of_kind(inner);
        if let Value::String(name) = schema["type"].take() {
            schema["type"] = json!([name, "null"]);
            return schema;
        }
        return json!({ "x-rust-type": kind });
    }
    if let Some(inner) = within(kind, "Vec") {
        return json!({ "type": "array", "items": of_kind(inner) });
    }
    match kind {
        "String" | "char" => json!({ "type": "string" }),
        "bool" => json!({ "type": "boolean" }),
        "f32" | "f64" => json!({ "type": "number" }),
        "u8" | "u16" | "u32" | "u64" | "usize" => json!({ "type": "integer", "minimum": 0 }),
        "i8" | "i16" | "i32" | "i64" | "isize" => json!({ "type": "integer" }),
        _ => json!({ "x-rust-type": kind }),
    }
}

fn within<'a>(kind: &'a str, outer: &str) -> Option<&'a str> {
    kind.strip_prefix(outer)?.strip_prefix('<')?.strip_suffix('>')
}
