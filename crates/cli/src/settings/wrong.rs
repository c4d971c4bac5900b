//! What is wrong with settings: all of it, each with its place.

use std::fmt;

/// Everything that is wrong, never nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong(pub(crate) Vec<String>);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n  "))
    }
}

impl std::error::Error for Wrong {}
