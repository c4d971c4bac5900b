//! What a group is: which events, what keeps them in order, how long it waits and how often it tries.

use super::GroupError;
use crate::limits;
use crate::{Query, RecordedEvent};
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the events of a group are kept in order by. Events of different keys go side by side.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKey {
    /// By stream.
    #[default]
    Stream,
    /// By category: one event of a category at a time.
    Category,
    /// By the business transaction; an event without one, by its stream.
    Correlation,
    /// By a free key of the metadata; an event without it, by its stream.
    Metadata(ByteString),
    /// Every event by itself: no order at all, and a parked one holds nothing.
    Event,
}

impl GroupKey {
    /// The key of an event.
    pub fn of(&self, event: &RecordedEvent) -> ByteString {
        let stream = || event.stream.as_shared().clone();
        match self {
            Self::Stream => stream(),
            Self::Category => ByteString::from(event.stream.category()),
            Self::Correlation => event.metadata.correlation.clone().unwrap_or_else(stream),
            Self::Metadata(name) => {
                let free = event.metadata.free.iter().find(|(key, _)| key == name);
                free.map_or_else(stream, |(_, value)| value.clone())
            }
            Self::Event => ByteString::from(event.position.to_string()),
        }
    }
}

/// Who of several members is given what can be delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupSharing {
    /// Whoever waits, each a share.
    #[default]
    Evenly,
    /// Whoever joined first, as long as it may hold more; then the next. One that may hold more and
    /// does not ask keeps the others waiting until its lease is over.
    First,
}

impl GroupSharing {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How long an event waits that was given back by [`super::Member::retry`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backoff {
    /// The first wait behind the first attempt, and so on; the last one behind all further ones.
    /// Empty: no wait.
    List {
        /// In milliseconds.
        waits_ms: Vec<u64>,
    },
    /// Twice as long each time.
    Exponential {
        /// Behind the first attempt.
        first_ms: u64,
        /// Never longer.
        max_ms: u64,
    },
}

impl Backoff {
    /// The wait behind the `attempt`th attempt; 1 is the first.
    pub fn wait(&self, attempt: u32) -> Duration {
        let n = attempt.saturating_sub(1);
        let ms = match self {
            Self::List { waits_ms } => {
                let n = usize::try_from(n).unwrap_or(usize::MAX);
                waits_ms.get(n).or(waits_ms.last()).copied().unwrap_or(0)
            }
            Self::Exponential { first_ms, max_ms } => {
                let factor = 1_u64.checked_shl(n).unwrap_or(u64::MAX);
                first_ms.saturating_mul(factor).min(*max_ms)
            }
        };
        Duration::from_millis(ms)
    }
}

/// What a group is made with. `source` and `key` stay as they were made: with another order the
/// checkpoint would mean something else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GroupSettings {
    /// Which events.
    pub source: Query,
    /// What keeps them in order.
    pub key: GroupKey,
    /// How long a member may hold a delivery before it is given to another.
    pub ack_wait_ms: u64,
    /// How long a member may be silent before it counts as gone.
    pub lease_ms: u64,
    /// Deliveries of one event before it is parked.
    pub attempts_max: u32,
    /// How long an event waits that is to be retried.
    pub backoff: Backoff,
    /// Deliveries that a member may hold at a time.
    pub in_flight_count_max: u32,
    /// Members at a time.
    pub member_count_max: u32,
    /// Who is given what can be delivered.
    #[serde(default, skip_serializing_if = "GroupSharing::is_usual")]
    pub sharing: GroupSharing,
    /// What its owner keeps with it. The store does not look at it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub note: ByteString,
}

impl GroupSettings {
    /// The usual group over a source: by stream, 30 s to ack, five attempts.
    pub fn over(source: Query) -> Self {
        Self {
            source,
            key: GroupKey::Stream,
            ack_wait_ms: 30_000,
            lease_ms: 60_000,
            attempts_max: 5,
            backoff: Backoff::Exponential { first_ms: 100, max_ms: 60_000 },
            in_flight_count_max: 64,
            member_count_max: 64,
            sharing: GroupSharing::Evenly,
            note: ByteString::new(),
        }
    }

    /// Whether a group can be made with them.
    ///
    /// # Errors
    /// [`GroupError::Invalid`] says which cannot be.
    pub fn check(&self) -> Result<(), GroupError> {
        let waits = match &self.backoff {
            Backoff::List { waits_ms } => waits_ms.len(),
            Backoff::Exponential { .. } => 0,
        };
        let metadata = match &self.key {
            GroupKey::Metadata(name) => name.len(),
            _ => 1,
        };
        let span = 1..=limits::GROUP_WAIT_MS_MAX;
        let count = |max: u32| 1..=u64::from(max);
        let bounds = [
            (
                "the query's size",
                self.source.size() as u64,
                0..=limits::QUERY_ITEM_COUNT_MAX as u64,
            ),
            ("ack_wait_ms", self.ack_wait_ms, span.clone()),
            ("lease_ms", self.lease_ms, span),
            ("attempts_max", self.attempts_max.into(), count(u32::MAX)),
            ("waits of the backoff", waits as u64, 0..=limits::GROUP_BACKOFF_COUNT_MAX as u64),
            (
                "in_flight_count_max",
                self.in_flight_count_max.into(),
                count(limits::GROUP_IN_FLIGHT_COUNT_MAX),
            ),
            (
                "member_count_max",
                self.member_count_max.into(),
                count(limits::GROUP_MEMBER_COUNT_MAX),
            ),
            ("bytes of the metadata's key", metadata as u64, 1..=limits::TAG_BYTES_MAX as u64),
            ("bytes of the note", self.note.len() as u64, 0..=limits::GROUP_NOTE_BYTES_MAX as u64),
        ];
        match bounds.iter().find(|(_, value, bound)| !bound.contains(value)) {
            None => Ok(()),
            Some((what, value, bound)) => {
                let (low, high) = (bound.start(), bound.end());
                Err(GroupError::Invalid { why: format!("{what}: {value} is not {low} to {high}") })
            }
        }
    }

    /// Whether a group of these settings can be given `other`.
    ///
    /// # Errors
    /// [`GroupError::Fixed`] names what cannot be changed; [`GroupError::Invalid`].
    pub fn check_change(&self, other: &Self) -> Result<(), GroupError> {
        let fixed = [("source", self.source == other.source), ("key", self.key == other.key)];
        match fixed.iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(GroupError::Fixed { what }),
            None => other.check(),
        }
    }

    /// How long a member may hold a delivery.
    pub fn ack_wait(&self) -> Duration {
        Duration::from_millis(self.ack_wait_ms)
    }

    /// How long a member may be silent.
    pub fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backoff_grows_to_its_end_and_stays_there() {
        let list = Backoff::List { waits_ms: vec![10, 20] };
        let waits = |backoff: &Backoff| {
            [1, 2, 3, 400].map(|attempt| backoff.wait(attempt).as_millis()).to_vec()
        };
        assert_eq!(waits(&list), [10, 20, 20, 20]);
        assert_eq!(waits(&Backoff::List { waits_ms: vec![] }), [0, 0, 0, 0]);
        let doubling = Backoff::Exponential { first_ms: 100, max_ms: 350 };
        assert_eq!(waits(&doubling), [100, 200, 350, 350]);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let settings = GroupSettings { ack_wait_ms: 0, ..GroupSettings::over(Query::all()) };
        let why = settings.check().expect_err("nobody acks at once").to_string();
        assert!(why.contains("ack_wait_ms: 0 is not 1 to"), "{why}");
        assert_eq!(GroupSettings::over(Query::all()).check(), Ok(()));
    }
}
