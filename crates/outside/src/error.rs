//! Why there is no server, or why it refused.

/// Why a database server is not to be had, did not start, or did not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// Its programs are not on this machine and could not be fetched.
    #[error("{server} cannot be had here: {why}")]
    Missing {
        /// Which server.
        server: &'static str,
        /// What was tried last, and what it said.
        why: String,
    },
    /// A program of it, or the system, failed.
    #[error("{what}: {why}")]
    Failed {
        /// What was being done.
        what: String,
        /// The last words.
        why: String,
    },
    /// The server refused a statement.
    #[error("{why}, in `{sql}`")]
    Refused {
        /// The statement.
        sql: String,
        /// The server's words.
        why: String,
    },
}

impl OutsideError {
    /// The system's error, with what was being done.
    pub(crate) fn doing(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |error| Self::Failed { what, why: error.to_string() }
    }

    pub(crate) fn failed(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), why: why.into() }
    }
}
