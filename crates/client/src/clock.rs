//! The server's clock, as far as it can be told from here.
//!
//! Why: a reader that waits until an event is old enough must use the clock that recorded it. The
//! server says its time when a context is opened; from there this machine's steady clock counts on.

use headwater_model::Timestamp;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerClock {
    told: Timestamp,
    at: Instant,
}

impl ServerClock {
    /// `told` was the server's time some moment between `asked` and now.
    pub(crate) fn new(told: Timestamp, asked: Instant) -> Self {
        let on_its_way = asked.elapsed() / 2;
        Self { told: told.after(on_its_way), at: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.told.after(self.at.elapsed())
    }
}
