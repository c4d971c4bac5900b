//! A server's home: its directory, the user it runs as, and who cleans up.
//!
//! Why a watcher: a test may panic, be killed, or keep its server in a `static`, which nobody drops.
//! The watcher is a shell that waits for the end of its input, which the system closes however our
//! process ends; then it ends the server and removes the directory.
//!
//! Invariants: the server's user can reach the directory: every parent lets it through. PostgreSQL
//! refuses to run as root, so under root the user is `nobody`.

use crate::OutsideError;
use rustix::process::{Pid, geteuid};
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// `nobody` and `nogroup`, everywhere the same.
const NOBODY: u32 = 65_534;

/// Ends the server whose number is in `pid`, gently first, and removes the directory.
const WATCH: &str = r#"
read -r _
if pid=$(cat "$1/pid" 2>/dev/null); then
    kill -QUIT "$pid" 2>/dev/null
    turn=0
    while kill -0 "$pid" 2>/dev/null && ! grep -q ') Z' "/proc/$pid/stat" && [ $turn -lt 50 ]; do
        turn=$((turn + 1))
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// A directory of a server's own.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    port: u16,
    watcher: Child,
}

impl Home {
    /// Makes a directory, owned by the user that the server runs as.
    pub(crate) fn make() -> Result<Self, OutsideError> {
        let path = directory()?;
        let watcher = Command::new("/bin/sh")
            .args(["-c", WATCH, "watcher"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // Ctrl-C ends the tests, not who cleans up behind them
            .spawn()
            .map_err(OutsideError::doing("starting /bin/sh"))?;
        Ok(Self { path, port: free_port()?, watcher })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Free when it was looked for; kept over restarts.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A command that runs as the server's user.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path);
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Gives a folder below to the server's user.
    pub(crate) fn hand_over(&self, name: &str) -> std::io::Result<()> {
        match geteuid().is_root() {
            true => chown(self.path.join(name), Some(NOBODY), Some(NOBODY)),
            false => Ok(()),
        }
    }

    /// Tells the watcher whom to end.
    pub(crate) fn watch(&self, server: Pid) -> Result<(), OutsideError> {
        let file = self.path.join("pid");
        let number = server.as_raw_nonzero().to_string();
        std::fs::write(file, number).map_err(OutsideError::doing("noting the server's number"))
    }

    /// There is no server any more.
    pub(crate) fn unwatch(&self) {
        let _ = std::fs::remove_file(self.path.join("pid")); // it may never have started
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait(); // it removes the directory; nobody could be told if not
    }
}

/// A new directory that the server's user owns and can reach.
fn directory() -> Result<PathBuf, OutsideError> {
    let places = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
    let place = places.iter().find(|place| can_be_reached(place)).ok_or_else(|| {
        let why = "no temporary directory can be reached by every user".to_owned();
        OutsideError::Failed { what: "making a directory for a server".into(), why }
    })?;
    // Short, because a socket's path has 107 bytes at most.
    let made = tempfile::Builder::new().prefix("hw-").tempdir_in(place);
    let path = made.map_err(OutsideError::doing("making a directory for a server"))?.keep();
    let fit = || -> std::io::Result<()> {
        std::fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        if geteuid().is_root() {
            chown(&path, Some(NOBODY), Some(NOBODY))?;
        }
        Ok(())
    };
    fit().map_err(OutsideError::doing(format!("fitting {}", path.display())))?;
    Ok(path)
}

/// Whether every user gets through all of a path.
pub(crate) fn can_be_reached(path: &Path) -> bool {
    const THROUGH: u32 = 0o001;
    let through = |path: &Path| path.metadata().is_ok_and(|found| found.mode() & THROUGH != 0);
    path.is_absolute() && path.ancestors().all(through)
}

fn free_port() -> Result<u16, OutsideError> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    Ok(bound.map_err(OutsideError::doing("looking for a free port"))?.port())
}
