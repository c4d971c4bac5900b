//! `headwater config`: what a server would be told, and by whom.

use crate::headwater::Place;
use serde_json::{Value, json};
use std::fs;

/// The line of a setting.
fn of<'a>(shown: &'a [Value], setting: &str) -> &'a Value {
    shown.iter().find(|line| line["setting"] == setting).expect("it is shown")
}

#[test]
fn every_setting_says_where_it_came_from() {
    let place = Place::new();
    fs::write(place.path().join("headwater.toml"), "[limits]\nevent_bytes = '1 MiB'\n")
        .expect("written");
    let mut command =
        place.command(&["config", "show", "--listen", "127.0.0.1:7", "--output", "json"]);
    command.env("HEADWATER_LIMITS_IDLE_TIME", "90 s");
    let ran: crate::headwater::Ran = command.output().expect("it runs").into();
    let shown = ran.good().json();
    let event = of(&shown, "limits.event_bytes");
    assert_eq!(event["value"], 1_048_576);
    assert_eq!((&event["unit"], &event["default"]), (&json!("bytes"), &json!(4_194_304)));
    assert_eq!(event["from"], json!({ "kind": "file", "file": "headwater.toml", "line": 2 }));
    let idle = of(&shown, "limits.idle_time");
    assert_eq!((&idle["value"], &idle["unit"]), (&json!(90_000), &json!("ms")));
    assert_eq!(idle["from"]["variable"], "HEADWATER_LIMITS_IDLE_TIME");
    assert_eq!(of(&shown, "listen")["from"]["flag"], "--listen");
    assert_eq!(of(&shown, "tls.key")["from"]["kind"], "default");
    let text = place.run(&["config", "show", "--set", "limits.connections=9"]).good().out;
    let line =
        text.lines().find(|line| line.starts_with("limits.connections ")).expect("it is there");
    let words: Vec<&str> = line.split_whitespace().collect();
    let from = ["--set", "limits.connections"];
    assert_eq!(words[1..], [&["9", "connections", "4096", "connections"][..], &from].concat());
}

/// A server that starts with half of what it was told is worse than one that does not start.
#[test]
fn wrong_settings_stop_a_server_and_are_found_without_starting_one() {
    let place = Place::new();
    let file = place.path().join("wrong.toml");
    fs::write(&file, "listn = '127.0.0.1:1'\ndrain_for = 'soon'\n").expect("written");
    for arguments in [["server", "--config", "wrong.toml"], ["config", "check", "wrong.toml"]] {
        let ran = place.run(&arguments);
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("wrong.toml:1: there is no setting listn; is listen meant?"));
        assert!(ran.err.contains("wrong.toml:2: drain_for: write a duration"), "{}", ran.err);
    }
    fs::write(&file, "drain_for = '5 s'\n").expect("written");
    let ran = place.run(&["config", "check", "wrong.toml"]).good();
    assert_eq!(ran.out, "wrong.toml is right: 1 setting\n");
    let ran = place.run(&["server", "--tls-certificate", "c.pem"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("tls.certificate needs its tls.key"), "{}", ran.err);
}

/// The page is made by the program: `headwater config docs` prints its tables.
#[test]
fn the_documentation_has_the_settings_as_they_are() {
    let tables = Place::new().run(&["config", "docs"]).good().out;
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    let page = fs::read_to_string(page).expect("the page");
    let same = page.contains(tables.trim_end());
    assert!(same, "docs/settings.md must hold what `headwater config docs` prints:\n{tables}");
}
