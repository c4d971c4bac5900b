//! Requests, as they are drawn: in a small world, and relative to how things stand.
//!
//! Why: a random request with absolute figures would nearly always be refused; one that says
//! "where the stream stands, or one beside it" is refused as often as it should be.

use crate::sample::{event_of, event_type, reader, stream, tag};
use headwater_model::{
    Append, Category, Checkpoint, Condition, ExpectedRevision, Incarnation, NewEvent, Position,
    Query, QueryItem, Revision, SaveCheckpoint, StreamName, StreamWrite,
};

const STREAMS: [&str; 6] = ["order-1", "order-2", "orders-1", "customer-1", "ledger", "$audit-1"];
const TYPES: [&str; 3] = ["OrderCreated", "OrderApproved", "CreditReserved"];
const TAGS: [&str; 3] = ["a:1", "b:2", "c:3"];

/// How things stand where a request is asked.
pub(super) trait Stand {
    /// A stream's last revision, and whether it has events.
    fn stream(&self, name: &StreamName) -> (Option<Revision>, bool);
    /// A reader's checkpoint.
    fn checkpoint(&self, reader: u8) -> Option<Checkpoint>;
    /// The last position.
    fn head(&self) -> Option<Position>;
}

pub(super) fn stream_of(n: u8) -> StreamName {
    stream(STREAMS[usize::from(n) % STREAMS.len()])
}

pub(super) fn reader_of(n: u8) -> headwater_model::CheckpointName {
    reader(&format!("reader-{}", n % 3))
}

/// What a writer believes, relative to what is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    Any,
    NoStream,
    Exists,
    /// So many revisions from where it stands.
    Beside(i8),
    /// What is so.
    Right,
}

impl Expect {
    pub(super) fn of(self, name: &StreamName, stand: &impl Stand) -> ExpectedRevision {
        let (last, has_events) = stand.stream(name);
        match (self, last) {
            (Self::Any, _) => ExpectedRevision::Any,
            (Self::NoStream, _) => ExpectedRevision::NoStream,
            (Self::Exists, _) => ExpectedRevision::Exists,
            (Self::Right, Some(last)) if has_events => ExpectedRevision::At(last),
            (Self::Right, _) => ExpectedRevision::NoStream,
            (Self::Beside(by), last) => {
                let last = last.unwrap_or_default();
                ExpectedRevision::At(Revision(last.0.saturating_add_signed(by.into())))
            }
        }
    }
}

/// A place in the context, relative to its end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// None: the edge, or nothing.
    None,
    /// So far before the end.
    Before(u8),
    /// So far behind it.
    Behind(u8),
}

impl Place {
    pub(super) fn of(self, end: Option<u64>) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Before(by) => end.map(|end| end.saturating_sub(by.into())),
            Self::Behind(by) => Some(end.unwrap_or(0) + 1 + u64::from(by)),
        }
    }
}

/// An event, without its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventSpec {
    pub(super) named: u8,
    pub(super) tags: u8,
}

impl EventSpec {
    fn event(self, n: u128) -> NewEvent {
        event_of(n, TYPES[usize::from(self.named) % TYPES.len()], &tags_of(self.tags))
    }
}

fn tags_of(bits: u8) -> Vec<&'static str> {
    (0..).zip(TAGS).filter(|(n, _)| bits >> n & 1 == 1).map(|(_, tag)| tag).collect()
}

/// One item of a query.
#[derive(Clone, Copy, Debug)]
pub(super) enum ItemSpec {
    Everything,
    Stream(u8),
    Category(u8),
    Prefix(u8),
    Type(u8),
    Tags(u8),
    TypeAndTags(u8, u8),
}

impl ItemSpec {
    fn item(self) -> QueryItem {
        let none = QueryItem::default;
        let types = |n: u8| vec![event_type(TYPES[usize::from(n) % TYPES.len()])];
        let tags = |bits| tags_of(bits).into_iter().map(tag).collect();
        match self {
            Self::Everything => none(),
            Self::Stream(n) => QueryItem { streams: vec![stream_of(n)], ..none() },
            Self::Category(n) => {
                let category = Category::new(stream_of(n).category().to_owned());
                QueryItem { categories: category.into_iter().collect(), ..none() }
            }
            Self::Prefix(n) => {
                let prefix = ["order", "order-", "$", "$$order", "c"][usize::from(n) % 5];
                QueryItem { stream_prefixes: vec![prefix.into()], ..none() }
            }
            Self::Type(n) => QueryItem { types: types(n), ..none() },
            Self::Tags(bits) => QueryItem { tags: tags(bits), ..none() },
            Self::TypeAndTags(n, bits) => QueryItem { types: types(n), tags: tags(bits), ..none() },
        }
    }
}

pub(super) fn query_of(items: &[ItemSpec]) -> Query {
    Query { items: items.iter().map(|item| item.item()).collect() }
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct AppendSpec {
    pub(super) writes: Vec<(u8, Expect, Vec<EventSpec>)>,
    pub(super) conditions: Vec<(Vec<ItemSpec>, Place)>,
    /// Reader, whether it knows where it is, and where it goes.
    pub(super) checkpoints: Vec<(u8, bool, u8)>,
}

impl AppendSpec {
    /// The request itself; ids are taken from `next_id` on.
    pub(super) fn append(&self, stand: &impl Stand, next_id: &mut u128) -> Append {
        let writes = self.writes.iter().map(|(n, expect, events)| {
            let name = stream_of(*n);
            let events = events.iter().map(|event| {
                *next_id += 1;
                event.event(*next_id)
            });
            let expected = expect.of(&name, stand);
            StreamWrite { events: events.collect(), stream: name, expected }
        });
        let writes = writes.collect();
        let head = stand.head().map(|head| head.0);
        let conditions = self.conditions.iter().map(|(items, after)| Condition {
            query: query_of(items),
            after: after.of(head).map(Position),
        });
        let checkpoints = self.checkpoints.iter().map(|(n, knows, to)| {
            let stands = stand.checkpoint(*n);
            let to = Checkpoint { incarnation: Incarnation(0), position: Position((*to).into()) };
            let expected = if *knows { stands } else { Some(to) };
            SaveCheckpoint { name: reader_of(*n), expected, to }
        });
        let (conditions, checkpoints) = (conditions.collect(), checkpoints.collect());
        Append { writes, conditions, checkpoints, ..Append::default() }
    }
}
