//! An atomic append, as JSON asks for it.
//!
//! Invariant: D3, every list and every number is bounded while it is read.

use super::asked::{AskedEvent, Ids};
use super::bounds::{CONDITION_COUNT_MAX, NAME_COUNT_MAX};
use super::form;
use super::json::{at_most, bounded, place_or_null, whole};
use super::problem::Problem;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::limits::{APPEND_CHECKPOINT_COUNT_MAX, APPEND_EVENT_COUNT_MAX};
use headwater_model::{
    Append, Category, Checkpoint, CheckpointName, Condition, EventType, ExpectedRevision,
    Incarnation, InvalidName, Position, Query, QueryItem, Revision, SaveCheckpoint, StreamName,
    StreamWrite, Tag,
};
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Deserializer;

/// One atomic request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Append")]
pub(super) struct AskedAppend<'a> {
    /// Events, by stream; a stream stands here once.
    #[serde(borrow, default, deserialize_with = "at_most::<APPEND_EVENT_COUNT_MAX, _, _>")]
    #[schemars(length(max = 10_000))]
    writes: Vec<AskedWrite<'a>>,
    /// All must hold.
    #[serde(default, deserialize_with = "at_most::<CONDITION_COUNT_MAX, _, _>")]
    #[schemars(length(max = 64))]
    conditions: Vec<AskedCondition>,
    /// Moved together with the events.
    #[serde(default, deserialize_with = "at_most::<APPEND_CHECKPOINT_COUNT_MAX, _, _>")]
    #[schemars(length(max = 1_024))]
    checkpoints: Vec<AskedCheckpoint>,
}

/// Events for one stream.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Write")]
struct AskedWrite<'a> {
    /// Where.
    #[schemars(schema_with = "form::stream")]
    stream: StreamName,
    /// What you believe about it: `any`, `none`, `exists`, or its last revision.
    #[serde(deserialize_with = "expectation")]
    #[schemars(schema_with = "form::expected")]
    expected: ExpectedRevision,
    /// In this order. None: only the expectation is checked.
    #[serde(borrow, default, deserialize_with = "at_most::<APPEND_EVENT_COUNT_MAX, _, _>")]
    #[schemars(length(max = 10_000))]
    events: Vec<AskedEvent<'a>>,
}

/// Refuses the append if an event behind `after` matches the query.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Condition")]
struct AskedCondition {
    /// What the decision read: any of these.
    #[serde(deserialize_with = "at_most::<CONDITION_COUNT_MAX, _, _>")]
    #[schemars(length(max = 64))]
    query: Vec<AskedItem>,
    /// How far it had read, exclusive; nothing if nothing is said.
    #[serde(default, deserialize_with = "place_or_null")]
    #[schemars(schema_with = "form::place_or_null")]
    after: Option<u64>,
}

/// Every part that is not empty must match.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
#[schemars(rename = "QueryItem")]
pub(super) struct AskedItem {
    /// Any of these streams.
    #[serde(deserialize_with = "at_most::<NAME_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::streams")]
    streams: Vec<StreamText>,
    /// Any stream whose name begins so.
    #[serde(deserialize_with = "at_most::<NAME_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::streams")]
    stream_prefixes: Vec<StreamText>,
    /// Any stream of these categories.
    #[serde(deserialize_with = "at_most::<NAME_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::streams")]
    categories: Vec<Category>,
    /// Any of these types.
    #[serde(deserialize_with = "at_most::<NAME_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::names")]
    types: Vec<EventType>,
    /// All of these tags.
    #[serde(deserialize_with = "at_most::<NAME_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::names")]
    tags: Vec<Tag>,
}

/// A stream that a query asks for, or what its name begins with: the system's too.
#[derive(Deserialize)]
#[serde(try_from = "ByteString")]
struct StreamText(StreamName);

impl TryFrom<ByteString> for StreamText {
    type Error = InvalidName;
    fn try_from(text: ByteString) -> Result<Self, Self::Error> {
        StreamName::system(text).map(Self)
    }
}

/// Moves a checkpoint.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SaveCheckpoint")]
struct AskedCheckpoint {
    /// Whose.
    #[schemars(schema_with = "form::checkpoint_name")]
    name: CheckpointName,
    /// Where it is now; `null` for a reader that never saved one.
    expected: Option<CheckpointJson>,
    /// Where it will be.
    to: CheckpointJson,
}

/// The last position fully handled, in one history of the context that was read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Checkpoint")]
pub(super) struct CheckpointJson {
    /// Which history.
    #[serde(deserialize_with = "whole")]
    #[schemars(range(max = 4_294_967_295_u32))]
    incarnation: u32,
    /// The position.
    #[serde(deserialize_with = "bounded")]
    #[schemars(schema_with = "form::place")]
    position: u64,
}

impl AskedAppend<'_> {
    /// The append, whose payloads are slices of `body`.
    pub(super) fn into_append(
        self,
        body: &Bytes,
        headers: &HeaderMap,
        ids: &mut Ids,
    ) -> Result<Append, Problem> {
        let mut append = Append::default();
        for (w, write) in self.writes.into_iter().enumerate() {
            let events = write.events.into_iter().enumerate().map(|(n, event)| {
                event.into_new(&format!("/writes/{w}/events/{n}"), body, headers, ids)
            });
            let events = events.collect::<Result<_, Problem>>()?;
            append.writes.push(StreamWrite {
                stream: write.stream,
                expected: write.expected,
                events,
            });
        }
        append.conditions = self.conditions.into_iter().map(Condition::from).collect();
        append.checkpoints = self.checkpoints.into_iter().map(SaveCheckpoint::from).collect();
        Ok(append)
    }
}

impl From<AskedCondition> for Condition {
    fn from(asked: AskedCondition) -> Self {
        let items = asked.query.into_iter().map(QueryItem::from).collect();
        Self { query: Query { items }, after: asked.after.map(Position) }
    }
}

impl From<AskedItem> for QueryItem {
    fn from(asked: AskedItem) -> Self {
        let AskedItem { streams, stream_prefixes, categories, types, tags } = asked;
        let streams = streams.into_iter().map(|StreamText(name)| name).collect();
        let prefix = |StreamText(name): StreamText| name.as_shared().clone();
        let stream_prefixes = stream_prefixes.into_iter().map(prefix).collect();
        Self { streams, stream_prefixes, categories, types, tags }
    }
}

impl From<AskedCheckpoint> for SaveCheckpoint {
    fn from(asked: AskedCheckpoint) -> Self {
        let AskedCheckpoint { name, expected, to } = asked;
        Self { name, expected: expected.map(Checkpoint::from), to: to.into() }
    }
}

impl From<CheckpointJson> for Checkpoint {
    fn from(json: CheckpointJson) -> Self {
        let CheckpointJson { incarnation, position } = json;
        Self { incarnation: Incarnation(incarnation), position: Position(position) }
    }
}

fn expectation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExpectedRevision, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected any, none, exists, or a revision")]
    enum Given {
        Revision(#[serde(deserialize_with = "bounded")] u64),
        Word(Word),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Any,
        None,
        Exists,
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::Revision(revision) => ExpectedRevision::At(Revision(revision)),
        Given::Word(Word::Any) => ExpectedRevision::Any,
        Given::Word(Word::None) => ExpectedRevision::NoStream,
        Given::Word(Word::Exists) => ExpectedRevision::Exists,
    })
}
