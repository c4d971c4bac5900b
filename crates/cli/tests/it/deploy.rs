//! What is in `deploy/`: as far as it can be shown on any machine, it fits the program.

use crate::headwater::Place;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

fn deployed(name: &str) -> String {
    let file = format!("{}/../../deploy/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The variables that the settings know.
fn variables() -> BTreeSet<String> {
    let shown = Place::new().run(&["config", "show", "--output", "json"]).good().json();
    let variable = |line: &serde_json::Value| line["variable"].as_str().expect("a text").to_owned();
    shown.iter().map(variable).collect()
}

#[test]
fn the_unit_is_what_systemd_accepts_and_says_what_settings_know() {
    let unit = deployed("headwater.service");
    let known = variables();
    for line in unit.lines().filter_map(|line| line.strip_prefix("Environment=")) {
        let name = line.split('=').next().expect("a name");
        assert!(known.contains(name), "{name} is no setting");
    }
    // The program is where a package would put it; here it is where it was built.
    let place = Place::new();
    let unit = unit.replace("/usr/bin/headwater", env!("CARGO_BIN_EXE_headwater"));
    let file = place.path().join("headwater.service");
    fs::write(&file, unit).expect("written");
    let mut verify = Command::new("systemd-analyze");
    let Ok(ran) = verify.arg("verify").arg(&file).output() else {
        println!("SKIPPED: there is no systemd-analyze here; the unit was NOT verified");
        return;
    };
    let said = String::from_utf8_lossy(&ran.stderr);
    let about_it = said.lines().filter(|line| line.contains("headwater.service"));
    assert_eq!(about_it.collect::<Vec<_>>(), Vec::<&str>::new());
}

/// There is no engine here to build it with. What can be shown is that its parts fit each other, and
/// that what it runs is what the program takes.
#[test]
fn the_parts_of_the_dockerfile_fit_each_other_and_the_program() {
    let text = deployed("Dockerfile").replace("\\\n", " ");
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let instructions: Vec<(&str, &str)> =
        lines.map(|line| line.split_once(' ').unwrap_or((line, ""))).collect();
    let of = |name: &str| -> Vec<&str> {
        instructions.iter().filter(|(is, _)| *is == name).map(|(_, rest)| *rest).collect()
    };
    let known = [
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "ENV",
        "EXPOSE",
        "VOLUME",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ];
    for (name, _) in &instructions {
        assert!(known.contains(name), "{name} is no instruction that is meant here");
    }
    let stages: Vec<&str> =
        of("FROM").iter().filter_map(|f| f.split_once(" AS ")).map(|f| f.1).collect();
    for copy in of("COPY") {
        if let Some(from) = copy.split(' ').find_map(|word| word.strip_prefix("--from=")) {
            assert!(stages.contains(&from), "{from} is no stage");
        }
    }
    assert_eq!(of("USER"), ["nonroot"], "never root");
    let settings = variables();
    for pair in of("ENV") {
        let name = pair.split('=').next().expect("a name");
        assert!(settings.contains(name), "{name} is no setting");
    }
    let list = |text: &str| -> Vec<String> { serde_json::from_str(text).expect("a list of words") };
    let health = of("HEALTHCHECK")[0].split_once(" CMD ").expect("a command").1;
    for words in [list(health)[1..].to_vec(), list(of("CMD")[0])] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Place::new().run(&[&words[..], &["--help"]].concat()).good();
    }
    assert_eq!(list(of("ENTRYPOINT")[0]), ["/usr/bin/headwater"]);
}

/// systemd sends nobody here before the server is ready, and knows that a drain is no hang.
#[test]
fn a_service_manager_is_told_that_it_is_ready_and_that_it_stops() {
    let place = Place::new();
    let socket = place.path().join("notify");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    // A server that tells nothing fails this test instead of holding it up.
    manager.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let mut command = place.command(&["server", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &socket).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let told = || {
        let mut bytes = [0; 1_024];
        let count = manager.recv(&mut bytes).expect("something is told");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert!(told().contains("READY=1"));
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it was piped");
    BufReader::new(stdout).read_line(&mut line).expect("it was said before");
    assert!(line.contains("headwater listens at"), "{line}");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there").success());
    assert!(told().contains("STOPPING=1"));
    assert!(child.wait().expect("it ends").success());
}
