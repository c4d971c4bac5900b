//! What a server process tells a collector, and where it was told so.

use crate::headwater::{Place, Ran};
use headwater_telemetry::collector::Collector;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The line of a setting.
fn of<'a>(shown: &'a [Value], setting: &str) -> &'a Value {
    let setting = format!("telemetry.{setting}");
    shown.iter().find(|line| line["setting"] == setting.as_str()).expect("it is shown")
}

#[test]
fn a_setting_is_stronger_than_a_standard_variable_and_both_say_where_they_are_from() {
    let place = Place::new();
    let file =
        "[telemetry]\nsample_ratio = 0.01\notlp_headers = 'authorization=Basic%20c2VjcmV0'\n";
    fs::write(place.path().join("headwater.toml"), file).expect("written");
    let mut command = place.command(&["config", "show", "--output", "json"]);
    command.env(ENDPOINT, "http://collector:4318").env("OTEL_SERVICE_NAME", "store");
    command.env("OTEL_TRACES_SAMPLER", "always_off").env("OTEL_METRIC_EXPORT_INTERVAL", "5000");
    let ran: Ran = command.output().expect("it runs").into();
    let ran = ran.good();
    assert!(!format!("{}{}", ran.out, ran.err).contains("c2VjcmV0"), "{}", ran.out);
    let shown = ran.json();
    let endpoint = of(&shown, "otlp_endpoint");
    assert_eq!(endpoint["value"], "http://collector:4318");
    assert_eq!(endpoint["from"], json!({ "kind": "environment", "variable": ENDPOINT }));
    assert_eq!(of(&shown, "service_name")["value"], "store");
    assert_eq!(of(&shown, "metrics_every")["value"], 5_000);
    assert_eq!(of(&shown, "sample_ratio")["value"], 0.01);
    assert_eq!(of(&shown, "sample_ratio")["from"]["kind"], "file");
    assert_eq!(of(&shown, "otlp_headers")["value"], "(1 hidden)");
    assert_eq!(of(&shown, "otlp_protocol")["from"]["kind"], "default");
}

#[test]
fn what_is_wrong_is_named_and_variables_for_others_do_no_harm() {
    let place = Place::new();
    let show = |variables: &[(&str, &str)], more: &[&str]| -> Ran {
        let mut command = place.command(&[&["config", "show"], more].concat());
        command.envs(variables.iter().copied()).output().expect("it runs").into()
    };
    for (name, text) in [
        (ENDPOINT, "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_TRACES_SAMPLER", "xray"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
    ] {
        let ran = show(&[(ENDPOINT, "http://c:1"), (name, text)], &[]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.out);
        let says = if name == ENDPOINT { "telemetry.otlp_endpoint" } else { name };
        assert!(ran.err.contains(says) && !ran.err.contains("secret"), "{}", ran.err);
    }
    assert_eq!(show(&[("OTEL_TRACES_SAMPLER", "xray")], &[]).code, 0, "nobody is told anything");
    let ran = show(&[], &["--set", "telemetry.otlp_headers=a=b"]);
    assert!(ran.code == 2 && ran.err.contains("otlp_endpoint names none"), "{}", ran.err);
}

/// A server that is stopped takes what it has not told yet with it, unless it tells it first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_has_told_all_of_it() {
    let (place, collector) = (Place::new(), Collector::start().await);
    let mut command = place.command(&["server", "--listen", "127.0.0.1:0", "--output", "json"]);
    command.env(ENDPOINT, collector.endpoint()).env("OTEL_SERVICE_NAME", "the-store");
    let mut server = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut line = String::new();
    let out = server.stdout.take().expect("it was piped");
    BufReader::new(out).read_line(&mut line).expect("it says where it is");
    let said: Value = serde_json::from_str(&line).expect("as JSON");
    let at = format!("{}/demo", said["server"].as_str().expect("an address"));
    let append = ["stream", "append", "order-1", "--type", "Placed", "--expect", "no-stream"];
    let ran = place.run(&[&append[..], &["--server", &at]].concat());
    let killed = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
    assert!(killed.expect("it is sent").success());
    assert!(server.wait().expect("it ends").success(), "{}", ran.err);
    let seen = collector.seen();
    let span = seen.spans.iter().find(|span| span.name.starts_with("append"));
    let span = span.unwrap_or_else(|| panic!("{} {} {seen:?}", ran.out, ran.err));
    assert_eq!(span.service, "the-store");
    assert_eq!(span.attribute("headwater.stream"), Some("order-1"));
    assert!(seen.metrics.iter().any(|metric| metric.name == "headwater_appends_total"));
}
