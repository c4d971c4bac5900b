//! Supervision: readers at work, for as long as the service runs.
//!
//! Picture:
//! ```text
//!   turn ─ Moved ──────────────────────────────▶ turn
//!        ├ Idle ───── the source grows ─────────▶ turn
//!        ├ IdleUntil ─ either ──────────────────▶ turn
//!        ├ Waits ──── the time has come ────────▶ turn      each wait also ends with "stop"
//!        ├ Failed, panic ── back off, doubling ─▶ turn
//!        ├ Rests ──── for some time ────────────▶ turn
//!        └ Halted ─── until somebody resumes it
//! ```
//! Invariant: a drained reader is between two turns: what it began is done and saved.

use crate::limits::{CLOCK_GLANCE, DELAY_SLACK, REST, RESTART_WAIT_MAX, RESTART_WAIT_MIN};
use crate::reader::{Reader, ReaderKind, ReaderState, Turn};
use crate::{Service, inflow};
use futures_util::FutureExt as _;
use headwater_model::{Position, Timestamp};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The readers of a service at work. Dropping it tells them to stop; [`drain`](Self::drain) waits.
#[derive(Debug)]
pub struct Supervisor {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Supervisor {
    /// Tells all readers to stop and waits until each has finished its turn.
    pub async fn drain(mut self) {
        self.stop.send_replace(true);
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a reader ended badly");
            }
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Service {
    /// Sets all readers to work on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime with time.
    #[must_use = "dropping the supervisor stops the readers"]
    pub fn supervise(&self) -> Supervisor {
        let (stop, stopped) = watch::channel(false);
        let start = |reader: &Arc<dyn Reader>| {
            let kind = reader.status().kind;
            let post = Post::new(self.clone(), Arc::clone(reader), stopped.clone());
            match kind {
                // Databases block: each has a thread of its own.
                ReaderKind::Projection | ReaderKind::Builder => {
                    let handle = Handle::current();
                    tokio::task::spawn_blocking(move || handle.block_on(post.serve()))
                }
                ReaderKind::Reaction | ReaderKind::DelayedReaction => tokio::spawn(post.serve()),
            }
        };
        let inflows = self.inflows().iter().map(|it| inflow::start(self, it, &stopped));
        let readers = self.readers().iter().chain(self.builders());
        let tasks = readers.map(start).chain(inflows).collect();
        Supervisor { stop, tasks }
    }
}

/// One reader at its post.
struct Post {
    service: Service,
    reader: Arc<dyn Reader>,
    stopped: watch::Receiver<bool>,
    wait: Duration,
}

impl Post {
    fn new(service: Service, reader: Arc<dyn Reader>, stopped: watch::Receiver<bool>) -> Self {
        Self { service, reader, stopped, wait: RESTART_WAIT_MIN }
    }

    async fn serve(mut self) {
        while !*self.stopped.borrow() {
            match self.service.forget_again().await {
                Ok(()) => break,
                Err(error) => self.back_off(&error.to_string(), None).await,
            }
        }
        while !*self.stopped.borrow() {
            match self.turn().await {
                Turn::Moved => {
                    self.wait = RESTART_WAIT_MIN;
                    tokio::task::yield_now().await;
                }
                Turn::Idle(position) => {
                    self.wait = RESTART_WAIT_MIN;
                    self.until_more(position).await;
                }
                Turn::IdleUntil { position, until } => {
                    self.wait = RESTART_WAIT_MIN;
                    self.until_more_or(position, until).await;
                }
                Turn::Waits(until) => self.until_time(until).await,
                Turn::Failed { why, wait } => self.back_off(&why, wait).await,
                Turn::Rests => self.sleep(REST).await,
                Turn::Halted(why) => {
                    tracing::error!(reader = %self.reader.status(), why, "reader halted");
                    tokio::select! {
                        () = self.reader.status().told() => {}
                        _ = self.stopped.wait_for(|stopped| *stopped) => {}
                    }
                }
            }
        }
    }

    /// One turn; a panic in the user's code is a failure like any other.
    async fn turn(&self) -> Turn {
        let turn = AssertUnwindSafe(self.reader.turn(&self.service)).catch_unwind();
        turn.await.unwrap_or_else(|panic| {
            let why = format!("it panicked: {}", panic_text(&*panic));
            let status = self.reader.status();
            status.set_state(ReaderState::Failing { why: why.clone() });
            Turn::Failed { why, wait: None }
        })
    }

    async fn until_more(&mut self, position: Option<Position>) {
        let source = self.service.context(&self.reader.status().source).await;
        let wait = async {
            match source {
                Ok(source) => source.wait_past(position).await.map(|_| ()),
                Err(error) => Err(error),
            }
        };
        let failed = tokio::select! {
            failed = wait => failed.err(),
            () = self.reader.status().told() => None,
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
        };
        if let Some(error) = failed {
            self.back_off(&error.to_string(), None).await;
        }
    }

    async fn until_more_or(&mut self, position: Option<Position>, until: Timestamp) {
        let context = self.service.context(&self.reader.status().source).await;
        let context = match context {
            Ok(context) => context,
            Err(error) => return self.back_off(&error.to_string(), None).await,
        };
        let span = until.since(context.now()) + DELAY_SLACK;
        let failed = tokio::select! {
            more = context.wait_past(position) => more.err(),
            () = tokio::time::sleep(span.min(CLOCK_GLANCE)) => None,
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
        };
        if let Some(error) = failed {
            self.back_off(&error.to_string(), None).await;
        }
    }

    /// By the store's clock. It is looked at now and then: clocks are set, and machines sleep.
    async fn until_time(&mut self, until: Timestamp) {
        while !*self.stopped.borrow() {
            let now = match self.service.own().await {
                Ok(own) => own.now(),
                Err(error) => return self.back_off(&error.to_string(), None).await,
            };
            let rest = until.since(now) + DELAY_SLACK;
            self.sleep(rest.min(CLOCK_GLANCE)).await;
            if rest <= CLOCK_GLANCE {
                return;
            }
        }
    }

    async fn back_off(&mut self, why: &str, wait: Option<Duration>) {
        let status = self.reader.status();
        status.add_restart();
        let wait = wait.unwrap_or(self.wait);
        tracing::warn!(reader = %status, why, ?wait, "reader failed, and will be tried again");
        self.wait = (self.wait * 2).min(RESTART_WAIT_MAX);
        self.sleep(wait).await;
    }

    async fn sleep(&mut self, span: Duration) {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = self.reader.status().told() => {}
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
