//! What this protocol says of a group beyond what every group has: kept with it, as JSON.
//!
//! Why: settings that only this protocol knows come back as they were given, and are changed in the
//! same commit as the rest.

use super::super::filter::everything;
use super::super::name::Named;
use super::super::read::{Source, filtered};
use super::super::refusal::Refusal;
use super::which::Which;
use bytestring::ByteString;
use headwater_model::{GroupSettings, Query};
use headwater_wire::kurrent::event_store::client::streams::read_req::options::{
    FilterOptions, filter_options,
};
use serde::{Deserialize, Serialize};

/// The note, under this protocol's name: other faces may keep others.
#[derive(Serialize, Deserialize)]
struct Kept {
    kurrent: Note,
}

/// What is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// Its stream, or `$all`.
    pub(super) stream: String,
    /// Its name there.
    pub(super) group: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) filter: Option<Passes>,
    /// Where it began, as this protocol writes it.
    pub(super) start: String,
    /// Events of its stream before this revision are not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<u64>,
    pub(super) strategy: Strategy,
    pub(super) resolve_links: bool,
    pub(super) extra_statistics: bool,
    /// 0: for ever.
    pub(super) message_timeout_ms: i32,
    pub(super) max_retry_count: i32,
    /// 0: no bound.
    pub(super) max_subscriber_count: i32,
    pub(super) checkpoint_after_ms: i32,
    pub(super) min_checkpoint_count: i32,
    pub(super) max_checkpoint_count: i32,
    pub(super) live_buffer_size: i32,
    pub(super) read_batch_size: i32,
    pub(super) history_buffer_size: i32,
}

/// Who of several connections is given what.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Strategy {
    DispatchToSingle,
    RoundRobin,
    Pinned,
    PinnedByCorrelation,
}

impl Strategy {
    /// Its name in this protocol.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::DispatchToSingle => "DispatchToSingle",
            Self::RoundRobin => "RoundRobin",
            Self::Pinned => "Pinned",
            Self::PinnedByCorrelation => "PinnedByCorrelation",
        }
    }
}

/// A filter, as it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Passes {
    of: Of,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    regex: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    prefixes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Of {
    Stream,
    Type,
}

impl Passes {
    /// What a client asked for. How often a checkpoint is told is none of a group's business.
    pub(super) fn of(options: FilterOptions) -> Result<Self, Refusal> {
        use filter_options::Filter;
        let (of, expression) = match options.filter {
            Some(Filter::StreamIdentifier(expression)) => (Of::Stream, expression),
            Some(Filter::EventType(expression)) => (Of::Type, expression),
            None => return Err(Refusal::invalid("the filter says neither streams nor types")),
        };
        Ok(Self { of, regex: expression.regex, prefixes: expression.prefix })
    }

    fn options(&self) -> FilterOptions {
        use filter_options::{Expression, Filter};
        let expression = Expression { regex: self.regex.clone(), prefix: self.prefixes.clone() };
        let filter = match self.of {
            Of::Stream => Filter::StreamIdentifier(expression),
            Of::Type => Filter::EventType(expression),
        };
        FilterOptions { filter: Some(filter), ..FilterOptions::default() }
    }
}

impl Note {
    /// What is kept with a group; `None`: it is none of this protocol.
    pub(super) fn kept(settings: &GroupSettings) -> Option<Self> {
        let kept: Kept = serde_json::from_str(&settings.note).ok()?;
        Some(kept.kurrent)
    }

    /// As it is kept.
    pub(super) fn keep(&self) -> ByteString {
        let kept = Kept { kurrent: self.clone() };
        serde_json::to_string(&kept).expect("texts and numbers are JSON").into()
    }

    /// Whose it is.
    pub(super) fn which(&self) -> Which {
        Which { source: self.stream.clone().into(), group: self.group.clone().into() }
    }

    /// What the group reads, and how it is shown.
    pub(super) fn source(&self) -> Result<Source, Refusal> {
        if self.which().is_all() {
            return match &self.filter {
                Some(filter) => filtered(filter.options()),
                None => Ok(Source::plain(everything())),
            };
        }
        match Named::of_text(self.stream.clone().into())? {
            Named::Plain(stream) | Named::Settings { own: stream, .. } => {
                Ok(Source::plain(Query::stream(stream)))
            }
            Named::Derived(derived) => Ok(Source::derived(*derived)),
            Named::Parked(_) => {
                let why = "what a group has parked is replayed into the same group, not another's";
                Err(Refusal::invalid(why))
            }
        }
    }
}
