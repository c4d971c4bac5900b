//! `headwater health`, `top` and `profile`: looking at a server, by its name.

use crate::headwater::{Place, Ran};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

/// A running server, which does not outlive its test.
struct Running {
    child: Child,
    server: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(place: &Place, more: &[&str]) -> Self {
        let listen = ["server", "--listen", "127.0.0.1:0", "--output", "json"];
        let mut command = place.command(&[&listen, more].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
        let announced: Value = serde_json::from_str(&line).expect("as JSON");
        let server = announced["server"].as_str().expect("an address").to_owned();
        Self { child, server }
    }
}

/// A run with a folder for settings of its own.
fn run(place: &Place, arguments: &[&str]) -> Ran {
    let mut command = place.command(arguments);
    command.env("XDG_CONFIG_HOME", place.path().join("settings"));
    command.output().expect("it runs").into()
}

#[test]
fn health_is_an_exit_code_and_says_why_not() {
    let place = Place::new();
    let running = Running::start(&place, &["--drain-for", "1 h"]);
    let server = running.server.clone();
    let health = ["health", "--server", &server];
    assert_eq!(place.run(&health).good().out, format!("{server} is ready: 0 contexts\n"));
    let alive = place.run(&[&health[..], &["--live", "--output", "json"]].concat()).good().json();
    assert_eq!(alive[0]["live"], true);
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there").success());
    // It has heard of it once it says so; until then it is ready.
    let draining = loop {
        let ran = place.run(&health);
        if ran.code != 0 {
            break ran;
        }
    };
    assert_eq!(draining.code, 6, "{}", draining.err);
    place.run(&[&health[..], &["--live"]].concat()).good();
    drop(running);
    let gone = place.run(&health);
    assert_eq!(gone.code, 6);
    assert!(gone.err.contains("does not answer"), "{}", gone.err);
}

#[test]
fn top_shows_each_context_to_people_and_to_scripts() {
    let place = Place::new();
    let running = Running::start(&place, &[]);
    let server = ["--server", &running.server];
    let append = ["stream", "append", "order-1", "--type", "A", "--expect", "any", "-c", "orders"];
    for _ in 0..3 {
        run(&place, &[&append[..], &server].concat()).good();
    }
    let top = ["top", "--once", "--every", "10 ms"];
    let text = run(&place, &[&top[..], &server].concat()).good().out;
    let line = text.lines().find(|line| line.starts_with("orders ")).expect("its line");
    assert_eq!(line.split_whitespace().nth(1), Some("3"), "{text}");
    assert!(!text.contains('\x1b'), "a pipe is no screen");
    let values = run(&place, &[&top[..], &server, &["--output", "json"]].concat()).good().json();
    assert_eq!((&values[0]["context"], &values[0]["events"]), (&"orders".into(), &3.into()));
    assert_eq!((&values[0]["groups"], &values[0]["parked"]), (&0.into(), &0.into()));
}

/// What is kept for its owner alone is also shown to nobody who looks over their shoulder.
#[test]
fn a_password_in_a_profile_is_used_and_not_shown() {
    let place = Place::new();
    let add = ["profile", "add", "one", "--server", "headwater://ana:geheim@127.0.0.1:1"];
    let mut said = vec![run(&place, &add).good(), run(&place, &["profile", "use", "one"]).good()];
    said.push(run(&place, &["profile", "ls"]).good());
    said.push(run(&place, &["stream", "ls", "--help"]).good());
    said.push(run(&place, &["health"]));
    for ran in &said {
        assert!(
            !ran.out.contains("geheim") && !ran.err.contains("geheim"),
            "{}{}",
            ran.out,
            ran.err
        );
    }
    let file = place.path().join("settings/headwater/profiles.toml");
    assert!(std::fs::read_to_string(file).expect("the file").contains("ana:geheim"));
}

/// Two servers, one name each: what is used is what was said last, and a flag wins over all.
#[test]
fn a_profile_fills_in_what_no_flag_says() {
    let (place, other) = (Place::new(), Place::new());
    let (one, two) = (Running::start(&place, &[]), Running::start(&other, &[]));
    let add = ["profile", "add", "one", "--server", &one.server, "--context", "orders"];
    run(&place, &add).good();
    let again = run(&place, &add);
    assert!(again.code == 1 && again.err.contains("--replace"), "{}", again.err);
    run(&place, &["profile", "add", "two", "--server", &two.server]).good();
    let append = ["stream", "append", "order-1", "--type", "A", "--expect", "any"];
    run(&place, &[&append[..], &["--profile", "one"]].concat()).good();
    run(&place, &["profile", "use", "one"]).good();
    let list = ["stream", "ls", "--output", "json"];
    assert_eq!(run(&place, &list).good().json().len(), 1, "its context too");
    let elsewhere = run(&place, &[&list[..], &["--context", "default"]].concat());
    assert_eq!(elsewhere.code, 4, "a flag wins: that context is not there");
    let directory = run(&place, &[&list[..], &["--data", "nowhere"]].concat());
    assert!(directory.err.contains("nowhere has no store"), "{}", directory.err);
    let two = run(&place, &[&list[..], &["--server", &two.server]].concat());
    assert_eq!(two.code, 4, "{}", two.err);
    let shown = run(&place, &["profile", "ls", "--output", "json"]).good().json();
    let used: Vec<_> = shown.iter().map(|line| line["used"].as_bool().expect("said")).collect();
    assert_eq!(used, [true, false]);
    let unknown = run(&place, &[&list[..], &["--profile", "tow"]].concat());
    assert_eq!(unknown.code, 4);
    assert!(unknown.err.contains("there is no profile tow; there are: one, two"));
    run(&place, &["profile", "rm", "one"]).good();
    assert!(run(&place, &list).code != 0, "no profile is used, and here is no store");
    let file = place.path().join("settings/headwater/profiles.toml");
    let mode = std::fs::metadata(file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "its owner's alone");
}
