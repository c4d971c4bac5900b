//! How a server is started.

/// What a server is told beyond what suits every test.
///
/// ```
/// use headwater_outside::Options;
/// let of_change_data = Options::default().set("wal_level", "logical").set("log_statement", "all");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    settings: Vec<(String, String)>,
}

impl Options {
    /// A setting by the server's own name: `wal_level` and `logical`, `binlog_format` and `row`. The
    /// last one of a name counts. For MariaDB an empty value is a switch: `log_bin`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
