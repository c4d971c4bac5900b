//! PostgreSQL for a test.

mod session;

use crate::home::Home;
use crate::programs::{Package, Programs};
use crate::server::{Server, prepare};
use crate::{Options, OutsideError, Row, or_skip};
use rustix::process::Signal;
use session::Session;
use std::path::Path;
use std::sync::OnceLock;

const PACKAGE: Package = Package {
    server: "PostgreSQL",
    name: "postgresql-",
    program: "postgres",
    folders: &["usr/lib/postgresql/*/bin"],
};

/// Nothing is synced: a killed process loses nothing that it wrote, only a power cut would.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("jit", "off"),
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "60"),
    ("shared_buffers", "64MB"),
    ("log_min_messages", "warning"),
];

/// Who may do everything, without a password.
const USER: &str = "postgres";

/// A PostgreSQL server of the test's own. Dropping it ends it and removes its directory.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    programs: Programs,
    options: Options,
}

impl Postgres {
    /// Whether its programs are here or can be fetched.
    ///
    /// # Errors
    /// [`OutsideError::Missing`] says why not.
    pub fn look() -> Result<(), OutsideError> {
        Programs::find(&PACKAGE).map(drop)
    }

    /// Starts one over a fresh directory.
    ///
    /// # Errors
    /// [`OutsideError::Missing`] if it cannot be had here, else what failed.
    pub fn start(options: Options) -> Result<Self, OutsideError> {
        let programs = Programs::find(&PACKAGE)?;
        let home = Home::make()?;
        let mut init = home.command(&programs.program("initdb"));
        init.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust"]);
        init.arg(format!("--username={USER}")).arg("--pgdata=data");
        programs.equip(&mut init);
        prepare(&mut init)?;
        let ready = "ready to accept connections";
        let server = Server::at(home, ready, Signal::INT);
        let made = Self { server, programs, options };
        made.start_again()?;
        Ok(made)
    }

    /// One for all tests of this process, with logical decoding; each takes a
    /// [`database`](Self::database). `None`, loudly, where there is none.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        let options = || Options::default().set("wal_level", "logical");
        SHARED.get_or_init(|| or_skip(Self::start(options()))).as_ref()
    }

    /// Starts it on the data that it left.
    ///
    /// # Errors
    /// If it runs, or does not start.
    pub fn start_again(&self) -> Result<(), OutsideError> {
        let home = &self.server.home;
        let mut command = home.command(&self.programs.program("postgres"));
        self.programs.equip(&mut command);
        command.args(["-D", "data", "-p", &home.port().to_string()]);
        command.arg("-k").arg(home.path());
        for (name, value) in SETTINGS.iter().copied().chain(self.options.settings()) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        self.server.start(command)
    }

    /// Stops it: connections are ended, what is committed is written.
    ///
    /// # Errors
    /// If it did not end well.
    pub fn stop(&self) -> Result<(), OutsideError> {
        self.server.stop()
    }

    /// `kill -9`: the server and all its processes.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// The directory that its socket is in.
    pub fn socket(&self) -> &Path {
        self.server.home.path()
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.home.port()
    }

    /// Where a client finds this database: by socket, as libpq and tokio-postgres write it.
    pub fn address(&self, database: &str) -> String {
        let (socket, port) = (self.socket().display(), self.port());
        format!("host={socket} port={port} user={USER} dbname={database}")
    }

    /// The same by TCP, as a URL.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{USER}@127.0.0.1:{}/{database}", self.port())
    }

    /// A new database's name.
    ///
    /// # Errors
    /// If the server does not make it.
    pub fn database(&self) -> Result<String, OutsideError> {
        let name = self.server.next_name();
        self.rows("postgres", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs statements in a database, and answers with the rows of them all.
    ///
    /// # Errors
    /// [`OutsideError::Refused`] by the server; [`OutsideError::Failed`] if it does not answer.
    pub fn rows(&self, database: &str, sql: &str) -> Result<Vec<Row>, OutsideError> {
        let socket = self.socket().join(format!(".s.PGSQL.{}", self.port()));
        Session::open(&socket, USER, database)?.rows(sql)
    }

    /// The last lines of its log.
    pub fn last_words(&self) -> String {
        self.server.last_words()
    }
}
