//! Settings: what a client asks of a group, as a consumer group is made with it.
//!
//! Picture:
//! ```text
//!   DispatchToSingle     key: event          first      one connection, until it may hold no more
//!   RoundRobin           key: event          evenly     no order promised
//!   Pinned               key: stream         evenly     a stream's events in order, one at a time
//!   PinnedByCorrelation  key: correlation    evenly     a transaction's events in order, one at a time
//! ```
//! Sizes of buffers and how often a checkpoint is written are kept and given back: here every ack is
//! durable at once, and what is read ahead is bounded by the store.

use super::super::refusal::Refusal;
use super::note::{Note, Passes, Strategy};
use super::start::Begin;
use super::which::Which;
use headwater_model::limits::{
    GROUP_IN_FLIGHT_COUNT_MAX, GROUP_MEMBER_COUNT_MAX, GROUP_WAIT_MS_MAX,
};
use headwater_model::{Backoff, GroupKey, GroupSettings, GroupSharing};
use headwater_wire::kurrent::event_store::client::persistent_subscriptions as pb;
use pb::settings::{CheckpointAfter, MessageTimeout};

/// Ticks of 100 ns in a millisecond.
const TICKS_PER_MS: i64 = 10_000;

/// A connection that neither takes nor says anything for so long is gone.
const LEASE_MS: u64 = 60_000;

impl Note {
    /// A group that is to be made.
    pub(super) fn asked(
        which: &Which,
        begin: &Begin,
        filter: Option<Passes>,
        asked: &pb::Settings,
    ) -> Result<Self, Refusal> {
        let timeout = match asked.message_timeout {
            Some(MessageTimeout::MessageTimeoutMs(ms)) => ms,
            Some(MessageTimeout::MessageTimeoutTicks(ticks)) => ms_of("the timeout", ticks)?,
            None => 0,
        };
        let after = match asked.checkpoint_after {
            Some(CheckpointAfter::CheckpointAfterMs(ms)) => ms,
            Some(CheckpointAfter::CheckpointAfterTicks(ticks)) => {
                ms_of("the checkpoint's time", ticks)?
            }
            None => 0,
        };
        let note = Self {
            stream: which.source.to_string(),
            group: which.group.to_string(),
            filter,
            start: begin.text.clone(),
            first: begin.first,
            strategy: strategy(asked)?,
            resolve_links: asked.resolve_links,
            extra_statistics: asked.extra_statistics,
            message_timeout_ms: timeout,
            max_retry_count: asked.max_retry_count,
            max_subscriber_count: asked.max_subscriber_count,
            checkpoint_after_ms: after,
            min_checkpoint_count: asked.min_checkpoint_count,
            max_checkpoint_count: asked.max_checkpoint_count,
            live_buffer_size: asked.live_buffer_size,
            read_batch_size: asked.read_batch_size,
            history_buffer_size: asked.history_buffer_size,
        };
        note.check()?;
        Ok(note)
    }

    /// This group, with other settings. What it reads and where it began stays.
    pub(super) fn changed(&self, asked: &pb::Settings) -> Result<Self, Refusal> {
        let begin = Begin::noted(self);
        let mut changed = Self::asked(&self.which(), &begin, self.filter.clone(), asked)?;
        // A change cannot name the strategy that only a text names.
        if self.strategy == Strategy::PinnedByCorrelation && changed.strategy == Strategy::Pinned {
            changed.strategy = self.strategy;
        }
        if key(self.strategy) != key(changed.strategy) {
            let why = format!(
                "a group that is {} keeps another order than one that is {}, and what it has done \
                 would mean something else; make another group",
                self.strategy.as_str(),
                changed.strategy.as_str()
            );
            return Err(Refusal::invalid(why));
        }
        Ok(changed)
    }

    fn check(&self) -> Result<(), Refusal> {
        let numbers = [
            ("message timeout", self.message_timeout_ms),
            ("max retry count", self.max_retry_count),
            ("max subscriber count", self.max_subscriber_count),
            ("checkpoint after", self.checkpoint_after_ms),
            ("min checkpoint count", self.min_checkpoint_count),
            ("max checkpoint count", self.max_checkpoint_count),
            ("live buffer size", self.live_buffer_size),
            ("read batch size", self.read_batch_size),
            ("history buffer size", self.history_buffer_size),
        ];
        match numbers.iter().find(|(_, value)| *value < 0) {
            Some((what, value)) => {
                Err(Refusal::invalid(format!("the {what} is {value}, less than nothing")))
            }
            None => Ok(()),
        }
    }

    /// The consumer group.
    pub(super) fn group_settings(&self) -> Result<GroupSettings, Refusal> {
        let ack_wait_ms = match self.message_timeout_ms {
            0 => GROUP_WAIT_MS_MAX,
            ms => u64::from(ms.unsigned_abs()),
        };
        let member_count_max = match self.max_subscriber_count {
            0 => GROUP_MEMBER_COUNT_MAX,
            count => count.unsigned_abs(),
        };
        let sharing = match self.strategy {
            Strategy::DispatchToSingle => GroupSharing::First,
            _ => GroupSharing::Evenly,
        };
        Ok(GroupSettings {
            key: key(self.strategy),
            ack_wait_ms,
            lease_ms: LEASE_MS,
            attempts_max: self.max_retry_count.unsigned_abs().saturating_add(1),
            backoff: Backoff::List { waits_ms: Vec::new() },
            // A connection says itself how many it may hold.
            in_flight_count_max: GROUP_IN_FLIGHT_COUNT_MAX,
            member_count_max,
            sharing,
            note: self.keep(),
            ..GroupSettings::over(self.source()?.query)
        })
    }
}

fn key(strategy: Strategy) -> GroupKey {
    match strategy {
        Strategy::DispatchToSingle | Strategy::RoundRobin => GroupKey::Event,
        Strategy::Pinned => GroupKey::Stream,
        Strategy::PinnedByCorrelation => GroupKey::Correlation,
    }
}

fn strategy(asked: &pb::Settings) -> Result<Strategy, Refusal> {
    if asked.consumer_strategy.is_empty() {
        return Ok(match asked.named_consumer_strategy() {
            pb::ConsumerStrategy::DispatchToSingle => Strategy::DispatchToSingle,
            pb::ConsumerStrategy::RoundRobin => Strategy::RoundRobin,
            pb::ConsumerStrategy::Pinned => Strategy::Pinned,
        });
    }
    let all = [
        Strategy::DispatchToSingle,
        Strategy::RoundRobin,
        Strategy::Pinned,
        Strategy::PinnedByCorrelation,
    ];
    let named = all.into_iter().find(|strategy| strategy.as_str() == asked.consumer_strategy);
    named.ok_or_else(|| {
        Refusal::invalid(format!("Consumer strategy {} does not exist.", asked.consumer_strategy))
    })
}

fn ms_of(what: &str, ticks: i64) -> Result<i32, Refusal> {
    let ms = i32::try_from(ticks / TICKS_PER_MS);
    ms.map_err(|_| Refusal::invalid(format!("{what} is {ticks} ticks, which is out of range")))
}
