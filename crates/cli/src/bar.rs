//! A bar for work that takes a while; only where somebody looks.

use headwater_backup::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Shown on standard error if that is a terminal, and gone when the work is done.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// Of bytes, with the time that is left as far as their number is known.
    pub(crate) fn bytes(what: &'static str) -> Self {
        Self::of(what, "{spinner} {prefix} {msg}  {bar:24} {bytes} of {total_bytes} · {eta} left")
    }

    /// Of events, whose number is not known before.
    pub(crate) fn events(what: &'static str) -> Self {
        Self::of(what, "{spinner} {prefix} {human_pos} events · {per_sec}")
    }

    fn of(what: &'static str, template: &str) -> Self {
        let bar = ProgressBar::new(0).with_prefix(what);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    pub(crate) fn at(&self, count: u64) {
        self.0.set_position(count);
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn doing(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    fn expect(&self, bytes: u64) {
        self.0.inc_length(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}
