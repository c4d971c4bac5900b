//! Who is connected: what an operator is told of each connection, beyond what the group knows.
//!
//! Invariant: a connection is listed exactly as long as it lives.

use headwater_model::{GroupName, MemberId};
use headwater_wire::kurrent::event_store::client::persistent_subscriptions as pb;
use parking_lot::Mutex;
use pb::subscription_info::Measurement;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Times that are remembered of a connection.
const TIME_COUNT_MAX: usize = 1_024;

/// What is told of times, in hundredths of a percent of them.
const SHARES: &[(&str, usize)] = &[
    ("Fastest", 0),
    ("Quintile 1", 2_000),
    ("Quintile 2", 4_000),
    ("Median", 5_000),
    ("Quintile 3", 6_000),
    ("Quintile 4", 8_000),
    ("90%", 9_000),
    ("95%", 9_500),
    ("99%", 9_900),
    ("99.5%", 9_950),
    ("99.9%", 9_990),
    ("Highest", 10_000),
];

/// Which member of which group a connection is.
type Place = (GroupName, MemberId);

/// All connections of one server.
#[derive(Clone, Default)]
pub(super) struct Connected(Arc<Mutex<HashMap<Place, Arc<Connection>>>>);

/// One connection.
pub(super) struct Connection {
    /// As its client calls it.
    pub(super) name: String,
    /// Who it is.
    pub(super) username: String,
    /// Where it comes from.
    pub(super) from: String,
    /// Events that it may hold.
    pub(super) buffer_size: i32,
    since: Instant,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    total: u64,
    last_asked: Option<(Instant, u64)>,
    /// From delivery to ack, in milliseconds.
    times: VecDeque<u64>,
}

/// How many a connection was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Rates {
    pub(super) total: u64,
    pub(super) per_second: u64,
    pub(super) since_last_asked: u64,
}

impl Connection {
    pub(super) fn new(name: String, username: String, from: String, buffer_size: i32) -> Self {
        let (since, counts) = (Instant::now(), Mutex::default());
        Self { name, username, from, buffer_size, since, counts }
    }

    /// It was given so many events.
    pub(super) fn given(&self, count: u64) {
        self.counts.lock().total += count;
    }

    /// It acked one, so long after it was given.
    pub(super) fn took(&self, time: Duration) {
        let times = &mut self.counts.lock().times;
        if times.len() == TIME_COUNT_MAX {
            times.pop_front();
        }
        times.push_back(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    pub(super) fn rates(&self) -> Rates {
        let mut counts = self.counts.lock();
        let total = counts.total;
        let (_, before) = counts.last_asked.unwrap_or((self.since, 0));
        counts.last_asked = Some((Instant::now(), total));
        let seconds = self.since.elapsed().as_secs().max(1);
        Rates { total, per_second: total / seconds, since_last_asked: total - before }
    }

    /// How long its client takes, in milliseconds.
    pub(super) fn measured(&self) -> Vec<Measurement> {
        let mut times: Vec<u64> = self.counts.lock().times.iter().copied().collect();
        times.sort_unstable();
        let Some(last) = times.len().checked_sub(1) else { return Vec::new() };
        let mean = times.iter().sum::<u64>() / times.len() as u64;
        let shares = SHARES.iter().map(|(key, share)| (*key, times[last * share / 10_000]));
        let all = std::iter::once(("Mean", mean)).chain(shares);
        let measurement = |(key, ms): (&str, u64)| Measurement {
            key: key.to_owned(),
            value: i64::try_from(ms).unwrap_or(i64::MAX),
        };
        all.map(measurement).collect()
    }
}

/// One that is listed; dropping it takes it off the list.
pub(super) struct Listed {
    connected: Connected,
    key: Place,
    pub(super) connection: Arc<Connection>,
}

impl Connected {
    pub(super) fn list(&self, group: GroupName, id: MemberId, connection: Connection) -> Listed {
        let (key, connection) = ((group, id), Arc::new(connection));
        self.0.lock().insert(key.clone(), Arc::clone(&connection));
        Listed { connected: self.clone(), key, connection }
    }

    pub(super) fn of(&self, group: &GroupName, id: MemberId) -> Option<Arc<Connection>> {
        self.0.lock().get(&(group.clone(), id)).cloned()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.connected.0.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_their_share() {
        let connection = Connection::new(String::new(), String::new(), String::new(), 1);
        assert!(connection.measured().is_empty());
        (0..=100).for_each(|ms| connection.took(Duration::from_millis(ms)));
        let measured = connection.measured();
        let of = |key: &str| measured.iter().find(|m| m.key == key).map(|m| m.value);
        assert_eq!(
            ["Fastest", "Median", "90%", "Highest", "Mean"].map(of),
            [Some(0), Some(50), Some(90), Some(100), Some(50)]
        );
    }
}
