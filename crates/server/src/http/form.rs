//! The forms of single values in bodies, as JSON Schema says them.
//!
//! Why: a name's type says that it is good; a schema must say what good is. The model knows nothing
//! of schemas, so what its names allow is said again here, and fuzzing compares the two.

use super::bounds::NAME_COUNT_MAX;
use super::param::{GIVEN_NAME, NAME};
use schemars::{Schema, SchemaGenerator, json_schema};

pub(super) fn stream(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 510, "pattern": GIVEN_NAME })
}

pub(super) fn name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 256, "pattern": NAME })
}

pub(super) fn names(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": name(generator), "maxItems": NAME_COUNT_MAX })
}

pub(super) fn tags(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": name(generator), "maxItems": 64 })
}

/// As it is shown: the system's too, also the longest one's settings stream.
pub(super) fn stream_shown(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 514, "pattern": NAME })
}

pub(super) fn streams(_: &mut SchemaGenerator) -> Schema {
    let name =
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": NAME });
    json_schema!({ "type": "array", "items": name, "maxItems": NAME_COUNT_MAX })
}

pub(super) fn checkpoint_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 1024, "pattern": NAME })
}

pub(super) fn place(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0, "maximum": super::bounds::PLACE_MAX })
}

pub(super) fn place_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "null"], "minimum": 0, "maximum": super::bounds::PLACE_MAX })
}

pub(super) fn id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "uuid" })
}

pub(super) fn id_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "uuid" })
}

pub(super) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}

pub(super) fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({})
}

pub(super) fn base64(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "contentEncoding": "base64",
        "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    })
}

pub(super) fn texts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": { "type": "string" },
        "maxProperties": super::bounds::KEY_COUNT_MAX,
    })
}

pub(super) fn expected(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            place(generator),
            { "type": "string", "enum": ["any", "none", "exists"] },
        ],
    })
}
