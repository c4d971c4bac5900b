//! A server with a certificate, as whoever runs it meets it.

use crate::headwater::Place;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running server, which does not outlive its test.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) server: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn start(place: &Place, arguments: &[&str]) -> Running {
    let arguments = [&["server", "--output", "json"], arguments].concat();
    let mut command = place.command(&arguments);
    command.env("RUST_LOG", "headwater_server=info");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it was piped");
    BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
    let announced: Value = serde_json::from_str(&line).expect("as JSON");
    let server = announced["server"].as_str().expect("an address").to_owned();
    Running { child, server }
}

/// A certificate that is its own authority, in `c.pem` and `k.pem`.
pub(crate) fn certify(place: &Place) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(place.path().join("c.pem"), cert.pem()).expect("written");
    fs::write(place.path().join("k.pem"), signing_key.serialize_pem()).expect("written");
}

pub(crate) const WITH_TLS: &[&str] =
    &["--listen", "127.0.0.1:0", "--tls-certificate", "c.pem", "--tls-key", "k.pem"];

#[test]
fn a_server_takes_up_new_certificates_when_it_is_told() {
    let place = Place::new();
    certify(&place);
    let mut running = start(&place, WITH_TLS);
    let port = running.server.rsplit_once(':').expect("a port").1;
    let address = format!("headwaters://localhost:{port}?ca=c.pem");
    let list = ["stream", "ls", "--server", &address];
    let append = ["stream", "append", "order-1", "--type", "A", "--expect", "any"];
    place.run(&[&append[..], &list[2..]].concat()).good();
    certify(&place);
    let old = place.run(&list);
    assert_eq!(old.code, 6, "the new authority does not know the old certificate");
    assert!(old.err.contains("?ca=FILE"), "{}", old.err);
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().expect("kill is there").success());
    let log = BufReader::new(running.child.stderr.take().expect("it was piped"));
    let told = |line: &str| line.contains("new certificates are in use");
    assert!(log.lines().any(|line| told(&line.expect("text"))), "it ended without a word");
    place.run(&list).good();
}

/// Whoever can be reached from elsewhere must not be open by mistake: each thing that is missing is
/// named, and nothing less than both, or plain words, will do.
#[test]
fn other_machines_come_in_by_tls_and_with_certificates_or_because_somebody_said_so() {
    let place = Place::new();
    certify(&place);
    let anywhere = ["--set", "listen=0.0.0.0:0"];
    let refused = |arguments: &[&str], says: &str| {
        let ran = place.run(&[&["server"], arguments, &anywhere].concat());
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
    };
    refused(&[], "nothing is encrypted, and nobody is asked who they are");
    refused(WITH_TLS, "and nobody is asked who they are");
    let asked = ["--tls-callers", "asked", "--tls-authority", "c.pem"];
    refused(&[WITH_TLS, &asked].concat(), "nobody is asked who they are");
    let required = ["--tls-callers", "required", "--tls-authority", "c.pem"];
    drop(start(&place, &[WITH_TLS, &required, &anywhere].concat()));
    drop(start(&place, &[&["--insecure-listen-anywhere"], &anywhere[..]].concat()));
}
