//! A service of the shop as its operator meets it: a process with settings, asked over HTTP, and
//! stopped by a signal.
//!
//! Each service's tests read this file, because only they know where their own program is.

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A service that runs; killed when it is dropped.
pub(crate) struct Started {
    child: Child,
    url: String,
}

/// The program, in this directory, with these flags, and nothing of our own environment's settings.
fn program(path: &str, directory: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(path);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HEADWATER_")) {
        command.env_remove(name);
    }
    command.current_dir(directory).args(flags).env("RUST_LOG", "info").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Starts it at any free port, and waits until it listens.
pub(crate) fn start(path: &str, directory: &Path, flags: &[&str]) -> Started {
    let flags = [&["--listen", "127.0.0.1:0"], flags].concat();
    let mut child = program(path, directory, &flags).spawn().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let log = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = line["fields"]["address"].as_str() {
                let _ = tell.send(format!("http://{address}")); // only the first is waited for
            }
        }
    });
    let url = told.recv().expect("it ended before it listened");
    Started { child, url }
}

/// Runs it to its end: the exit code, and what it said.
pub(crate) fn refused(path: &str, directory: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(path, directory, flags).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

impl Started {
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(self.client().get(format!("{}{path}", self.url))).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(self.client().post(format!("{}{path}", self.url)).json(&body)).await
    }

    fn client(&self) -> Client {
        // A kept connection would outlive the process it leads to.
        Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
    }

    async fn ask(&self, request: RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Waits until its readers keep up.
    pub(crate) async fn is_ready(&self) {
        while self.get("/readyz").await.0 != 200 {}
    }

    /// Stops it as a service manager does; whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}
