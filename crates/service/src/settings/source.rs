//! Where a setting came from.

use std::fmt;
use std::path::PathBuf;

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// Given by nobody.
    #[default]
    Nowhere,
    /// The settings file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("given by nobody"),
            Self::File(path) => write!(f, "from {}", path.display()),
            Self::Environment(key) => write!(f, "from the environment's {key}"),
            Self::Flag(flag) => write!(f, "from {flag}"),
        }
    }
}
