//! The forms of single values in bodies, as JSON Schema says them.
//!
//! Why: a name's type says that it is good; a schema must say what good is. The model knows nothing
//! of schemas, so what its names allow is said again here, and fuzzing compares the two.

use super::bounds::NAME_COUNT_MAX;
use super::param::{GIVEN_NAME, NAME, PATTERN, USER_NAME, WHO};
use headwater_access::Verb;
use headwater_access::limits::{
    PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN, PATTERN_COUNT_MAX, ROLE_COUNT_MAX, USER_NAME_BYTES_MAX,
    WORDS_BYTES_MAX,
};
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

pub(super) fn time_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time" })
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

pub(super) fn user(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "minLength": 1, "maxLength": USER_NAME_BYTES_MAX, "pattern": USER_NAME,
    })
}

pub(super) fn password(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string", "minLength": PASSWORD_BYTES_MIN, "maxLength": PASSWORD_BYTES_MAX,
        "format": "password", "writeOnly": true,
    })
}

pub(super) fn words(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": WORDS_BYTES_MAX })
}

pub(super) fn roles(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": name(generator), "maxItems": ROLE_COUNT_MAX })
}

pub(super) fn who(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": WHO })
}

pub(super) fn verbs(_: &mut SchemaGenerator) -> Schema {
    let verb = json_schema!({ "type": "string", "enum": Verb::ALL });
    json_schema!({ "type": "array", "items": verb, "minItems": 1, "maxItems": Verb::ALL.len() })
}

/// As they are shown: there may be none.
pub(super) fn verbs_shown(_: &mut SchemaGenerator) -> Schema {
    let verb = json_schema!({ "type": "string", "enum": Verb::ALL });
    json_schema!({ "type": "array", "items": verb })
}

pub(super) fn contexts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": GIVEN_NAME })
}

pub(super) fn patterns(_: &mut SchemaGenerator) -> Schema {
    let pattern = json_schema!({ "type": "string", "pattern": PATTERN });
    json_schema!({ "type": "array", "items": pattern, "minItems": 1, "maxItems": PATTERN_COUNT_MAX })
}

pub(super) fn expected(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            place(generator),
            { "type": "string", "enum": ["any", "none", "exists"] },
        ],
    })
}
