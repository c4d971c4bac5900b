//! Logs: lines for people on a terminal, JSON for machines otherwise.

use headwater_telemetry::Telemetry;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Writes the process's traces to standard error, as `RUST_LOG` filters them (`info` if it does not
/// say), and hands spans to whoever collects them, unless something takes them already.
pub(super) fn to_standard_error(telemetry: Option<&Telemetry>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Complaining about a closed standard error on standard error panics; a service goes on unread.
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).log_internal_errors(false);
    let lines = match stderr().is_terminal() {
        true => lines.with_filter(filter).boxed(),
        false => lines.json().with_filter(filter).boxed(),
    };
    let spans = telemetry.map(Telemetry::layer);
    if tracing_subscriber::registry().with(lines).with(spans).try_init().is_err() {
        tracing::debug!("the process has its own subscriber for traces");
    }
}
