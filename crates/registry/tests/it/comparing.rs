//! Compatibility, case by case: who reads what.

use headwater_registry::Compatibility::{self, Backward, Forward, Full};
use headwater_registry::compatible::differences;
use serde_json::{Value, json};

fn object(properties: Value, required: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Which of BACKWARD and FORWARD hold for `new` behind `old`.
fn holds(old: &Value, new: &Value) -> (bool, bool) {
    let is = |by: Compatibility| differences(old, new, by).is_empty();
    assert_eq!(is(Full), is(Backward) && is(Forward), "{old} {new}");
    assert!(differences(old, new, Compatibility::None).is_empty());
    (is(Backward), is(Forward))
}

#[test]
fn properties_come_and_go_as_readers_can_bear() {
    let text = json!({ "type": "string" });
    let one = object(json!({ "a": text }), json!(["a"]));
    let optional = object(json!({ "a": text, "b": text }), json!(["a"]));
    let both = object(json!({ "a": text, "b": text }), json!(["a", "b"]));
    assert_eq!(holds(&one, &one), (true, true), "nothing changed");
    assert_eq!(holds(&one, &optional), (true, true), "an optional property is new");
    assert_eq!(holds(&optional, &one), (true, true), "an optional property is gone");
    assert_eq!(holds(&one, &both), (false, true), "older events lack what is needed now");
    assert_eq!(holds(&both, &one), (true, false), "older readers need what is gone");
    assert_eq!(holds(&both, &optional), (true, false), "what was needed may be left out");
}

#[test]
fn types_widen_for_readers_and_narrow_for_writers() {
    let of = |kind: Value| object(json!({ "a": { "type": kind } }), json!(["a"]));
    assert_eq!(holds(&of(json!("integer")), &of(json!("number"))), (true, false));
    assert_eq!(holds(&of(json!("string")), &of(json!(["string", "null"]))), (true, false));
    assert_eq!(holds(&of(json!("string")), &of(json!("integer"))), (false, false));
    let anything = object(json!({ "a": {} }), json!(["a"]));
    assert_eq!(holds(&anything, &of(json!("string"))), (false, true));
}

#[test]
fn values_bounds_and_items_are_compared_too() {
    let colours = |list: Value| json!({ "enum": list });
    assert_eq!(holds(&colours(json!(["red"])), &colours(json!(["red", "blue"]))), (true, false));
    let from = |minimum: u32| json!({ "type": "integer", "minimum": minimum });
    assert_eq!(holds(&from(1), &from(0)), (true, false));
    let list = |items: Value| json!({ "type": "array", "items": items });
    assert_eq!(holds(&list(from(1)), &list(from(0))), (true, false));
    let open = object(json!({ "a": {}, "b": {} }), json!([]));
    let closed = json!({ "type": "object", "properties": { "a": {} }, "required": [],
        "additionalProperties": false });
    assert_eq!(holds(&open, &closed), (false, true), "b may be written, and is not read");
}

#[test]
fn what_cannot_be_compared_must_stay_and_notes_do_not_matter() {
    let pattern = |text: &str| json!({ "type": "string", "pattern": text });
    assert_eq!(holds(&pattern("^a"), &pattern("^a")), (true, true));
    assert_eq!(holds(&pattern("^a"), &pattern("^b")), (false, false));
    let titled = json!({ "type": "string", "title": "A name", "x-rust-type": "Name" });
    assert_eq!(holds(&json!({ "type": "string" }), &titled), (true, true));
}

#[test]
fn references_are_followed_also_in_circles() {
    let tree = |kind: &str| {
        json!({ "$ref": "#/$defs/tree", "$defs": { "tree": { "type": "object", "required": ["value"],
            "properties": { "value": { "type": kind },
                "children": { "type": "array", "items": { "$ref": "#/$defs/tree" } } } } } })
    };
    assert_eq!(holds(&tree("integer"), &tree("integer")), (true, true));
    let found = differences(&tree("integer"), &tree("string"), Backward);
    assert_eq!(found[0].at, "/value", "{found:?}");
}

#[test]
fn what_breaks_is_said_with_its_place_and_whom_it_breaks() {
    let line = |kind: &str| object(json!({ "price": { "type": kind } }), json!(["price"]));
    let order = |kind: &str| {
        object(json!({ "lines": { "type": "array", "items": line(kind) } }), json!(["lines"]))
    };
    let found = differences(&order("integer"), &order("string"), Forward);
    let said: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["/lines/items/price: string may be written, integer is read (older readers)"]
    );
}
