//! What is asked of groups and by their members, as JSON asks for it.
//!
//! Invariant: D3, every list is bounded while it is read. Whether settings can be is the store's to say.

use crate::http::asked_append::{AskedItem, CheckpointJson};
use crate::http::bounds::CONDITION_COUNT_MAX;
use crate::http::form;
use crate::http::json::{at_most, bounded, number, said, whole};
use crate::http::problem::Problem;
use crate::http::refused::Refused;
use headwater_model::limits::{GROUP_BACKOFF_COUNT_MAX, GROUP_IN_FLIGHT_COUNT_MAX};
use headwater_model::{
    Backoff, DeliveryId, GroupKey, GroupSettings, GroupSharing, ParkedPart, Position, Query, Seek,
    Start, Timestamp,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Deserializer;

/// A group to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewGroup")]
pub(in crate::http) struct AskedGroup {
    /// Where it begins; there is no default.
    pub(in crate::http) start: AskedStart,
    /// What is not said is as usual.
    #[serde(default)]
    pub(in crate::http) settings: AskedSettings,
}

/// `"beginning"`, `"now"` (with the events to come), or a checkpoint, behind which it begins.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "GroupStart")]
pub(in crate::http) enum AskedStart {
    Word(Edge),
    After(CheckpointJson),
}

/// An end of the log.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum Edge {
    Beginning,
    Now,
}

impl From<AskedStart> for Start {
    fn from(asked: AskedStart) -> Self {
        match asked {
            AskedStart::Word(Edge::Beginning) => Self::Beginning,
            AskedStart::Word(Edge::Now) => Self::Now,
            AskedStart::After(checkpoint) => Self::After(checkpoint.into()),
        }
    }
}

/// What a group is made with.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "AskedGroupSettings")]
pub(in crate::http) struct AskedSettings {
    /// Which events: any of these; all that are not the system's if nothing is said. Stays as made.
    #[serde(deserialize_with = "items")]
    #[schemars(with = "Vec<AskedItem>", length(max = 64))]
    source: Option<Vec<AskedItem>>,
    /// What keeps them in order. Stays as made.
    #[serde(deserialize_with = "said")]
    #[schemars(with = "AskedKey")]
    key: Option<AskedKey>,
    /// How long a member may hold a delivery, in milliseconds.
    #[serde(deserialize_with = "number")]
    #[schemars(with = "u64", range(min = 1, max = 604_800_000))]
    ack_wait_ms: Option<u64>,
    /// How long a member may be silent before it counts as gone, in milliseconds.
    #[serde(deserialize_with = "number")]
    #[schemars(with = "u64", range(min = 1, max = 604_800_000))]
    lease_ms: Option<u64>,
    /// Deliveries of one event before it is parked.
    #[serde(deserialize_with = "number")]
    #[schemars(with = "u32", range(min = 1))]
    attempts_max: Option<u32>,
    /// How long an event waits that is to be delivered again.
    #[serde(deserialize_with = "said")]
    #[schemars(with = "AskedBackoff")]
    backoff: Option<AskedBackoff>,
    /// Deliveries that one member may hold.
    #[serde(deserialize_with = "number")]
    #[schemars(with = "u32", range(min = 1, max = 4_096))]
    in_flight_count_max: Option<u32>,
    /// Members at a time.
    #[serde(deserialize_with = "number")]
    #[schemars(with = "u32", range(min = 1, max = 1_024))]
    member_count_max: Option<u32>,
    /// Who is given what can be delivered.
    #[serde(deserialize_with = "said")]
    #[schemars(with = "AskedSharing")]
    sharing: Option<AskedSharing>,
    /// What you keep with the group.
    #[serde(deserialize_with = "said")]
    #[schemars(with = "String")]
    note: Option<String>,
}

fn items<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<AskedItem>>, D::Error> {
    at_most::<CONDITION_COUNT_MAX, _, _>(from).map(Some)
}

/// What keeps the events of a group in order: `"stream"`, or `{"metadata": "tenant"}`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "GroupKey")]
pub(in crate::http) enum AskedKey {
    Stream,
    Category,
    Correlation,
    Event,
    Metadata(String),
}

/// Who is given what can be delivered.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "GroupSharing")]
pub(in crate::http) enum AskedSharing {
    Evenly,
    First,
}

/// How long an event waits that is to be delivered again.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[schemars(rename = "Backoff")]
pub(in crate::http) enum AskedBackoff {
    /// The first wait behind the first attempt, the last behind all further ones.
    List {
        #[serde(deserialize_with = "at_most::<GROUP_BACKOFF_COUNT_MAX, _, _>")]
        #[schemars(length(max = 64))]
        waits_ms: Vec<u64>,
    },
    /// Twice as long each time.
    Exponential {
        #[serde(deserialize_with = "whole")]
        first_ms: u64,
        #[serde(deserialize_with = "whole")]
        max_ms: u64,
    },
}

impl AskedSettings {
    /// What is said, and the rest as in `usual`.
    pub(in crate::http) fn onto(self, usual: GroupSettings) -> GroupSettings {
        let source =
            |items: Vec<AskedItem>| Query { items: items.into_iter().map(Into::into).collect() };
        GroupSettings {
            source: self.source.map_or(usual.source, source),
            key: self.key.map_or(usual.key, Into::into),
            ack_wait_ms: self.ack_wait_ms.unwrap_or(usual.ack_wait_ms),
            lease_ms: self.lease_ms.unwrap_or(usual.lease_ms),
            attempts_max: self.attempts_max.unwrap_or(usual.attempts_max),
            backoff: self.backoff.map_or(usual.backoff, Into::into),
            in_flight_count_max: self.in_flight_count_max.unwrap_or(usual.in_flight_count_max),
            member_count_max: self.member_count_max.unwrap_or(usual.member_count_max),
            sharing: self.sharing.map_or(usual.sharing, |sharing| match sharing {
                AskedSharing::Evenly => GroupSharing::Evenly,
                AskedSharing::First => GroupSharing::First,
            }),
            note: self.note.map_or(usual.note, Into::into),
        }
    }
}

impl From<AskedKey> for GroupKey {
    fn from(asked: AskedKey) -> Self {
        match asked {
            AskedKey::Stream => Self::Stream,
            AskedKey::Category => Self::Category,
            AskedKey::Correlation => Self::Correlation,
            AskedKey::Event => Self::Event,
            AskedKey::Metadata(name) => Self::Metadata(name.into()),
        }
    }
}

impl From<AskedBackoff> for Backoff {
    fn from(asked: AskedBackoff) -> Self {
        match asked {
            AskedBackoff::List { waits_ms } => Self::List { waits_ms },
            AskedBackoff::Exponential { first_ms, max_ms } => {
                Self::Exponential { first_ms, max_ms }
            }
        }
    }
}

/// Where a group is to go on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SeekGroup")]
pub(in crate::http) struct AskedSeek {
    pub(in crate::http) to: AskedPlace,
}

/// `"beginning"`, `"now"`, behind a checkpoint, or behind an instant like `"2026-03-09T14:00:00Z"`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "GroupPlace")]
pub(in crate::http) enum AskedPlace {
    Word(Edge),
    After(CheckpointJson),
    Instant(#[schemars(schema_with = "form::time")] String),
}

impl TryFrom<AskedPlace> for Seek {
    type Error = Problem;
    fn try_from(asked: AskedPlace) -> Result<Self, Problem> {
        Ok(match asked {
            AskedPlace::Word(Edge::Beginning) => Self::Beginning,
            AskedPlace::Word(Edge::Now) => Self::Now,
            AskedPlace::After(checkpoint) => Self::After(checkpoint.into()),
            AskedPlace::Instant(text) => {
                let instant = text.parse::<Timestamp>();
                Self::Time(instant.map_err(|why| Refused::body("/to", why))?)
            }
        })
    }
}

/// Which parked events: `"all"`, `{"one": 7}`, or `{"up_to": 7}`, inclusive.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ParkedPart")]
pub(in crate::http) enum AskedPart {
    All,
    One(
        #[serde(deserialize_with = "bounded")]
        #[schemars(schema_with = "form::place")]
        u64,
    ),
    UpTo(
        #[serde(deserialize_with = "bounded")]
        #[schemars(schema_with = "form::place")]
        u64,
    ),
}

impl From<AskedPart> for ParkedPart {
    fn from(asked: AskedPart) -> Self {
        match asked {
            AskedPart::All => Self::All,
            AskedPart::One(position) => Self::One(Position(position)),
            AskedPart::UpTo(position) => Self::UpTo(Position(position)),
        }
    }
}

/// Parked events that are to be delivered again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplayParked")]
pub(in crate::http) struct AskedReplay {
    pub(in crate::http) part: AskedPart,
}

/// Parked events that are given up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SkipParked")]
pub(in crate::http) struct AskedSkip {
    pub(in crate::http) part: AskedPart,
    /// Why.
    pub(in crate::http) reason: String,
}

/// Deliveries that were handled, or are still worked on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Deliveries")]
pub(in crate::http) struct AskedSettled {
    #[serde(deserialize_with = "ids")]
    #[schemars(with = "Vec<u64>", length(max = 4_096))]
    pub(in crate::http) deliveries: Vec<DeliveryId>,
}

fn ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<DeliveryId>, D::Error> {
    #[derive(Deserialize)]
    struct Id(#[serde(deserialize_with = "whole")] u64);
    let ids = at_most::<{ GROUP_IN_FLIGHT_COUNT_MAX as usize }, Id, _>(from)?;
    Ok(ids.into_iter().map(|Id(id)| DeliveryId(id)).collect())
}

/// One that is to be delivered again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RetryDelivery")]
pub(in crate::http) struct AskedRetry {
    #[serde(deserialize_with = "whole")]
    pub(in crate::http) delivery: u64,
    /// After so many milliseconds; after what the backoff says if nothing is said.
    #[serde(default, deserialize_with = "number")]
    #[schemars(with = "u64")]
    pub(in crate::http) wait_ms: Option<u64>,
    /// Why.
    #[serde(default)]
    pub(in crate::http) reason: String,
}

/// One that is set aside for a person.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ParkDelivery")]
pub(in crate::http) struct AskedPark {
    #[serde(deserialize_with = "whole")]
    pub(in crate::http) delivery: u64,
    /// Why.
    pub(in crate::http) reason: String,
}
