//! `headwater server`: one process has the files, the others have its address.

use crate::headwater::{Place, Ran};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

const LOG: &str = "server.log";

/// A running `headwater server`, which does not outlive its test.
pub(crate) struct Running {
    child: Child,
    pub(crate) server: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_at(place, "127.0.0.1:0")
    }

    /// The same, with what it says on its way in `server.log`.
    pub(crate) fn start_logged(place: &Place) -> Self {
        let log = std::fs::File::create(place.path().join(LOG)).expect("a new file");
        Self::start_with(place, "127.0.0.1:0", log.into())
    }

    fn start_at(place: &Place, listen: &str) -> Self {
        Self::start_with(place, listen, Stdio::inherit())
    }

    fn start_with(place: &Place, listen: &str, log: Stdio) -> Self {
        let arguments = ["server", "--listen", listen, "--output", "json"];
        let mut command = place.command(&arguments);
        let command = command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("it was piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
        let announced: Value = serde_json::from_str(&line).expect("as JSON");
        let server = announced["server"].as_str().expect("an address").to_owned();
        Self { child, server }
    }

    /// Ends it with `kill -9`, and starts another over the same files at the same address.
    pub(crate) fn killed(mut self, place: &Place) -> Self {
        self.child.kill().expect("SIGKILL is sent");
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(9), "it did not die of something else: {status}");
        let listen = self.server.replace("headwater://", "");
        Self::start_at(place, &listen)
    }

    /// Asks it to stop, as a service manager would.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
        assert!(asked.success());
        assert!(self.child.wait().expect("it ends").success(), "it drains and ends well");
    }

    /// As [`Self::stop`], and answers with what it said on its way.
    pub(crate) fn stop_logged(self, place: &Place) -> String {
        self.stop();
        std::fs::read_to_string(place.path().join(LOG)).expect("it was written")
    }

    pub(crate) fn port(&self) -> u16 {
        let port = self.server.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("an address ends with a port")
    }

    /// One of the kernel's figures about the memory of the process.
    pub(crate) fn memory_kib(&self, figure: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it runs, on Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(figure)).expect("a figure");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// What a command about streams answers, asked of this server.
    fn ask(&self, elsewhere: &Place, arguments: &[&str]) -> Ran {
        elsewhere.run(&[&["stream"], arguments, &["--server", &self.server]].concat())
    }
}

/// A2: what was appended through the server is in its files when it has ended.
#[test]
fn other_processes_work_with_the_store_of_a_server() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let running = Running::start(&place);
    let append = ["append", "order-1", "--type", "OrderPlaced", "--expect", "no-stream"];
    running.ask(&elsewhere, &append).good();
    let refused = running.ask(&elsewhere, &append);
    assert_eq!(refused.code, 3);
    let says = "headwater: stream order-1 is at revision 0, expected no stream\n";
    assert!(refused.err.starts_with(says), "{}", refused.err);
    let read = running.ask(&elsewhere, &["read", "order-1", "--output", "json"]).good().json();
    assert_eq!(read[0]["type"], "OrderPlaced");
    let typing_error = running.ask(&elsewhere, &["read", "order-1", "--context", "ordres"]);
    assert_eq!(typing_error.code, 4, "{}", typing_error.err);
    running.stop();
    let streams = place.run(&["stream", "ls", "--output", "json"]).good().json();
    assert_eq!((streams.len(), &streams[0]["stream"]), (1, &Value::from("order-1")));
}

#[test]
fn other_machines_are_let_in_only_if_somebody_says_so() {
    let place = Place::new();
    let refused = place.run(&["server", "--listen", "0.0.0.0:0", "--output", "json"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    let error: Value = serde_json::from_str(&refused.err).expect("JSON");
    assert_eq!(error["error"]["code"], "server.exposed");
}
