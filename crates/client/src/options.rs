//! How patient a client is.

use std::time::Duration;

/// How long a client tries, and how it waits in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientOptions {
    /// One attempt to connect, and the first answer of a new client.
    pub connect_within: Duration,
    /// One call, with all its repetitions. A subscription that is interrupted tries for so long
    /// before it says so, and goes on when it is asked again.
    pub answer_within: Duration,
    /// The pause before the first repetition; each further one is twice as long, and a part of it
    /// is left to chance.
    pub pause_first: Duration,
    /// The longest pause.
    pub pause_max: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(30),
            pause_first: Duration::from_millis(10),
            pause_max: Duration::from_secs(1),
        }
    }
}
