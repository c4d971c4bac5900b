//! `headwater schema`: a person registers what events look like, is told what would break, and has it enforced.

use crate::headwater::{Place, Ran};

const ORDER: &str =
    r#"{"type":"object","required":["total"],"properties":{"total":{"type":"integer"}}}"#;
const BROKEN: &str =
    r#"{"type":"object","required":["total"],"properties":{"total":{"type":"string"}}}"#;

fn append(place: &Place, payload: &str) -> Ran {
    let append = ["stream", "append", "order-1", "--type", "OrderCreated", "--expect", "any"];
    place.run(&[&append[..], &["--payload", payload]].concat())
}

#[test]
fn a_schema_is_registered_compared_and_enforced() {
    let place = Place::new();
    let folder = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (order, broken) = (file("order.json", ORDER), file("broken.json", BROKEN));
    append(&place, r#"{"total":"five"}"#).good();
    place.run(&["schema", "register", "OrderCreated", &order]).good();
    let again = place.run(&["schema", "register", "OrderCreated", &order]).good();
    assert!(again.out.contains("stood there already"), "{}", again.out);
    let refused = place.run(&["schema", "check", "OrderCreated", &broken]);
    assert_eq!((refused.code, refused.err.contains("/total")), (3, true), "{}", refused.err);
    let shown = place.run(&["schema", "show", "OrderCreated", "--output", "json"]).good().json();
    assert_eq!(shown[0]["schema"]["required"][0], "total");
    assert_eq!(place.run(&["schema", "show", "Nothing"]).code, 4);
    let set = ["schema", "rules", "--compatibility", "full", "--enforce", "known"];
    let rules = place.run(&set).good();
    assert!(rules.out.contains("FULL; events with a schema must fit it"), "{}", rules.out);
    let listed = place.run(&["schema", "ls"]).good();
    assert!(listed.out.contains("OrderCreated"), "{}", listed.out);
    append(&place, r#"{"total":5}"#).good();
    let refused = append(&place, r#"{"total":"five"}"#);
    assert!(refused.code != 0 && refused.err.contains("/total"), "{}", refused.err);
}
