//! Logs: lines for people on a terminal, JSON for machines otherwise.

use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// Writes the process's traces to standard error, as `RUST_LOG` filters them (`info` if it does not
/// say), unless something takes them already.
pub(super) fn to_standard_error() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // Complaining about a closed standard error on standard error panics; a service goes on unread.
    let lines = lines.log_internal_errors(false);
    let installed = match stderr().is_terminal() {
        true => lines.try_init(),
        false => lines.json().try_init(),
    };
    if installed.is_err() {
        tracing::debug!("the process has its own subscriber for traces");
    }
}
