//! Who takes part: each with a client process, and a server process that it talks to.

use super::driver::Driver;
use super::names::{ECHO, HEADWATER, KURRENT, POSTGRES, REDIS, UMADB};
use super::outside::{self, Outside};
use crate::child::Running;
use crate::drive::{Done, Task};
use crate::folder;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One side, started.
pub(crate) struct Side {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    driver: Driver,
}

impl Side {
    /// Has its client do something.
    pub(crate) fn run(&mut self, task: Task) -> anyhow::Result<Done> {
        self.driver.run(task).with_context(|| format!("{}: {task:?}", self.name))
    }
}

/// All sides. Servers end with this value.
pub(crate) struct Sides {
    /// Headwater by its own client first, then by KurrentDB's, then the peers.
    pub(crate) all: Vec<Side>,
    /// The echo, which keeps nothing.
    pub(crate) echo: Side,
    /// Who could not take part, and why.
    pub(crate) left_out: Vec<String>,
    servers: Servers,
}

#[derive(Default)]
struct Servers {
    own: Vec<Running>,
    _outside: Vec<Outside>,
}

type Start = fn(&Path, &Path) -> anyhow::Result<Outside>;

const PEERS: [(&str, Start); 3] = [
    (UMADB, outside::umadb),
    (REDIS, |dir, _| outside::redis(dir)),
    (POSTGRES, |dir, _| outside::postgres(dir)),
];

impl Sides {
    /// Starts all that can be had here.
    pub(crate) fn start(dir: &Path, peers: Option<&Path>) -> anyhow::Result<Self> {
        folder::empty(dir)?;
        let mut servers = Servers::default();
        let address = servers.own("serve-headwater", &dir.join("headwater"))?;
        let driver = Driver::own("drive-headwater", &address)?;
        let mut all = vec![Side { name: HEADWATER, driver }];
        let mut left_out = Vec::new();
        match peers.map(outside::clients) {
            Some(Ok(clients)) => {
                let peers = peers.unwrap_or(dir);
                let kurrent = Driver::start(Command::new(&clients).args(["kurrent", &address]))?;
                all.push(Side { name: KURRENT, driver: kurrent });
                for (name, start) in PEERS {
                    let started = start(&dir.join(name), peers)
                        .and_then(|server| Ok((driver_of(&clients, name, &server)?, server)));
                    match started {
                        Ok((driver, server)) => {
                            all.push(Side { name, driver });
                            servers._outside.push(server);
                        }
                        Err(error) => left_out.push(format!("{name}: {error:#}")),
                    }
                }
            }
            Some(Err(error)) => left_out.push(format!("all peers: {error:#}")),
            None => left_out.push("all peers: not asked for".to_owned()),
        }
        let address = servers.own("serve-echo", dir)?;
        let echo = Side { name: ECHO, driver: Driver::own("drive-echo", &address)? };
        Ok(Self { all, echo, left_out, servers })
    }

    /// Ends clients, then servers.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        for side in self.all.into_iter().chain([self.echo]) {
            side.driver.stop()?;
        }
        self.servers.own.into_iter().try_for_each(Running::kill)
    }
}

impl Servers {
    /// This program as a server; where it listens.
    fn own(&mut self, task: &str, dir: &Path) -> anyhow::Result<String> {
        let mut running = Running::start(task, dir)?;
        let address = running.line()?;
        self.own.push(running);
        Ok(address)
    }
}

fn driver_of(clients: &PathBuf, name: &str, server: &Outside) -> anyhow::Result<Driver> {
    Driver::start(Command::new(clients).args([name, &server.address()]))
}
