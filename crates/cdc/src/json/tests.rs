//! Values of every type, as JSON shows them: exact, and never broken.

use super::*;

fn json(kind: &Kind, text: &str) -> String {
    let mut out = Vec::new();
    write(&mut out, kind, text, Decimals::Text);
    serde_json::from_slice::<&RawValue>(&out).expect("it is JSON, whatever it was given");
    String::from_utf8(out).expect("JSON is text")
}

#[test]
fn every_digit_of_a_number_is_kept() {
    assert_eq!(json(&Kind::Integer, "9223372036854775807"), "9223372036854775807");
    assert_eq!(json(&Kind::Decimal, "12345678901234567890.10"), "\"12345678901234567890.10\"");
    let mut out = Vec::new();
    write(&mut out, &Kind::Decimal, "12345678901234567890.10", Decimals::Number);
    assert_eq!(out, b"12345678901234567890.10");
    assert_eq!(json(&Kind::Float, "1.5e+300"), "1.5e+300");
    assert_eq!(json(&Kind::Float, "-Infinity"), "\"-Infinity\"");
    assert_eq!(json(&Kind::Decimal, "NaN"), "\"NaN\"");
}

#[test]
fn instants_are_rfc_3339_and_local_times_have_no_zone() {
    assert_eq!(json(&Kind::Instant, "2026-03-09 13:00:00.5+00"), "\"2026-03-09T13:00:00.5Z\"");
    assert_eq!(json(&Kind::LocalTime, "2026-03-09 13:00:00"), "\"2026-03-09T13:00:00\"");
    assert_eq!(json(&Kind::Instant, "infinity"), "\"infinity\"");
    assert_eq!(json(&Kind::LocalTime, "0044-03-15 12:00:00 BC"), "\"0044-03-15 12:00:00 BC\"");
}

#[test]
fn arrays_nest_and_keep_their_quotes_and_nulls() {
    let of = |kind| Kind::Array(Box::new(kind));
    assert_eq!(json(&of(Kind::Integer), "{1,NULL,3}"), "[1,null,3]");
    assert_eq!(json(&of(Kind::Integer), "[0:1]={{1,2},{3,4}}"), "[[1,2],[3,4]]");
    assert_eq!(
        json(&of(Kind::Text), r#"{a,"b,\"c\"\\","NULL",""}"#),
        r#"["a","b,\"c\"\\","NULL",""]"#
    );
    assert_eq!(json(&of(Kind::Text), "{}"), "[]");
    assert_eq!(json(&of(Kind::Json), r#"{"{\"a\": 1}"}"#), r#"[{"a": 1}]"#);
    for broken in ["{1,", "{1}2", "1", "{,}", "{{{{{{{1}}}}}}}", "[0:1]{1}"] {
        assert_eq!(json(&of(Kind::Integer), broken), format!("\"{broken}\""));
    }
}

#[test]
fn bytes_are_base64_and_documents_stand_as_they_are() {
    assert_eq!(json(&Kind::Bytes, "\\x00ff10"), "\"AP8Q\"");
    assert_eq!(json(&Kind::Bytes, "\\x0"), "\"\\\\x0\"");
    assert_eq!(
        json(&Kind::Json, r#"{"n": 12345678901234567890.1}"#),
        r#"{"n": 12345678901234567890.1}"#
    );
    assert_eq!(json(&Kind::Json, "{broken"), "\"{broken\"");
    assert_eq!(json(&Kind::Bool, "t"), "true");
    assert_eq!(json(&Kind::Text, "Jörg\n\"x\""), r#""Jörg\n\"x\"""#);
}

#[test]
fn what_is_no_number_never_breaks_the_document() {
    for text in ["", "-", "01", "1.", ".5", "1e", "0x1F", "1,5", "--1", "١"] {
        assert!(json(&Kind::Integer, text).starts_with('"'), "{text}");
    }
}
