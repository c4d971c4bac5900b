//! Settings: a file, over it the environment, over both the flags.
//!
//! Why: what a service needs to know before it starts is one struct of its own. Where each value
//! came from is remembered until all of them fit, so that a message can say where to look.
//!
//! Picture: for a service named `orders` that has a setting `time_limit`:
//! ```text
//!   orders.toml (or --config FILE)      time_limit = "30s"
//!   HEADWATER__ORDERS__TIME_LIMIT=10s
//!   --time-limit 5s                     the last one stands
//! ```
//! A field within a field is `HEADWATER__ORDERS__STORE__URL`, and `--store.url` on the command line.
//!
//! Invariant: nothing is silent. A setting that nobody reads, in the file or in the service's own
//! part of the environment or the flags, is an error that names those there are.

pub mod duration;
mod flags;
mod node;
mod read;
mod source;

use node::Node;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use source::Source;

/// Reads the settings of the service `name` from its file, the environment and the command line.
///
/// # Errors
/// [`SettingsError`] names the setting, its source and what is wrong with it.
pub fn settings<S: DeserializeOwned>(name: &str) -> Result<S, SettingsError> {
    Given {
        flags: std::env::args().skip(1).collect(),
        environment: std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
    }
    .read(name, Path::new("."))
}

/// What a process was started with.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The command line, without the program's name.
    pub flags: Vec<String>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
}

impl Given {
    /// Reads the settings of the service `name`; its file is looked for in `directory`.
    ///
    /// # Errors
    /// As [`settings`].
    pub fn read<S: DeserializeOwned>(
        &self,
        name: &str,
        directory: &Path,
    ) -> Result<S, SettingsError> {
        if self.flags.iter().any(|flag| flag == "--help") {
            return Err(SettingsError::Help { name: name.to_owned(), known: read::known::<S>() });
        }
        let (config, flags) = flags::split(&self.flags)?;
        let mut root = match config {
            Some(path) => read_file(&directory.join(path))?
                .ok_or_else(|| SettingsError::NoFile { path: directory.join(path) })?,
            None => read_file(&directory.join(format!("{name}.toml")))?.unwrap_or_default(),
        };
        for (key, value) in &self.environment {
            if let Some(path) = environment_path(name, key) {
                root.put(&path, value, Source::Environment(key.clone()))?;
            }
        }
        for (flag, value) in flags {
            let path: Vec<String> = flag.split('.').map(|part| part.replace('-', "_")).collect();
            root.put(&path, value, Source::Flag(format!("--{flag}")))?;
        }
        read::read(&root)
    }
}

fn read_file(path: &Path) -> Result<Option<Node>, SettingsError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(SettingsError::File { path: path.to_owned(), why: error.to_string() });
        }
    };
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        SettingsError::File { path: path.to_owned(), why: error.to_string() }
    })?;
    Ok(Some(Node::from_file(toml::Value::Table(table), path)))
}

/// `HEADWATER__ORDERS__STORE__URL` is `store.url` of the service `orders`.
fn environment_path(name: &str, key: &str) -> Option<Vec<String>> {
    let rest = key.strip_prefix("HEADWATER__")?.strip_prefix(&shouted(name))?.strip_prefix("__")?;
    Some(rest.split("__").map(str::to_lowercase).collect())
}

/// A service's name as the environment has it.
fn shouted(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// A setting's name as the command line has it.
fn flag(setting: &str) -> String {
    format!("--{}", setting.replace('_', "-"))
}

/// Why a service's settings cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// `--help` was asked for.
    #[error(
        "the settings of {name} are {}; as flags, as HEADWATER__{}__… or in {name}.toml",
        known.iter().map(|known| flag(known)).collect::<Vec<_>>().join(", "),
        shouted(name)
    )]
    Help {
        /// The service's name.
        name: String,
        /// The settings there are.
        known: Vec<String>,
    },
    /// A file that cannot be read, or is no TOML.
    #[error("{} cannot be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file that was asked for is not there.
    #[error("there is no file {}", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// A flag without a value, or a word that is no flag.
    #[error("`{word}` {why}")]
    Flag {
        /// The word as given.
        word: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A setting without a default that nobody gave.
    #[error("the setting `{setting}` is missing: give {}", flag(setting))]
    Missing {
        /// Its path, joined by dots.
        setting: String,
    },
    /// A setting that nobody reads.
    #[error("there is no setting `{setting}` ({source_of_it}); there are: {}", known.join(", "))]
    Unknown {
        /// Its path, joined by dots.
        setting: String,
        /// Where it was given.
        source_of_it: Source,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A value that does not fit.
    #[error("the setting `{setting}` ({source_of_it}) does not fit: {why}")]
    Wrong {
        /// Its path, joined by dots.
        setting: String,
        /// Where it was given.
        source_of_it: Source,
        /// What was expected.
        why: String,
    },
}

impl SettingsError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Help { .. } => "settings.help",
            Self::File { .. } | Self::NoFile { .. } => "settings.file",
            Self::Flag { .. } => "settings.flag",
            Self::Missing { .. } => "settings.missing",
            Self::Unknown { .. } => "settings.unknown",
            Self::Wrong { .. } => "settings.wrong",
        }
    }
}

#[cfg(test)]
mod tests;
