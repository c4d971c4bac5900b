//! What is done without a server.
//!
//! Invariant: a machine of CI has what Debian's packages provide, so there nothing is skipped. The
//! step `databases` of `cargo xtask test` counts what is missing elsewhere.

use crate::OutsideError;

/// The server; or `None` behind a loud line, where it cannot be had and nobody promised it.
///
/// # Panics
/// If the server is here and fails, and in CI also if it is not here.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub fn or_skip<S>(started: Result<S, OutsideError>) -> Option<S> {
    match started {
        Ok(server) => Some(server),
        Err(missing @ OutsideError::Missing { .. }) if std::env::var_os("CI").is_none() => {
            eprintln!("⚠ SKIPPED: {missing}");
            eprintln!("  What this test claims was NOT checked.");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
