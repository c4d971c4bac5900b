//! What the derives say when they cannot: the message, and the text that it points to.

use proc_macro2::TokenStream;
use syn::{DeriveInput, Result, parse_str};

type Derive = fn(&DeriveInput) -> Result<TokenStream>;

/// All that a derive has to say about `source`: where it points, and its words.
fn errors(derive: Derive, source: &str) -> Vec<(String, String)> {
    let input: DeriveInput = parse_str(source).unwrap();
    let error = derive(&input).unwrap_err();
    let told =
        |error: syn::Error| (error.span().source_text().unwrap_or_default(), error.to_string());
    error.into_iter().map(told).collect()
}

#[track_caller]
fn says(derive: Derive, source: &str, at: &str, words: &str) {
    let errors = errors(derive, source);
    let [(place, message)] = &errors[..] else { panic!("one error, not {errors:?}") };
    assert!(place.starts_with(at), "it points to {place:?}, not to {at:?}");
    assert!(message.contains(words), "it says {message:?}, not {words:?}");
}

#[test]
fn a_stream_id_names_its_category_and_wraps_a_string() {
    let derive: Derive = crate::stream_id::derive;
    says(derive, "struct OrderId(String);", "OrderId", "#[stream(\"order\")]");
    let dashed = "#[stream(\"order-item\")] struct OrderId(String);";
    says(derive, dashed, "\"order-item\"", "no `-`");
    says(derive, "#[stream(\"$all\")] struct OrderId(String);", "\"$all\"", "kept for the system");
    says(derive, "#[stream(\"order\")] struct OrderId(u64);", "OrderId", "OrderId(String)");
    says(derive, "#[stream(\"order\")] enum OrderId { A }", "OrderId", "OrderId(String)");
}

#[test]
fn an_event_is_plain_data_with_keys_that_are_known() {
    let derive: Derive = crate::event::derive;
    let misspelt = "#[event(prefx = \"Order\")] enum OrderEvent { Created }";
    says(derive, misspelt, "prefx", "`event` knows `prefix`, `public` and `retired`");
    says(derive, "enum OrderEvent { Created(String, u64) }", "(String, u64)", "name these fields");
    says(derive, "struct OrderEvent { total: u64 }", "OrderEvent", "on an enum");
    says(derive, "enum OrderEvent {}", "OrderEvent", "says nothing");
    says(derive, "enum OrderEvent<'a> { Created(&'a str) }", "<'a>", "plain data only");
    let tag = "enum OrderEvent { Created { #[tag(\"a:b\")] customer: String } }";
    says(derive, tag, "\"a:b\"", "a tag's key");
    let skipped = "enum OrderEvent { Created { #[serde(skip)] customer: String } }";
    says(derive, skipped, "skip", "`rename`, `alias` and `default`");
}

#[test]
fn a_personal_field_says_whom_it_is_about() {
    let derive: Derive = crate::event::derive;
    let unsaid = "enum E { Created { email: Personal<String> } }";
    says(derive, unsaid, "Personal", "say whom it is about");
    let plain = "enum E { Created { who: String, #[personal(subject = who)] email: String } }";
    says(derive, plain, "who", "only a `Personal<…>` is personal");
    let nobody = "enum E { Created { #[personal(subject = who)] email: Personal<String> } }";
    says(derive, nobody, "who", "there is no field `who`");
    let tagged = "enum E { Created { who: String, \
                  #[tag(\"email\")] #[personal(subject = who)] email: Personal<String> } }";
    says(derive, tagged, "email", "personal data must not be");
}

#[test]
fn an_events_older_shapes_are_all_there() {
    let derive: Derive = crate::event::derive;
    let missing = "enum OrderEvent { #[event(version = 3, was(V1))] Created }";
    says(derive, missing, "3", "version 3 has 2 older");
    says(
        derive,
        "enum OrderEvent { #[event(was(V1))] Created }",
        "Created",
        "version 1 has 0 older",
    );
    says(derive, "enum OrderEvent { #[event(version = 0)] Created }", "0", "begin with 1");
    let upcast = "enum OrderEvent { #[event(version = 3, was(V1, V2), upcast = split)] Created }";
    says(derive, upcast, "split", "one older shape");
    let twice = "enum OrderEvent { Created, #[event(name = \"Created\")] Made }";
    says(derive, twice, "Made", "stored as `Created`");
    let retired = "#[event(retired(\"Created\"))] enum OrderEvent { Created }";
    says(derive, retired, "\"Created\"", "in use");
}

#[test]
fn an_input_takes_ids_from_fields_that_are_there() {
    let derive: Derive = crate::input::derive;
    let no_field = "#[input(id = \"ordr\")] enum News { OrderCreated { order: String } }";
    says(derive, no_field, "OrderCreated", "no field `ordr`");
    let misspelt = "#[input(form = \"orders\")] enum News { OrderCreated }";
    says(derive, misspelt, "form", "`input` knows `from` and `id`");
    let twice = "enum News { A, #[input(name = \"A\")] B }";
    says(derive, twice, "B", "two variants read `A`");
    let empty = "#[input(from = \"\")] enum News { A }";
    says(derive, empty, "\"\"", "this is empty");
}

#[test]
fn a_refusal_says_why() {
    let derive: Derive = crate::refusal::derive;
    says(derive, "enum OrderRefusal { Unknown }", "Unknown", "why not?");
    let kind = "enum OrderRefusal { #[refusal(missing, \"it is gone\")] Unknown }";
    says(derive, kind, "missing", "`invalid`, `forbidden`, `not_found` and `conflict`");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let errors = errors(crate::refusal::derive, "enum OrderRefusal { Unknown, Exists }");
    assert_eq!(errors.len(), 2, "{errors:?}");
}

#[test]
fn a_request_says_whom_it_asks_and_what_it_is_about() {
    let derive: Derive = crate::command::derive;
    let nobody = "#[command(to = \"customers\")] enum Ask { Reserve { amount: u64 } }";
    says(derive, nobody, "Reserve", "which field says what it is about");
    let mistyped = "#[command(to = \"customers\", id = \"custmer\")] enum Ask { Reserve { customer: String } }";
    says(derive, mistyped, "Reserve", "no field `custmer`");
    let own = "#[command(id = \"customer\")] enum Ask { Reserve { customer: String } }";
    says(derive, own, "\"customer\"", "add `to`");
    let public =
        "#[command(to = \"customers\", id = \"c\", public)] enum Ask { Reserve { c: String } }";
    says(derive, public, "Ask", "that one says what is public");
    says(derive, "#[command(open)] enum Ask { Reserve }", "open", "`command` knows `public`");
}
