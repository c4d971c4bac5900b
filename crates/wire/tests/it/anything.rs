//! Any value of the model.

use bytestring::ByteString;
use headwater_model::append::WrongRevision;
use headwater_model::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn words() -> impl Strategy<Value = String> {
    "[a-zA-Zäß/ -]{0,20}"
}

pub(crate) fn stream() -> impl Strategy<Value = StreamName> {
    "[$]{0,2}[a-zé]{1,8}(-[a-z0-9]{1,8})?"
        .prop_map(|name| StreamName::system(name).expect("a name"))
}

fn event_type() -> impl Strategy<Value = EventType> {
    "[A-Z][a-z]{0,12}".prop_map(|name| EventType::new(name).expect("a type"))
}

fn tag() -> impl Strategy<Value = Tag> {
    "[a-z]{1,4}:[a-z0-9]{1,6}".prop_map(|name| Tag::new(name).expect("a tag"))
}

pub(crate) fn checkpoint_name() -> impl Strategy<Value = CheckpointName> {
    "[a-z]{1,9}/[a-z]{1,9}".prop_map(|name| CheckpointName::new(name).expect("a name"))
}

pub(crate) fn id() -> impl Strategy<Value = EventId> {
    any::<u128>().prop_map(|n| EventId(Uuid::from_u128(n)))
}

fn position() -> impl Strategy<Value = Position> {
    any::<u64>().prop_map(Position)
}

fn revision() -> impl Strategy<Value = Revision> {
    any::<u64>().prop_map(Revision)
}

pub(crate) fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    (any::<u32>(), position()).prop_map(|(incarnation, position)| Checkpoint {
        incarnation: Incarnation(incarnation),
        position,
    })
}

fn content_type() -> impl Strategy<Value = ContentType> {
    prop_oneof![Just(ContentType::Json), Just(ContentType::Binary)]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let text = || words().prop_map(ByteString::from);
    let known = || option::of(text());
    (known(), known(), known(), known(), vec((text(), text()), 0..4)).prop_map(
        |(correlation, causation, traceparent, actor, free)| Metadata {
            correlation,
            causation,
            traceparent,
            actor,
            free,
        },
    )
}

prop_compose! {
    pub(crate) fn new_event()(
        id in id(),
        event_type in event_type(),
        schema_version in any::<u32>(),
        content_type in content_type(),
        payload in vec(any::<u8>(), 0..40),
        metadata in metadata(),
        tags in vec(tag(), 0..4),
    ) -> NewEvent {
        let payload = payload.into();
        NewEvent { id, event_type, schema_version, content_type, payload, metadata, tags }
    }
}

prop_compose! {
    pub(crate) fn recorded_event()(
        event in new_event(),
        stream in stream(),
        revision in revision(),
        position in position(),
        micros in any::<u64>(),
    ) -> RecordedEvent {
        let NewEvent { id, event_type, schema_version, content_type, payload, metadata, tags } = event;
        let recorded_at = Timestamp::from_micros(micros);
        RecordedEvent {
            id, stream, revision, position, recorded_at, event_type, schema_version, content_type,
            payload, metadata, tags,
        }
    }
}

pub(crate) fn expected() -> impl Strategy<Value = ExpectedRevision> {
    prop_oneof![
        Just(ExpectedRevision::Any),
        Just(ExpectedRevision::NoStream),
        Just(ExpectedRevision::Exists),
        revision().prop_map(ExpectedRevision::At),
    ]
}

pub(crate) fn query() -> impl Strategy<Value = Query> {
    let category = || "[a-z]{1,8}".prop_map(|name| Category::new(name).expect("a category"));
    let prefix = || "[$a-z]{0,6}".prop_map(ByteString::from);
    let item = (
        vec(stream(), 0..3),
        vec(prefix(), 0..3),
        vec(category(), 0..3),
        vec(event_type(), 0..3),
        vec(tag(), 0..3),
    );
    let item = item.prop_map(|(streams, stream_prefixes, categories, types, tags)| QueryItem {
        streams,
        stream_prefixes,
        categories,
        types,
        tags,
    });
    vec(item, 0..3).prop_map(|items| Query { items })
}

pub(crate) fn append() -> impl Strategy<Value = Append> {
    let write = (stream(), expected(), vec(new_event(), 0..4))
        .prop_map(|(stream, expected, events)| StreamWrite { stream, expected, events });
    let condition =
        (query(), option::of(position())).prop_map(|(query, after)| Condition { query, after });
    let save = (checkpoint_name(), option::of(checkpoint()), checkpoint())
        .prop_map(|(name, expected, to)| SaveCheckpoint { name, expected, to });
    (vec(write, 0..3), vec(condition, 0..3), vec(save, 0..3), vec(any::<u32>(), 0..4)).prop_map(
        |(writes, conditions, checkpoints, turns)| Append {
            writes,
            conditions,
            checkpoints,
            turns,
        },
    )
}

pub(crate) fn appended() -> impl Strategy<Value = Appended> {
    (option::of(position()), vec(option::of(revision()), 0..4), any::<bool>())
        .prop_map(|(position, revisions, replayed)| Appended { position, revisions, replayed })
}

pub(crate) fn change() -> impl Strategy<Value = StreamChange> {
    prop_oneof![
        settings().prop_map(StreamChange::Settings),
        Just(StreamChange::Delete),
        Just(StreamChange::Tombstone),
    ]
}

fn settings() -> impl Strategy<Value = StreamSettings> {
    (option::of(any::<u64>()), option::of(any::<u64>()), option::of(revision())).prop_map(
        |(count_max, age_max_ms, truncate_before)| StreamSettings {
            count_max,
            age_max_ms,
            truncate_before,
        },
    )
}

pub(crate) fn state() -> impl Strategy<Value = StreamState> {
    let life = prop_oneof![
        Just(StreamLife::Alive),
        Just(StreamLife::Deleted),
        Just(StreamLife::Tombstoned),
    ];
    (stream(), option::of(revision()), revision(), settings(), life).prop_map(
        |(stream, last, first, settings, life)| StreamState { stream, last, first, settings, life },
    )
}

pub(crate) fn unavailable() -> impl Strategy<Value = Unavailable> {
    prop_oneof![
        words().prop_map(|why| Unavailable::Full { why }),
        words().prop_map(|why| Unavailable::Poisoned { why }),
        Just(Unavailable::Closed),
        words().prop_map(|owner| Unavailable::Locked { owner }),
        words().prop_map(|why| Unavailable::Fenced { why }),
        (words(), words()).prop_map(|(what, why)| Unavailable::Io { what, why }),
    ]
}

pub(crate) fn corrupt() -> impl Strategy<Value = Corrupt> {
    (words(), any::<u64>(), words()).prop_map(|(file, at, why)| Corrupt { file, at, why })
}

pub(crate) fn no_context() -> impl Strategy<Value = NoContext> {
    let name = || "[a-z]{1,9}".prop_map(|name| ContextName::new(name).expect("a name"));
    (name(), proptest::option::of(name()))
        .prop_map(|(context, nearest)| NoContext { context, nearest })
}

pub(crate) fn denied() -> impl Strategy<Value = Denied> {
    prop_oneof![
        (words(), words(), words()).prop_map(|(who, verb, what)| Denied::Forbidden {
            who,
            verb,
            what
        }),
        words().prop_map(|why| Denied::Unauthenticated { why }),
    ]
}

pub(crate) fn read_error() -> impl Strategy<Value = ReadError> {
    let diverged = (position(), any::<u32>(), any::<u32>());
    prop_oneof![
        corrupt().prop_map(ReadError::Corrupt),
        diverged.prop_map(|(position, had, is)| ReadError::Diverged {
            position,
            had: Incarnation(had),
            is: Incarnation(is),
        }),
        words().prop_map(|why| ReadError::Invalid { why }),
        unavailable().prop_map(ReadError::Unavailable),
        denied().prop_map(ReadError::Denied),
        no_context().prop_map(ReadError::NoContext),
    ]
}

/// What the model measures, as its own checks say it.
fn too_large() -> AppendError {
    let stream = StreamName::new("a-1").expect("a name");
    let kind = EventType::new("Large").expect("a type");
    let payload = vec![0; limits::PAYLOAD_BYTES_MAX + 1];
    let event = NewEvent::json(EventId(Uuid::nil()), kind, payload);
    let append = Append::to(stream, ExpectedRevision::Any, vec![event]);
    append.check().expect_err("it is too large")
}

pub(crate) fn append_error() -> impl Strategy<Value = AppendError> {
    let wrong = (stream(), expected(), option::of(revision()));
    let failed = (0..1_000_usize, option::of(position()), position());
    let broad = (0..1_000_usize, any::<u64>(), any::<u64>());
    let moved = (checkpoint_name(), option::of(checkpoint()), option::of(checkpoint()));
    prop_oneof![
        wrong.prop_map(|(stream, expected, actual)| AppendError::WrongRevision(WrongRevision {
            stream,
            expected,
            actual
        })),
        failed.prop_map(|(condition, after, position)| AppendError::ConditionFailed {
            condition,
            after,
            position
        }),
        broad.prop_map(|(condition, unseen, examined_max)| AppendError::ConditionTooBroad {
            condition,
            unseen,
            examined_max
        }),
        moved.prop_map(|(name, expected, actual)| AppendError::CheckpointMoved {
            name,
            expected,
            actual
        }),
        (id(), stream(), revision()).prop_map(|(id, stream, revision)| AppendError::IdReused {
            id,
            stream,
            revision
        }),
        (stream(), vec(id(), 0..5))
            .prop_map(|(stream, repeated)| AppendError::PartlyRepeated { stream, repeated }),
        stream().prop_map(|stream| AppendError::Tombstoned { stream }),
        Just(too_large()),
        words().prop_map(|why| AppendError::Invalid { why }),
        words().prop_map(|why| AppendError::Unknown(LostReply { why })),
        unavailable().prop_map(AppendError::Unavailable),
        corrupt().prop_map(AppendError::Corrupt),
        denied().prop_map(AppendError::Denied),
        no_context().prop_map(AppendError::NoContext),
    ]
}

pub(crate) fn from<P: std::fmt::Debug + Clone + 'static>(
    place: impl Strategy<Value = P> + 'static,
) -> impl Strategy<Value = From<P>> {
    prop_oneof![Just(From::Edge), place.prop_map(From::At)]
}

fn as_of() -> impl Strategy<Value = AsOf> {
    prop_oneof![
        Just(AsOf::Now),
        position().prop_map(AsOf::Position),
        any::<u64>().prop_map(|micros| AsOf::Time(Timestamp::from_micros(micros))),
    ]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Forwards), Just(Direction::Backwards)]
}

pub(crate) fn read_stream() -> impl Strategy<Value = ReadStream> {
    (stream(), from(revision()), direction(), any::<usize>(), as_of()).prop_map(
        |(stream, from, direction, count_max, as_of)| ReadStream {
            stream,
            from,
            direction,
            count_max,
            as_of,
        },
    )
}

pub(crate) fn read_all() -> impl Strategy<Value = ReadAll> {
    (query(), from(position()), direction(), any::<usize>(), as_of()).prop_map(
        |(query, from, direction, count_max, as_of)| ReadAll {
            query,
            from,
            direction,
            count_max,
            as_of,
        },
    )
}

pub(crate) fn page() -> impl Strategy<Value = Page> {
    let place = || option::of(position());
    (vec(recorded_event(), 0..4), place(), place(), any::<u32>()).prop_map(
        |(events, next, as_of, incarnation)| Page {
            events,
            next,
            as_of,
            incarnation: Incarnation(incarnation),
        },
    )
}

pub(crate) fn stream_page() -> impl Strategy<Value = StreamPage> {
    let place = || option::of(revision());
    (vec(recorded_event(), 0..4), place(), place(), option::of(position()))
        .prop_map(|(events, next, last, as_of)| StreamPage { events, next, last, as_of })
}

pub(crate) fn subscribe() -> impl Strategy<Value = Subscribe> {
    let start =
        prop_oneof![Just(Start::Beginning), checkpoint().prop_map(Start::After), Just(Start::Now),];
    (query(), start).prop_map(|(query, start)| Subscribe { query, start })
}
