//! MariaDB for a test.

mod session;

use crate::home::Home;
use crate::programs::{Package, Programs};
use crate::server::Server;
use crate::{Options, OutsideError, Row, or_skip};
use parking_lot::Mutex;
use rustix::process::Signal;
use session::Session;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const PACKAGE: Package = Package {
    server: "MariaDB",
    name: "mariadb-server-core",
    program: "mariadbd",
    folders: &["usr/sbin", "usr/local/sbin", "usr/libexec"],
};

/// Nothing is synced, but every commit is handed to the system: a killed process loses none.
const SETTINGS: &[(&str, &str)] = &[
    ("bind-address", "127.0.0.1"),
    ("character-set-server", "utf8mb4"),
    ("collation-server", "utf8mb4_bin"),
    ("innodb-buffer-pool-size", "64M"),
    ("innodb-flush-log-at-trx-commit", "2"),
    ("innodb-log-file-size", "32M"),
    ("innodb-use-native-aio", "0"),
    ("max-connections", "60"),
    ("skip-name-resolve", ""),
    ("sync-binlog", "0"),
];

/// What makes the tables of the server's own.
const OWN_TABLES: &[&str] =
    &["mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"];

/// Who may do everything, without a password.
const USER: &str = "root";

/// A MariaDB server of the test's own. Dropping it ends it and removes its directory.
#[derive(Debug)]
pub struct MariaDb {
    server: Server,
    programs: Programs,
    options: Options,
    later: Mutex<Vec<(String, String)>>,
}

impl MariaDb {
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
        let server = Server::at(Home::make()?, "ready for connections", Signal::TERM);
        let made = Self { server, programs, options, later: Mutex::default() };
        made.make_own_tables()?;
        made.start_again()?;
        Ok(made)
    }

    /// One for all tests of this process, with a binary log of rows; each takes a
    /// [`database`](Self::database). `None`, loudly, where there is none.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<MariaDb>> = OnceLock::new();
        let options = || {
            let options = Options::default().set("log-bin", "log").set("binlog-format", "row");
            options.set("server-id", "1")
        };
        SHARED.get_or_init(|| or_skip(Self::start(options()))).as_ref()
    }

    /// Starts it on the data that it left.
    ///
    /// # Errors
    /// If it runs, or does not start.
    pub fn start_again(&self) -> Result<(), OutsideError> {
        let mut command = self.command();
        command.arg(format!("--socket={}", self.socket().display()));
        command.arg(format!("--port={}", self.port())).arg("--pid-file=own.pid");
        let later = self.later.lock();
        let later = later.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in SETTINGS.iter().copied().chain(self.options.settings()).chain(later) {
            match value {
                "" => command.arg(format!("--{name}")),
                value => command.arg(format!("--{name}={value}")),
            };
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

    /// `kill -9`.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.server.home.path().join("socket")
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.home.port()
    }

    /// Where a client finds this database, by TCP.
    pub fn url(&self, database: &str) -> String {
        format!("mysql://{USER}@127.0.0.1:{}/{database}", self.port())
    }

    /// A new database's name.
    ///
    /// # Errors
    /// If the server does not make it.
    pub fn database(&self) -> Result<String, OutsideError> {
        let name = self.server.next_name();
        self.rows("mysql", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs a statement in a database, and answers with its rows.
    ///
    /// # Errors
    /// [`OutsideError::Refused`] by the server; [`OutsideError::Failed`] if it does not answer.
    pub fn rows(&self, database: &str, sql: &str) -> Result<Vec<Row>, OutsideError> {
        Session::open(&self.socket(), USER, database)?.rows(sql)
    }

    /// Runs statements in a database, one behind the other on one connection.
    ///
    /// # Errors
    /// [`OutsideError::Refused`] by the server; [`OutsideError::Failed`] if it does not answer.
    pub fn conversation(&self, database: &str, statements: &[&str]) -> Result<(), OutsideError> {
        let mut session = Session::open(&self.socket(), USER, database)?;
        statements.iter().try_for_each(|sql| session.rows(sql).map(drop))
    }

    /// With another setting when it is started again.
    pub fn set(&self, name: &str, value: &str) {
        self.later.lock().push((name.to_owned(), value.to_owned()));
    }

    /// The last lines of its log.
    pub fn last_words(&self) -> String {
        self.server.last_words()
    }

    fn command(&self) -> Command {
        let mut command = self.server.home.command(&self.programs.program("mariadbd"));
        self.programs.equip(&mut command);
        command.arg("--no-defaults");
        command.arg(format!("--lc-messages-dir={}", self.share().display()));
        command.arg(format!("--character-sets-dir={}", self.share().join("charsets").display()));
        command.arg(format!("--datadir={}", self.server.home.path().join("data").display()));
        // A server that starts removes what others left there, and what others are at work on.
        command.arg(format!("--tmpdir={}", self.server.home.path().join("tmp").display()));
        command
    }

    /// The folder of its texts.
    fn share(&self) -> PathBuf {
        let above = self.programs.folder.parent().unwrap_or(Path::new("/"));
        let names = ["share/mysql", "share/mariadb"].iter().map(|name| above.join(name));
        let found = names.into_iter().find(|folder| folder.join(OWN_TABLES[0]).exists());
        found.unwrap_or_else(|| above.join("share/mysql"))
    }

    /// What `mariadb-install-db` does, without the help texts and with a user for TCP.
    fn make_own_tables(&self) -> Result<(), OutsideError> {
        const WHAT: &str = "making MariaDB's own tables";
        let mut script = String::from("create database mysql;\nuse mysql;\n");
        script.push_str("set @auth_root_socket = null;\n");
        for name in OWN_TABLES {
            let file = self.share().join(name);
            let text = std::fs::read_to_string(&file);
            script.push_str(&text.map_err(OutsideError::doing(file.display().to_string()))?);
        }
        script.push_str("flush privileges;\ncreate user if not exists root@'127.0.0.1';\n");
        script.push_str("grant all on *.* to root@'127.0.0.1' with grant option;\n");
        for folder in ["data", "tmp"] {
            std::fs::create_dir(self.server.home.path().join(folder))
                .and_then(|()| self.server.home.hand_over(folder))
                .map_err(OutsideError::doing(WHAT))?;
        }
        let mut command = self.command();
        command.args(["--bootstrap", "--innodb-log-file-size=32M", "--innodb-use-native-aio=0"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(OutsideError::doing(WHAT))?;
        let mut stdin = child.stdin.take().expect("stdin was piped just now");
        let told = stdin.write_all(script.as_bytes());
        drop(stdin);
        let ended = child.wait_with_output().map_err(OutsideError::doing(WHAT))?;
        match ended.status.success() && told.is_ok() {
            true => Ok(()),
            false => {
                Err(OutsideError::failed(WHAT, String::from_utf8_lossy(&ended.stderr).into_owned()))
            }
        }
    }
}
