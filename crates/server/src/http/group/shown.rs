//! Groups, their parked events and their deliveries, as JSON shows them.

use crate::http::form;
use crate::http::shown::ShownEvent;
use headwater_model::{
    Checkpoint, DeliveryId, GroupDelivery, GroupInfo, GroupName, GroupSettings, MemberInfo,
    ParkedEvent, Position, Timestamp,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// All groups of a context.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Groups")]
pub(in crate::http) struct ShownGroups<'a> {
    /// In order of name.
    pub(in crate::http) groups: Vec<ShownGroup<'a>>,
}

/// A group at one moment.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Group")]
pub(in crate::http) struct ShownGroup<'a> {
    /// Its name.
    #[schemars(with = "String")]
    group: &'a GroupName,
    /// Everything up to here is done, parked, held behind a parked event, or does not match; `null`:
    /// nothing yet.
    #[schemars(with = "Option<Value>")]
    checkpoint: Option<Checkpoint>,
    /// Deliveries that are not settled.
    in_flight_count: u64,
    /// Events set aside.
    parked_count: u64,
    /// Events that may still have to be delivered.
    lag_count: u64,
    /// How old the oldest of them is.
    lag_ms: u64,
    /// Since the context was opened.
    delivered_count: u64,
    /// How many of them were not the first of their event.
    redelivered_count: u64,
    /// Who is in it, in the order of joining.
    members: Vec<ShownMember<'a>>,
    /// What it was made with, or changed to.
    #[schemars(with = "Value")]
    settings: &'a GroupSettings,
}

/// One member of a group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Member")]
struct ShownMember<'a> {
    /// A number of its own each time it joins.
    id: u64,
    /// As it calls itself.
    name: &'a str,
    /// When.
    #[schemars(schema_with = "form::time")]
    joined_at: Timestamp,
    /// Deliveries that it holds.
    in_flight_count: u64,
}

impl<'a> From<&'a GroupInfo> for ShownGroup<'a> {
    fn from(info: &'a GroupInfo) -> Self {
        Self {
            group: &info.name,
            checkpoint: info.checkpoint,
            in_flight_count: info.in_flight_count,
            parked_count: info.parked_count,
            lag_count: info.lag_count,
            lag_ms: u64::try_from(info.lag.as_millis()).unwrap_or(u64::MAX),
            delivered_count: info.delivered_count,
            redelivered_count: info.redelivered_count,
            members: info.members.iter().map(ShownMember::from).collect(),
            settings: &info.settings,
        }
    }
}

impl<'a> From<&'a MemberInfo> for ShownMember<'a> {
    fn from(member: &'a MemberInfo) -> Self {
        let MemberInfo { id, name, joined_at, in_flight_count } = member;
        Self { id: id.0, name, joined_at: *joined_at, in_flight_count: *in_flight_count }
    }
}

/// A page of parked events.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkedEvents")]
pub(in crate::http) struct ShownParkedEvents<'a> {
    /// In order of position.
    pub(in crate::http) parked: Vec<ShownParked<'a>>,
    /// Say it as `after` for the next page; `null`: this was the last.
    #[schemars(schema_with = "form::place_or_null")]
    pub(in crate::http) next: Option<Position>,
}

/// An event that was set aside.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkedEvent")]
pub(in crate::http) struct ShownParked<'a> {
    /// Where it stands.
    #[schemars(schema_with = "form::place")]
    position: Position,
    /// What keeps it in order.
    key: &'a str,
    /// Deliveries before it was parked.
    attempts: u32,
    /// Why.
    reason: &'a str,
    /// When.
    #[schemars(schema_with = "form::time")]
    parked_at: Timestamp,
    /// Events of its key that wait behind it.
    held_count: u64,
    /// The event; `null` if its stream's settings hide it by now.
    event: Option<ShownEvent<'a>>,
}

impl<'a> From<&'a ParkedEvent> for ShownParked<'a> {
    fn from(parked: &'a ParkedEvent) -> Self {
        Self {
            position: parked.position,
            key: &parked.key,
            attempts: parked.attempts,
            reason: &parked.reason,
            parked_at: parked.parked_at,
            held_count: parked.held_count,
            event: parked.event.as_ref().map(ShownEvent::from),
        }
    }
}

/// One delivery.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub(in crate::http) struct ShownDelivery<'a> {
    /// What is acked.
    #[schemars(with = "u64")]
    id: DeliveryId,
    /// What keeps it in order: until this is settled no other event of the key is delivered.
    key: &'a str,
    /// 1 for the first delivery of the event.
    attempt: u32,
    /// Until then the member holds it.
    #[schemars(schema_with = "form::time")]
    until: Timestamp,
    /// The event.
    event: ShownEvent<'a>,
}

impl<'a> From<&'a GroupDelivery> for ShownDelivery<'a> {
    fn from(delivery: &'a GroupDelivery) -> Self {
        Self {
            id: delivery.id,
            key: &delivery.key,
            attempt: delivery.attempt,
            until: delivery.until,
            event: (&delivery.event).into(),
        }
    }
}

/// How many were concerned.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Count")]
pub(in crate::http) struct ShownCount {
    pub(in crate::http) count: u64,
}

/// Where a group goes on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SoughtGroup")]
pub(in crate::http) struct ShownSeek {
    /// Behind this; `null`: with the first event.
    #[schemars(with = "Option<Value>")]
    pub(in crate::http) checkpoint: Option<Checkpoint>,
}
