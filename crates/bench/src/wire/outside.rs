//! Servers that are not ours, each started over an empty directory and killed at the end.
//!
//! Where they come from: Debian's packages (`redis-server`, `postgresql`) on this machine, and UmaDB
//! from the registry, installed below a directory of the bench the first time.

use super::ports;
use anyhow::Context;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The version that is installed.
const UMADB: &str = "0.7.8";

/// PostgreSQL refuses to be run by root: then it is nobody who runs it.
const NOBODY: u32 = 65_534;

/// A running server.
pub(crate) struct Outside {
    child: Child,
    port: u16,
}

impl Outside {
    fn start(command: &mut Command, port: u16) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = quiet.spawn().with_context(|| format!("{name} does not start"))?;
        let started = Self { child, port };
        ports::wait_for(port).with_context(|| format!("{name} does not come up"))?;
        Ok(started)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // One that has ended already is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Redis that answers when its append-only file is synced.
pub(crate) fn redis(dir: &Path) -> anyhow::Result<Outside> {
    std::fs::create_dir_all(dir)?;
    let port = ports::free()?;
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(dir);
    command.args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""]);
    Outside::start(&mut command, port)
}

/// PostgreSQL with its own defaults, which sync at every commit, and room for its pages.
pub(crate) fn postgres(dir: &Path) -> anyhow::Result<Outside> {
    std::fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    let bin = newest_postgres().context("there is no /usr/lib/postgresql")?;
    let root = rustix::process::getuid().is_root();
    if root {
        std::os::unix::fs::chown(&dir, Some(NOBODY), Some(NOBODY))?;
    }
    let as_somebody = |program: &str| {
        let mut command = Command::new(bin.join(program));
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.arg("-D").arg(&dir).current_dir("/");
        command
    };
    let made = as_somebody("initdb")
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"])
        .stdout(Stdio::null())
        .status()?;
    anyhow::ensure!(made.success(), "initdb ended with {made}");
    let port = ports::free()?;
    let mut command = as_somebody("postgres");
    command.args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"]).arg(&dir);
    command.args(["-c", "shared_buffers=1GB", "-c", "max_connections=200"]);
    Outside::start(&mut command, port)
}

fn newest_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(number)?;
    Some(newest.join("bin"))
}

/// UmaDB as its users get it.
pub(crate) fn umadb(dir: &Path, peers: &Path) -> anyhow::Result<Outside> {
    std::fs::create_dir_all(dir)?;
    let program = peers.join("bin/umadb");
    if !program.exists() {
        println!("  installing umadb {UMADB} below {}: some minutes", peers.display());
        let arguments = ["install", "--quiet", "--locked", "--version", UMADB, "umadb", "--root"];
        must(Command::new(cargo()).args(arguments).arg(peers))?;
    }
    let port = ports::free()?;
    let mut command = Command::new(program);
    command.args(["--listen", &format!("127.0.0.1:{port}"), "--db-path"]).arg(dir);
    Outside::start(&mut command, port)
}

/// The program that drives the peers' clients, built if it is not there.
pub(crate) fn clients(peers: &Path) -> anyhow::Result<PathBuf> {
    let program = peers.join("release/bench-peers");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/Cargo.toml");
    if manifest.exists() {
        println!("  building the peers' clients below {}: minutes, once", peers.display());
        let mut build = Command::new(cargo());
        build.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]);
        build.arg(&manifest).arg("--target-dir").arg(peers);
        if Command::new("protoc").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("  ! there is no protoc (protobuf-compiler): UmaDB's client cannot be built");
            build.arg("--no-default-features");
        }
        must(&mut build)?;
    }
    anyhow::ensure!(program.exists(), "{} is not there", program.display());
    Ok(program)
}

fn must(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} does not start"))?;
    anyhow::ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
