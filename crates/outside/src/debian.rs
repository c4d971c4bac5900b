//! Servers from Debian's packages, without installing them and without being root.
//!
//! Picture:
//! ```text
//!   apt-get download server + the libraries that this machine lacks ─▶ dpkg-deb -x
//!     ─▶ target/outside/<package>/usr/…   once; other test binaries find it there
//! ```
//! Package lists that are not here are fetched to a place of our own.

use crate::home::can_be_reached;
use crate::programs::Package;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of the libraries that a package names, those that its server runs without.
const NOT_NEEDED: &[&str] = &["libllvm", "libelogind"];

/// The folder below which the package is, fetched if nobody did before.
pub(crate) fn fetch(package: &Package) -> Result<PathBuf, String> {
    /// Two tests of one binary fetch once; two binaries may fetch twice, and one is kept.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    let cache = cache()?;
    let root = cache.join(package.name.trim_end_matches('-'));
    if root.exists() {
        return Ok(root);
    }
    let made = tempfile::Builder::new().prefix("fetch-").tempdir_in(&cache);
    let making = made.map_err(|error| format!("{}: {error}", cache.display()))?;
    let apt = Apt::with_lists(&cache, package)?;
    let name = apt.newest(package)?;
    let mut names = apt.missing_libraries(&name)?;
    names.push(name);
    run(apt.get("download").args(&names).current_dir(making.path()))?;
    let whole = making.path().join("whole");
    let entries = std::fs::read_dir(making.path()).into_iter().flatten().flatten();
    for file in entries.map(|entry| entry.path()).filter(|path| path.is_file()) {
        run(Command::new("dpkg-deb").arg("-x").args([&file, &whole]))?;
    }
    match std::fs::rename(&whole, &root) {
        Ok(()) => Ok(root),
        Err(_) if root.exists() => Ok(root), // another test binary was quicker
        Err(error) => Err(format!("{}: {error}", root.display())),
    }
}

/// `outside` in the folder of builds, if every user gets there, else one for all builds.
fn cache() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    let place = match target {
        Some(target) if can_be_reached(target) => target.join("outside"),
        _ => std::env::temp_dir().join("headwater-outside"),
    };
    std::fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    Ok(place)
}

/// Debian's tool, with the machine's package lists or our own.
struct Apt {
    own: Option<PathBuf>,
}

impl Apt {
    /// With lists that know the package.
    fn with_lists(cache: &Path, package: &Package) -> Result<Self, String> {
        let of_machine = Self { own: None };
        if of_machine.newest(package).is_ok() {
            return Ok(of_machine);
        }
        let own = cache.join("apt");
        for folder in ["lists/partial", "cache/archives/partial"] {
            std::fs::create_dir_all(own.join(folder)).map_err(|error| error.to_string())?;
        }
        let apt = Self { own: Some(own) };
        run(&mut apt.get("update"))?;
        Ok(apt)
    }

    fn get(&self, verb: &str) -> Command {
        self.command("apt-get", verb)
    }

    fn command(&self, program: &str, verb: &str) -> Command {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C").args(["-q", "-o", "APT::Sandbox::User=root"]);
        if let Some(own) = &self.own {
            for (setting, folder) in [("Dir::State::lists", "lists"), ("Dir::Cache", "cache")] {
                command.arg("-o").arg(format!("{setting}={}", own.join(folder).display()));
            }
            command.args(["-o", "Debug::NoLocking=1"]);
        }
        command.arg(verb);
        command
    }

    /// The package itself, or the newest whose name begins so and goes on with a number.
    fn newest(&self, package: &Package) -> Result<String, String> {
        let all = run(self.command("apt-cache", "pkgnames").arg(package.name))?;
        let fits = |name: &&str| match package.name.ends_with('-') {
            true => name[package.name.len()..].parse::<u32>().is_ok(),
            false => *name == package.name,
        };
        let newest = all.lines().filter(fits).max_by_key(|name| (name.len(), *name));
        newest.map(str::to_owned).ok_or_else(|| format!("apt knows no package {}", package.name))
    }

    /// Libraries that it needs, directly or not, and that this machine has not.
    fn missing_libraries(&self, name: &str) -> Result<Vec<String>, String> {
        let mut depends = self.command("apt-cache", "depends");
        depends.args(["--recurse", "--no-recommends", "--no-suggests", "--no-conflicts"]);
        depends.args(["--no-breaks", "--no-replaces", "--no-enhances"]).arg(name);
        let all = run(&mut depends)?;
        let is_library = |name: &&str| {
            name.starts_with("lib") && !NOT_NEEDED.iter().any(|not| name.starts_with(not))
        };
        let is_missing = |name: &&str| {
            let mut query = Command::new("dpkg-query");
            !run(query.args(["-W", "-f", "${db:Status-Abbrev}", name]))
                .is_ok_and(|status| status.starts_with("ii"))
        };
        let libraries = all.lines().filter(is_library).filter(is_missing);
        Ok(libraries.map(str::to_owned).collect())
    }
}

/// Runs a command to its end: what it printed, or why it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let last = said.lines().last().unwrap_or("it does not say why");
        return Err(format!("{name} ended with {}: {last}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
