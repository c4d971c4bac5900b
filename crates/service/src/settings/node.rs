//! The tree of settings: tables from the file, and texts put over them.

use super::{SettingsError, Source};
use std::collections::BTreeMap;
use std::path::Path;

/// One setting, or a table of them.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Table(BTreeMap<String, Node>),
    Leaf { value: Value, source: Source },
}

/// A value as given.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// From the file, with its type.
    Typed(toml::Value),
    /// From the environment or a flag.
    Text(String),
}

impl Default for Node {
    fn default() -> Self {
        Self::Table(BTreeMap::new())
    }
}

impl Node {
    pub(super) fn from_file(value: toml::Value, path: &Path) -> Self {
        match value {
            toml::Value::Table(table) => Self::Table(
                table.into_iter().map(|(key, value)| (key, Self::from_file(value, path))).collect(),
            ),
            value => Self::Leaf { value: Value::Typed(value), source: Source::File(path.into()) },
        }
    }

    /// Puts a text at `path`, over what was there.
    pub(super) fn put(
        &mut self,
        path: &[String],
        text: &str,
        source: Source,
    ) -> Result<(), SettingsError> {
        let mut node = self;
        for key in path {
            if let Self::Leaf { .. } = node {
                *node = Self::default();
            }
            node = match node {
                Self::Table(table) => table.entry(key.clone()).or_default(),
                Self::Leaf { .. } => {
                    let (setting, why) = (path.join("."), "it is within a single value".to_owned());
                    return Err(SettingsError::Wrong { setting, source_of_it: source, why });
                }
            };
        }
        *node = Self::Leaf { value: Value::Text(text.to_owned()), source };
        Ok(())
    }

    /// Where it came from; of a table, its first setting.
    pub(super) fn source(&self) -> Source {
        match self {
            Self::Leaf { source, .. } => source.clone(),
            Self::Table(table) => table.values().next().map(Self::source).unwrap_or_default(),
        }
    }
}
