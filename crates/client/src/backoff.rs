//! Pauses between repetitions: longer each time, and never quite the same.
//!
//! Why: when a server comes back, its clients must not all ask in the same moment.

use crate::ClientOptions;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(options: &ClientOptions) -> Self {
        let ClientOptions { pause_first, pause_max, .. } = *options;
        Self { first: pause_first, max: pause_max, next: pause_first }
    }

    /// The next pause: between half and all of what it may be.
    pub(crate) fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(self.max);
        // A hasher is seeded at random: chance enough for this, without a dependency.
        let chance = RandomState::new().hash_one(()) & 0xff;
        let half = whole / 2;
        half + half.mul_f64(chance as f64 / 256.0)
    }

    /// It works again.
    pub(crate) const fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_begin_again() {
        let options = ClientOptions {
            pause_first: Duration::from_millis(10),
            pause_max: Duration::from_millis(35),
            ..ClientOptions::default()
        };
        let mut backoff = Backoff::new(&options);
        for whole in [10, 20, 35, 35] {
            let (whole, pause) = (Duration::from_millis(whole), backoff.pause());
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(10));
    }
}
