//! What money looks like in an API's description.

use crate::{Asked, Money};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

const DECIMAL: &str = r"^[0-9]+(\.[0-9]{1,2})?$";

impl JsonSchema for Money {
    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": DECIMAL, "examples": ["12.34"] })
    }
}

impl JsonSchema for Asked {
    fn schema_name() -> Cow<'static, str> {
        "AskedMoney".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "More than nothing, at most two decimal places.",
            "oneOf": [
                { "type": "string", "pattern": DECIMAL },
                { "type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01 },
            ],
            "examples": ["12.34"],
        })
    }
}
