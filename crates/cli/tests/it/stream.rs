//! `headwater stream`: what was appended is read, and a script can tell how it went.

use crate::headwater::Place;
use std::io::Write;
use std::process::Stdio;

const APPEND: [&str; 5] = ["stream", "append", "order-1", "--type", "OrderPlaced"];

fn append(place: &Place, more: &[&str]) -> crate::headwater::Ran {
    place.run(&[&APPEND, more].concat())
}

#[test]
fn what_was_appended_is_read_as_it_was_at_each_position() {
    let place = Place::new();
    for total in 1..=3 {
        let payload = format!("{{\"total\":{total}}}");
        append(&place, &["--payload", &payload, "--expect", "any"]).good();
    }
    let read = place.run(&["stream", "read", "order-1", "--output", "json"]).good().json();
    let totals: Vec<_> = read.iter().map(|event| event["payload"]["total"].clone()).collect();
    assert_eq!(totals, [1, 2, 3]);
    let then = ["stream", "read", "order-1", "--as-of", "1", "--backwards", "--output", "json"];
    let revisions: Vec<_> =
        place.run(&then).good().json().iter().map(|event| event["revision"].clone()).collect();
    assert_eq!(revisions, [1, 0]);
    let at = read[0]["recorded_at"].as_str().expect("an instant");
    let first = place.run(&["stream", "read", "--all", "--as-of", at]).good();
    assert!(first.out.contains("order-1@0"), "{}", first.out);
}

#[test]
fn a_conflict_ends_with_3_and_says_what_is() {
    let place = Place::new();
    append(&place, &["--expect", "no-stream"]).good();
    let refused = append(&place, &["--expect", "no-stream"]);
    assert_eq!(refused.code, 3);
    let (said, next) = refused.err.split_once('\n').expect("two lines");
    assert_eq!(said, "headwater: stream order-1 is at revision 0, expected no stream");
    assert!(next.contains("--expect"), "and what to do next: {next}");
    let json = append(&place, &["--expect", "7", "--output", "json"]);
    assert_eq!((json.code, json.out.as_str()), (3, ""));
    assert!(json.err.contains("append.wrong_revision"), "{}", json.err);
}

/// A4: a script that was interrupted runs again, and nothing is there twice.
#[test]
fn the_same_id_again_answers_the_same() {
    let place = Place::new();
    let id = ["--id", "0192f0c4-0000-7000-8000-000000000001", "--expect", "no-stream"];
    append(&place, &id).good();
    let again = append(&place, &[&id[..], &["--output", "json"]].concat()).good().json();
    assert_eq!((&again[0]["replayed"], &again[0]["position"]), (&true.into(), &0.into()));
    let other = append(&place, &[&id[..], &["--payload", "{\"other\":1}"]].concat());
    assert_eq!(other.code, 3, "{}", other.err);
}

#[test]
fn lines_of_standard_input_are_one_append() {
    let place = Place::new();
    let feed = |lines: &str| {
        let arguments = ["stream", "append", "order-2", "--stdin", "--expect", "any"];
        let mut child = place.command(&arguments);
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("it was piped");
        stdin.write_all(lines.as_bytes()).expect("it reads");
        drop(stdin);
        crate::headwater::Ran::from(child.wait_with_output().expect("it ends"))
    };
    let bad = feed("{\"type\":\"A\"}\n{\"type\":}\n");
    assert_eq!(bad.code, 1);
    assert!(bad.err.contains("line 2"), "{}", bad.err);
    feed("{\"type\":\"A\",\"tags\":[\"course:7\"]}\n{\"type\":\"B\"}\n").good();
    let tagged = ["stream", "read", "--all", "--tag", "course:7", "--output", "json"];
    let types: Vec<_> =
        place.run(&tagged).good().json().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["A"], "the first attempt wrote nothing");
}

#[test]
fn a_typing_error_finds_nothing_and_makes_nothing() {
    let place = Place::new();
    assert_eq!(place.run(&["stream", "ls"]).code, 4, "no store");
    append(&place, &["--expect", "any"]).good();
    let ran = place.run(&["stream", "ls", "--context", "oders"]);
    assert_eq!(ran.code, 4);
    assert_eq!(ran.err, "headwater: there is no context oders; there are: default\n");
    assert_eq!(place.run(&["stream", "read", "order-2"]).code, 4);
    assert_eq!(place.run(&["stream", "append", "order-1", "--expect", "any"]).code, 2, "usage");
}

#[test]
fn what_people_see_is_aligned_and_says_when_there_is_nothing() {
    let place = Place::new();
    append(&place, &["--expect", "any"]).good();
    let long = ["stream", "append", "order-much-longer", "--type", "A", "--expect", "any"];
    place.run(&long).good();
    let column = |line: &str, what: &str| line.find(what).expect("it is in the line");
    let read = place.run(&["stream", "read", "--all"]).good().out;
    let lines: Vec<&str> = read.lines().collect();
    assert_eq!(column(lines[0], " OrderPlaced "), column(lines[1], " A "), "{read}");
    assert_eq!(column(lines[0], "{}"), column(lines[1], "{}"), "{read}");
    let listed = place.run(&["stream", "ls", "-n", "1"]).good().out;
    assert!(listed.starts_with("STREAM") && listed.contains("… and more"), "{listed}");
    assert!(place.run(&["stream", "ls", "-n", "2"]).good().out.lines().count() == 3);
    let none = place.run(&["stream", "ls", "invoice"]).good().out;
    assert_eq!(none, "no stream's name begins with invoice\n");
    let none = place.run(&["stream", "read", "--all", "--type", "Nope"]).good().out;
    assert_eq!(none, "no events match\n");
}

#[test]
fn exit_codes_are_found_where_they_are_looked_for() {
    let place = Place::new();
    let help = place.run(&["--help"]).good().out;
    assert!(help.contains("\n  5  the files are damaged\n"), "{help}");
    for command in [&["verify"][..], &["stream", "append"], &["parked"], &["dev"]] {
        let help = place.run(&[command, &["--help"]].concat()).good().out;
        assert!(help.contains("Exit codes"), "{help}");
    }
}
