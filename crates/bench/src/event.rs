//! The event that every side stores: the same name, ids, type and 256 bytes for all of them.
//!
//! Why random letters: a payload that compresses would flatter the sides that compress.

use bytes::Bytes;
use headwater_model::StreamName;
use rand::distr::Alphanumeric;
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};

/// What has happened, in all events.
pub(crate) const EVENT_TYPE: &str = "MoneyDeposited";

/// Bytes of a payload, as the goals are stated.
pub(crate) const PAYLOAD_BYTES: usize = 256;

/// Payloads differ, and taking one costs next to nothing while the clock runs: all of a writer's
/// fit the cache of its processor.
const PAYLOAD_COUNT: usize = 64;

/// One event on its way to a store.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its stream.
    pub(crate) stream: StreamName,
    /// Its place there.
    pub(crate) revision: u64,
    /// Its id.
    pub(crate) id: u128,
    /// What it says.
    pub(crate) payload: Bytes,
}

/// Makes events: the same ones for the same seed.
pub(crate) struct Source {
    random: SmallRng,
    payloads: Vec<Bytes>,
}

impl Source {
    /// A source of its own order.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let payloads = (0..PAYLOAD_COUNT).map(|_| payload(&mut random)).collect();
        Self { random, payloads }
    }

    /// An event for this place.
    pub(crate) fn event(&mut self, stream: &StreamName, revision: u64) -> Event {
        let payload = self.payloads[self.random.random_range(0..PAYLOAD_COUNT)].clone();
        Event { stream: stream.clone(), revision, id: self.random.random(), payload }
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.random.next_u64() % end
    }
}

/// JSON of exactly [`PAYLOAD_BYTES`]: an amount, and letters that fill the rest.
fn payload(random: &mut SmallRng) -> Bytes {
    let (open, close) =
        (format!(r#"{{"amount":{},"memo":""#, random.random_range(1..1_000)), "\"}");
    let letters = PAYLOAD_BYTES - open.len() - close.len();
    let memo: String = (0..letters).map(|_| char::from(random.sample(Alphanumeric))).collect();
    Bytes::from([open.as_str(), memo.as_str(), close].concat())
}

/// The name of the `n`th stream.
pub(crate) fn stream_name(n: u64) -> StreamName {
    StreamName::of("account", &format!("{n:010}")).expect("letters, a dash and digits are a name")
}

/// Appends to one stream, event after event.
pub(crate) struct Writer {
    stream: StreamName,
    next: u64,
    source: Source,
}

impl Writer {
    /// The writer of a stream that has `next` events.
    pub(crate) fn new(stream: StreamName, next: u64, seed: u64) -> Self {
        Self { stream, next, source: Source::new(seed) }
    }

    /// Its next events.
    pub(crate) fn next_events(&mut self, count: u64) -> Vec<Event> {
        let from = self.next;
        self.next += count;
        (from..self.next).map(|revision| self.source.event(&self.stream, revision)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_json_of_the_stated_length() {
        let payload = payload(&mut SmallRng::seed_from_u64(1));
        assert_eq!(payload.len(), PAYLOAD_BYTES);
        let value: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert!(value["amount"].is_number() && value["memo"].is_string());
    }
}
