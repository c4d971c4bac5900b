//! The operations that are drawn, and how often each.

use super::spec::{AppendSpec, EventSpec, Expect, ItemSpec, Place};
use headwater_model::{Direction, Revision, StreamChange, StreamSettings};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use std::ops::Range;

/// How a request is asked again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Twist {
    Exact,
    OtherContent,
    WithoutLast,
    WithOneMore,
    Reversed,
    InAnotherStream,
}

/// The moment a read is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum MomentSpec {
    Now,
    Position(Place),
    /// So many microseconds from the clock.
    Time(i16),
}

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Append(AppendSpec),
    Repeat {
        which: Index,
        twist: Twist,
    },
    Change {
        stream: u8,
        expect: Expect,
        change: StreamChange,
    },
    ReadStream {
        stream: u8,
        settings: bool,
        from: Place,
        direction: Direction,
        count: usize,
        moment: MomentSpec,
    },
    ReadAll {
        query: Vec<ItemSpec>,
        from: Place,
        direction: Direction,
        count: usize,
        moment: MomentSpec,
    },
    Find {
        which: Index,
        stream: u8,
    },
    LookUp {
        stream: u8,
    },
    List {
        prefix: u8,
        after: Option<u8>,
        count: usize,
    },
    Checkpoint {
        reader: u8,
    },
    /// A new subscription, which goes on until the candidate is opened again.
    Subscribe {
        query: Vec<ItemSpec>,
        start: Option<Place>,
    },
    /// All subscriptions deliver what is there.
    Follow,
    /// The clock moves, perhaps back.
    Tick(i32),
    Reopen,
}

pub(super) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..60)
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        12 => append().prop_map(Operation::Append),
        4 => (any::<Index>(), twist()).prop_map(|(which, twist)| Operation::Repeat { which, twist }),
        2 => (0..6_u8, expect(), change())
            .prop_map(|(stream, expect, change)| Operation::Change { stream, expect, change }),
        4 => read_stream(),
        5 => read_all(),
        1 => (any::<Index>(), 0..6_u8).prop_map(|(which, stream)| Operation::Find { which, stream }),
        1 => (0..6_u8).prop_map(|stream| Operation::LookUp { stream }),
        1 => (0..5_u8, option::of(0..6_u8), 1..9_usize)
            .prop_map(|(prefix, after, count)| Operation::List { prefix, after, count }),
        1 => (0..3_u8).prop_map(|reader| Operation::Checkpoint { reader }),
        1 => (query(), option::of(place()))
            .prop_map(|(query, start)| Operation::Subscribe { query, start }),
        3 => Just(Operation::Follow),
        2 => (-3_000..9_000_i32).prop_map(Operation::Tick),
        1 => Just(Operation::Reopen),
    ]
}

/// Writes to so many streams, most often different ones.
fn writes(count: Range<usize>) -> impl Strategy<Value = Vec<(u8, Expect, Vec<EventSpec>)>> {
    let event = (0..3_u8, 0..8_u8).prop_map(|(named, tags)| EventSpec { named, tags });
    let step = prop_oneof![1 => Just(0), 15 => 1..3_u8];
    (0..6_u8, step, vec((expect(), vec(event, 0..4)), count)).prop_map(|(first, step, writes)| {
        let streams = (0..6).map(|n| first + n * step);
        streams.zip(writes).map(|(stream, (expect, events))| (stream, expect, events)).collect()
    })
}

fn append() -> impl Strategy<Value = AppendSpec> {
    let writes = prop_oneof![6 => writes(1..2), 3 => writes(2..4), 1 => writes(0..1)];
    let conditions = prop_oneof![
        4 => vec((query(), condition_place()), 0..1),
        2 => vec((query(), condition_place()), 1..3),
    ];
    let saved = (0..3_u8, prop::bool::weighted(0.85), any::<u8>());
    let checkpoints = prop_oneof![3 => vec(saved.clone(), 0..1), 2 => vec(saved, 1..3)];
    (writes, conditions, checkpoints).prop_map(|(writes, conditions, checkpoints)| AppendSpec {
        writes,
        conditions,
        checkpoints,
    })
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        6 => Just(Expect::Right),
        5 => Just(Expect::Any),
        1 => Just(Expect::NoStream),
        1 => Just(Expect::Exists),
        1 => (-2..3_i8).prop_map(Expect::Beside),
    ]
}

fn twist() -> impl Strategy<Value = Twist> {
    prop_oneof![
        4 => Just(Twist::Exact),
        1 => Just(Twist::OtherContent),
        1 => Just(Twist::WithoutLast),
        1 => Just(Twist::WithOneMore),
        1 => Just(Twist::Reversed),
        1 => Just(Twist::InAnotherStream),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        2 => Just(Place::None),
        4 => (0..20_u8).prop_map(Place::Before),
        1 => (0..3_u8).prop_map(Place::Behind),
    ]
}

/// Most decisions have read everything.
fn condition_place() -> impl Strategy<Value = Place> {
    prop_oneof![5 => Just(Place::Before(0)), 2 => place()]
}

fn query() -> impl Strategy<Value = Vec<ItemSpec>> {
    let item = prop_oneof![
        Just(ItemSpec::Everything),
        (0..6_u8).prop_map(ItemSpec::Stream),
        (0..6_u8).prop_map(ItemSpec::Category),
        (0..5_u8).prop_map(ItemSpec::Prefix),
        (0..3_u8).prop_map(ItemSpec::Type),
        (1..8_u8).prop_map(ItemSpec::Tags),
        (0..3_u8, 1..8_u8).prop_map(|(named, tags)| ItemSpec::TypeAndTags(named, tags)),
    ];
    vec(item, 0..3)
}

fn change() -> impl Strategy<Value = StreamChange> {
    let settings = (option::of(0..5_u64), option::of(0..12_u64), option::of(0..9_u64)).prop_map(
        |(count_max, age_max_ms, before)| StreamSettings {
            count_max,
            age_max_ms,
            truncate_before: before.map(Revision),
        },
    );
    prop_oneof![
        4 => settings.prop_map(StreamChange::Settings),
        3 => Just(StreamChange::Delete),
        1 => Just(StreamChange::Tombstone),
    ]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Forwards), Just(Direction::Backwards)]
}

fn count() -> impl Strategy<Value = usize> {
    prop_oneof![1 => 0..2_usize, 6 => 1..12_usize, 1 => Just(usize::MAX)]
}

fn moment() -> impl Strategy<Value = MomentSpec> {
    prop_oneof![
        4 => Just(MomentSpec::Now),
        2 => place().prop_map(MomentSpec::Position),
        2 => any::<i16>().prop_map(MomentSpec::Time),
    ]
}

fn read_stream() -> impl Strategy<Value = Operation> {
    (0..6_u8, prop::bool::weighted(0.2), place(), direction(), count(), moment()).prop_map(
        |(stream, settings, from, direction, count, moment)| Operation::ReadStream {
            stream,
            settings,
            from,
            direction,
            count,
            moment,
        },
    )
}

fn read_all() -> impl Strategy<Value = Operation> {
    (query(), place(), direction(), count(), moment()).prop_map(
        |(query, from, direction, count, moment)| Operation::ReadAll {
            query,
            from,
            direction,
            count,
            moment,
        },
    )
}
