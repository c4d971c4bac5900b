//! Progress, for the person who waits: a bar on a terminal, a line now and then elsewhere.
//!
//! Why: standard output belongs to the figures alone, and a log file should not fill with bars.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Lines written where there is no terminal.
const LINE_COUNT: u64 = 10;

/// How far something has come. Clones count together.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    what: &'static str,
    on_terminal: bool,
}

impl Progress {
    /// Counts to `count`; nothing is shown if there is no standard error to show it on.
    pub fn of(what: &'static str, count: usize) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::new(count as u64);
        bar.set_draw_target(if on_terminal {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        });
        let style = ProgressStyle::with_template(
            "{msg:>10} {wide_bar} {human_pos}/{human_len} {per_sec} {eta} left",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what);
        if on_terminal {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self { bar, what, on_terminal }
    }

    /// One more is done.
    pub fn one_more(&self) {
        self.bar.inc(1);
        if self.on_terminal {
            return;
        }
        let (done, count) = (self.bar.position(), self.bar.length().unwrap_or(0));
        if done == count || (count >= LINE_COUNT && done % (count / LINE_COUNT) == 0) {
            // Whoever waits may have gone: that is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{}: {done} of {count}", self.what);
        }
    }

    /// All is done: the bar goes.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
