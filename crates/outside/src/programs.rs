//! Where a server's programs are: on the machine, or fetched.

use crate::{OutsideError, debian};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server as Debian packs it.
pub(crate) struct Package {
    pub(crate) server: &'static str,
    /// The package that holds the server; if it ends with `-`, the newest of these.
    pub(crate) name: &'static str,
    /// The server's program.
    pub(crate) program: &'static str,
    /// Folders below a root where it may be; `*` is one folder.
    pub(crate) folders: &'static [&'static str],
}

/// Programs, and what they need to run.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// The folder that they are in.
    pub(crate) folder: PathBuf,
    /// Of libraries that were fetched with them.
    libraries: Option<PathBuf>,
}

impl Programs {
    /// Those on the machine, else fetched ones.
    pub(crate) fn find(package: &Package) -> Result<Self, OutsideError> {
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let here = std::env::split_paths(&on_path)
            .find_map(|folder| folder.join(package.program).canonicalize().ok())
            .and_then(|program| program.parent().map(Path::to_owned))
            .or_else(|| below(Path::new("/"), package));
        match here {
            Some(folder) => Ok(Self { folder, libraries: None }),
            None => {
                let root = debian::fetch(package)
                    .map_err(|why| OutsideError::Missing { server: package.server, why })?;
                let folder = below(&root, package).ok_or_else(|| OutsideError::Missing {
                    server: package.server,
                    why: format!("{} holds no {}", package.name, package.program),
                })?;
                Ok(Self { folder, libraries: Some(root.join("usr/lib")) })
            }
        }
    }

    /// The program of this name.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Tells a command where the libraries are that came along.
    pub(crate) fn equip(&self, command: &mut Command) {
        if let Some(libraries) = &self.libraries {
            let architectures = std::fs::read_dir(libraries).into_iter().flatten().flatten();
            let folders = architectures.map(|entry| entry.path()).filter(|path| path.is_dir());
            if let Ok(joined) = std::env::join_paths(folders) {
                command.env("LD_LIBRARY_PATH", joined);
            }
        }
    }
}

/// The last folder below `root` that holds the program: the newest version.
fn below(root: &Path, package: &Package) -> Option<PathBuf> {
    let mut found = Vec::new();
    for folder in package.folders {
        match folder.split_once("/*/") {
            None => found.push(root.join(folder)),
            Some((above, behind)) => {
                let entries = std::fs::read_dir(root.join(above)).into_iter().flatten().flatten();
                let mut each: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
                each.sort();
                found.extend(each.into_iter().map(|folder| folder.join(behind)));
            }
        }
    }
    found.into_iter().rfind(|folder| folder.join(package.program).exists())
}
