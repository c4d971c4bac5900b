//! Streams as a whole: the mark that settings, deletion and tombstone leave.
//!
//! Why: what is kept of a stream is a fact like any other, so it is an event: of the stream
//! `$$name`. The marks of all streams that have one are held in memory; other streams cost nothing.
//!
//! Invariants: A3 hiding never renumbers. A tombstone is for ever. A deleted stream revives with
//! its next event, at the next revision.

use headwater_model::{
    Revision, StreamChange, StreamLife, StreamName, StreamSettings, StreamState,
};

/// What the events of `$$name` come to for the stream `name`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StreamMark {
    /// What is kept.
    pub settings: StreamSettings,
    /// Whether it lived when this was recorded; an event behind a deletion revives it.
    pub life: StreamLife,
    /// Events before this revision were deleted.
    pub hidden_before: Revision,
    /// Events before this revision are given up, whatever is set later: a scavenge may remove them.
    pub released: Revision,
}

impl StreamMark {
    /// The mark that `change` leaves on a stream that stands at `last`.
    pub(crate) fn changed(self, change: StreamChange, last: Option<Revision>) -> Self {
        let hidden_before = behind(last);
        match change {
            StreamChange::Settings(settings) => Self { settings, ..self },
            StreamChange::Delete => Self { life: StreamLife::Deleted, hidden_before, ..self },
            StreamChange::Tombstone => Self { life: StreamLife::Tombstoned, hidden_before, ..self },
        }
    }

    /// Whether a stream under this mark lives whose last event is `last`.
    pub(crate) fn life(&self, last: Option<Revision>) -> StreamLife {
        match self.life {
            StreamLife::Deleted if behind(last) > self.hidden_before => StreamLife::Alive,
            life => life,
        }
    }

    /// The first revision that settings and life show; age comes on top.
    pub(crate) fn first(&self, last: Option<Revision>) -> Revision {
        let behind = behind(last);
        let by_life = match self.life(last) {
            StreamLife::Alive => self.hidden_before,
            StreamLife::Deleted | StreamLife::Tombstoned => behind,
        };
        let by_count = self.settings.count_max.map_or(0, |max| behind.0.saturating_sub(max));
        let by_settings = Revision(by_count).max(self.settings.truncate_before.unwrap_or_default());
        by_life.max(by_settings).max(self.released)
    }

    /// The last revision as of a moment, if the index has `found` this one: of what is given up
    /// nobody can say any more when it came.
    pub(crate) fn last_as_of(&self, found: Option<Revision>) -> Option<Revision> {
        found.max(self.released.previous())
    }

    /// How a stream under this mark stands whose last event is `last`.
    pub(crate) fn state(&self, stream: StreamName, last: Option<Revision>) -> StreamState {
        let (first, life) = (self.first(last), self.life(last));
        StreamState { stream, last, first, settings: self.settings, life }
    }
}

fn behind(last: Option<Revision>) -> Revision {
    last.map_or(Revision::ZERO, Revision::next)
}

/// The name of the stream that the settings stream `$$name` is about.
pub(crate) fn subject(settings_stream: &str) -> Option<&str> {
    settings_stream.strip_prefix("$$")
}

/// Where a listing begins: an empty prefix does not look at the system's streams, all of which
/// begin with `$`, one by one.
pub(crate) fn before_system(prefix: &str, after: Option<StreamName>) -> Option<StreamName> {
    if prefix.is_empty() && after.as_ref().is_some_and(StreamName::is_system) {
        return StreamName::system("$\u{10ffff}").ok();
    }
    after
}
