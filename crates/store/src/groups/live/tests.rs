//! What a group costs: steps for each event, whatever the number of members, keys and events.

use super::{Live, Settled, Want};
use crate::groups::held::GroupHeld;
use bytes::Bytes;
use headwater_model::{
    DeliveryId, EventId, EventType, GroupName, GroupSettings, Incarnation, MemberId, Position,
    Query, RecordedEvent, Revision, StreamName, Timestamp,
};
use uuid::Uuid;

const PAGE: u64 = 512;

fn event(n: u64, stream: &StreamName, event_type: &EventType) -> RecordedEvent {
    RecordedEvent {
        id: EventId(Uuid::from_u128(u128::from(n))),
        stream: stream.clone(),
        revision: Revision(0),
        position: Position(n),
        recorded_at: Timestamp::from_micros(n),
        event_type: event_type.clone(),
        schema_version: 1,
        content_type: Default::default(),
        payload: Bytes::from_static(b"{}"),
        metadata: Default::default(),
        tags: Vec::new(),
    }
}

/// A group that is driven without a disk: what is saved is saved at once.
struct Driven {
    live: Live,
    held: GroupHeld,
    name: GroupName,
    streams: Vec<StreamName>,
    event_type: EventType,
    head: u64,
}

impl Driven {
    fn new(keys: u64, head: u64) -> Self {
        let settings = GroupSettings::over(Query::all());
        let held = GroupHeld::new(settings, Incarnation(0), Position::ZERO);
        let stream = |n| StreamName::new(format!("key-{n}")).expect("a name");
        Self {
            live: Live::new(&held),
            held,
            name: GroupName::new("work").expect("a name"),
            streams: (0..keys).map(stream).collect(),
            event_type: EventType::new("Done").expect("a name"),
            head,
        }
    }

    fn read(&mut self) {
        let Some(want) = self.live.want(Position(self.head)) else { return };
        let Want::Source { from, resets } = want else { panic!("nothing is parked: {want:?}") };
        let until = (from.0 + PAGE).min(self.head);
        let keys = self.streams.len() as u64;
        // Keys come in an order that is not their own.
        let key = |n: u64| usize::try_from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys);
        let events = (from.0..until)
            .map(|n| event(n, &self.streams[key(n).expect("few keys")], &self.event_type));
        self.live.offer_source(events.collect(), Position(until), resets);
    }

    fn save(&mut self) {
        while let Some(step) = self.live.batch(&self.name, self.held.place()) {
            self.held.take(step);
            self.live.finish();
        }
    }
}

/// Steps for each event when `members` work off `events` of `keys`, and the most that was durable
/// out of order.
fn steps(members: usize, keys: u64, events: u64) -> (u64, usize) {
    let mut driven = Driven::new(keys, events);
    let now = Timestamp::from_micros(1);
    let joined: Vec<MemberId> = (0..members)
        .map(|_| driven.live.join(&driven.name, "cost".into(), now).expect("there is room").0)
        .collect();
    let (mut acked, mut done_max) = (0, 0);
    while acked < events {
        for member in &joined {
            driven.live.pass_time(now);
            driven.read();
            let taken = driven.live.take(*member, 8, now);
            let ids: Vec<DeliveryId> = taken.iter().map(|delivery| delivery.id).collect();
            acked += ids.len() as u64;
            let (_, answer) = driven.live.settle(*member, &ids, &Settled::Done, now);
            answer.expect("they are its own");
            done_max = done_max.max(driven.held.done.len());
            driven.save();
        }
    }
    assert_eq!(driven.held.next, Position(events));
    assert!(driven.held.lanes.is_empty() && driven.live.keys.is_empty());
    (driven.live.steps / events, done_max)
}

/// Not the square of anything: ten times the events, the members or the keys cost each event nothing.
#[test]
fn an_event_costs_the_same_however_many_there_are() {
    for (members, keys, events) in [
        (1, 1, 20_000),
        (1, 100, 20_000),
        (64, 100, 20_000),
        (64, 100_000, 200_000),
        (64, 7, 200_000),
    ] {
        let (steps, done_max) = steps(members, keys, events);
        println!("{members} members, {keys} keys, {events} events: {steps} steps, {done_max} done");
        assert!(steps <= 12, "{members} members, {keys} keys, {events} events: {steps} steps each");
        assert!(done_max <= super::WINDOW_COUNT_MAX, "what is durable out of order is bounded");
    }
}
