//! A service as a process of its own: told to stop, and killed.
//!
//! A2 and C1 across `kill -9`: what was answered is there afterwards, once. The process is this test
//! binary again, told by its environment to be the service.

use crate::{orders, stock};
use headwater::prelude::*;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Where the child keeps its data; whoever has this variable is the child.
const DIRECTORY: &str = "HEADWATER_TEST_DIRECTORY";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_the_other_tests_start() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let store = Store::open(&format!("file:{}", directory.join("store").display())).await.unwrap();
    let sites = [orders::site(&store, directory), stock::site(&store, directory)];
    Services::of(sites).serve().await.unwrap();
}

/// A process that serves orders and stock.
struct Town {
    process: Child,
    orders: String,
    stock: String,
}

impl Town {
    fn start(directory: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::the_process_that_the_other_tests_start", "--nocapture"])
            .env(DIRECTORY, directory)
            .env("RUST_LOG", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let listening = log.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).ok()?;
            line["fields"]["address"].as_str().map(|address| format!("http://{address}"))
        });
        let [orders, stock] = listening.take(2).collect::<Vec<_>>().try_into().unwrap();
        Self { process, orders, stock }
    }

    fn end(mut self, signal: &str) -> ExitStatus {
        let told = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(told.unwrap().success());
        self.process.wait().unwrap()
    }

    /// Places an order of one; where it stands.
    async fn place(&self, http: &reqwest::Client, key: &str) -> String {
        let order = json!({ "item": "tea", "count": 1 });
        let request = http.post(format!("{}/orders", self.orders)).header("Idempotency-Key", key);
        let answer = request.json(&order).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 201);
        answer.headers()["headwater-position"].to_str().unwrap().to_owned()
    }

    /// How much is taken, once stock's readers have nothing left to do.
    async fn taken(&self, http: &reqwest::Client) -> Value {
        let page = |path: &str| http.get(format!("{}{path}", self.stock)).send();
        loop {
            let ready: Value = page("/readyz").await.unwrap().json().await.unwrap();
            let readers = ready["readers"].as_array();
            if readers.is_some_and(|readers| readers.iter().all(|reader| reader["lag"] == 0)) {
                return page("/taken/tea").await.unwrap().json().await.unwrap();
            }
        }
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended
    }
}

fn http() -> reqwest::Client {
    // A kept connection would outlive the process it leads to.
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test]
async fn a_process_that_is_told_to_stop_ends_in_good_order() {
    let (directory, http) = (tempfile::tempdir().unwrap(), http());
    let town = Town::start(directory.path());
    town.place(&http, "k1").await;
    assert_eq!(town.taken(&http).await, 1);
    assert!(town.end("-TERM").success(), "SIGTERM is no failure");
    let town = Town::start(directory.path());
    assert_eq!(town.taken(&http).await, 1);
    assert!(town.end("-INT").success(), "nor is ctrl-c");
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_answered() {
    let (directory, http) = (tempfile::tempdir().unwrap(), http());
    for round in 0..4_u64 {
        let town = Town::start(directory.path());
        let before = town.place(&http, &format!("{round} a")).await;
        assert_eq!(town.place(&http, &format!("{round} a")).await, before, "asked again");
        town.place(&http, &format!("{round} b")).await;
        if round % 2 == 0 {
            assert_eq!(town.taken(&http).await, 2 * (round + 1), "round {round}");
        }
        assert!(!town.end("-KILL").success());
    }
    let town = Town::start(directory.path());
    town.place(&http, "3 b").await;
    assert_eq!(town.taken(&http).await, 8, "each once");
    assert!(town.end("-TERM").success());
}
