//! How a group stands, in this protocol's figures.
//!
//! Not here: what has no counterpart. Buffers of the reader are the store's, and shown as empty.

use super::super::name::Named;
use super::super::place::commit_of;
use super::super::refusal::Refusal;
use super::connected::Connected;
use super::note::Note;
use super::start::place;
use headwater_model::{
    AsOf, Checkpoint, Direction, EventStore, From as Begin, GroupInfo, MemberInfo, ReadAll,
    ReadStream, StreamName,
};
use headwater_wire::kurrent::event_store::client::persistent_subscriptions as pb;
use pb::subscription_info::ConnectionInfo;

/// All that is told of a group.
pub(super) async fn shown(
    store: &dyn EventStore,
    connected: &Connected,
    note: &Note,
    group: &GroupInfo,
) -> Result<pb::SubscriptionInfo, Refusal> {
    let (incarnation, head) = store.head().await?;
    let head = head.map(|position| Checkpoint { incarnation, position });
    let is_live = group.lag_count <= group.in_flight_count;
    let connections: Vec<_> =
        group.members.iter().map(|member| connection(connected, note, group, member)).collect();
    let sum = |count: fn(&ConnectionInfo) -> i64| connections.iter().map(count).sum::<i64>();
    let per_second = sum(|one| i64::from(one.average_items_per_second));
    Ok(pb::SubscriptionInfo {
        event_source: note.stream.clone(),
        group_name: note.group.clone(),
        status: if is_live { "Live" } else { "Behind" }.to_owned(),
        average_per_second: small(per_second.unsigned_abs()),
        total_items: large(group.delivered_count),
        count_since_last_measurement: sum(|one| one.count_since_last_measurement),
        last_checkpointed_event_position: stands(store, note, group.checkpoint).await?,
        last_known_event_position: stands(store, note, head).await?,
        resolve_link_tos: note.resolve_links,
        start_from: note.start.clone(),
        message_timeout_milliseconds: note.message_timeout_ms,
        extra_statistics: note.extra_statistics,
        max_retry_count: note.max_retry_count,
        live_buffer_size: note.live_buffer_size,
        buffer_size: note.history_buffer_size,
        read_batch_size: note.read_batch_size,
        check_point_after_milliseconds: note.checkpoint_after_ms,
        min_check_point_count: note.min_checkpoint_count,
        max_check_point_count: note.max_checkpoint_count,
        total_in_flight_messages: small(group.in_flight_count),
        outstanding_messages_count: small(group.in_flight_count),
        named_consumer_strategy: note.strategy.as_str().to_owned(),
        max_subscriber_count: note.max_subscriber_count,
        parked_message_count: large(group.parked_count),
        connections,
        ..pb::SubscriptionInfo::default()
    })
}

fn connection(
    connected: &Connected,
    note: &Note,
    group: &GroupInfo,
    member: &MemberInfo,
) -> ConnectionInfo {
    let in_flight = small(member.in_flight_count);
    let Some(connection) = connected.of(&group.name, member.id) else {
        // A member that came by another protocol.
        let may = small(u64::from(group.settings.in_flight_count_max));
        return ConnectionInfo {
            connection_name: member.name.to_string(),
            available_slots: may.saturating_sub(in_flight),
            in_flight_messages: in_flight,
            ..ConnectionInfo::default()
        };
    };
    let rates = connection.rates();
    let measured = if note.extra_statistics { connection.measured() } else { Vec::new() };
    ConnectionInfo {
        from: connection.from.clone(),
        username: connection.username.clone(),
        average_items_per_second: small(rates.per_second),
        total_items: large(rates.total),
        count_since_last_measurement: large(rates.since_last_asked),
        observed_measurements: measured,
        available_slots: connection.buffer_size.saturating_sub(in_flight).max(0),
        in_flight_messages: in_flight,
        connection_name: connection.name.clone(),
    }
}

/// Where the last event of the group's source stands up to a checkpoint; empty if there is none.
async fn stands(
    store: &dyn EventStore,
    note: &Note,
    upto: Option<Checkpoint>,
) -> Result<String, Refusal> {
    let Some(upto) = upto else { return Ok(String::new()) };
    if note.which().is_all() {
        return Ok(place(commit_of(upto)));
    }
    let revision = match Named::of_text(note.stream.clone().into())? {
        Named::Plain(stream) | Named::Settings { own: stream, .. } => {
            last_of_stream(store, stream, upto).await?
        }
        Named::Derived(_) | Named::Parked(_) => last_of_query(store, note, upto).await?,
    };
    Ok(revision.map_or_else(String::new, |revision| revision.to_string()))
}

async fn last_of_stream(
    store: &dyn EventStore,
    stream: StreamName,
    upto: Checkpoint,
) -> Result<Option<u64>, Refusal> {
    let read = ReadStream {
        stream,
        from: Begin::Edge,
        direction: Direction::Backwards,
        count_max: 1,
        as_of: AsOf::Position(upto.position),
    };
    Ok(store.read_stream(read).await?.events.first().map(|event| event.revision.0))
}

/// Of a derived stream, whose revisions are positions.
async fn last_of_query(
    store: &dyn EventStore,
    note: &Note,
    upto: Checkpoint,
) -> Result<Option<u64>, Refusal> {
    let read = ReadAll {
        query: note.source()?.query,
        from: Begin::Edge,
        direction: Direction::Backwards,
        count_max: 1,
        as_of: AsOf::Position(upto.position),
    };
    Ok(store.read_all(read).await?.events.first().map(|event| event.position.0))
}

fn small(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn large(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
