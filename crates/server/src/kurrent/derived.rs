//! Derived streams: nobody writes them; they are read from the index.
//!
//! Picture: each is a query and a rule, and shows a link (`$>`) to each event that fits.
//! ```text
//!   $ce-order       events of category order         $category-order   first events of that category
//!   $et-OrderPaid   events of that type              $streams          first events of all streams
//!   $bc-1234        events of correlation 1234
//! ```
//! Invariants: a link's revision is its event's position: rising, never reused, found at once, but
//! not dense. Dense numbers would have to be counted from the first event on.

use super::place::{Asked, AskedRevision};
use super::refusal::Refusal;
use super::shown::Shown;
use bytestring::ByteString;
use headwater_model::{
    Category, Checkpoint, ContentType, EventType, Incarnation, Position, Query, RecordedEvent,
    Revision, StreamName,
};

/// What an event that stands for another is called.
pub(super) const LINK_TYPE: &str = "$>";

/// A stream that is read from the index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Derived {
    name: ByteString,
    query: Query,
    rule: Rule,
}

/// What must hold of an event besides the query.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Rule {
    None,
    /// It begins its stream.
    First,
    /// It belongs to this business transaction.
    Correlation(String),
}

impl Derived {
    /// The derived stream of this name, if it is one's name.
    pub(super) fn of(name: &ByteString) -> Result<Option<Self>, Refusal> {
        let of_category =
            |category: &str| Category::new(category).map(|category| Query::categories([category]));
        let (query, rule) = if let Some(category) = name.strip_prefix("$ce-") {
            (of_category(category)?, Rule::None)
        } else if let Some(category) = name.strip_prefix("$category-") {
            (of_category(category)?, Rule::First)
        } else if let Some(event_type) = name.strip_prefix("$et-") {
            (Query::types([EventType::new(event_type)?]), Rule::None)
        } else if let Some(correlation) = name.strip_prefix("$bc-") {
            (Query::all(), Rule::Correlation(correlation.to_owned()))
        } else if &**name == "$streams" {
            (Query::all(), Rule::First)
        } else {
            return Ok(None);
        };
        // The link's stream must be a name too.
        StreamName::system(name.clone())?;
        Ok(Some(Self { name: name.clone(), query, rule }))
    }

    pub(super) const fn name(&self) -> &ByteString {
        &self.name
    }

    pub(super) const fn query(&self) -> &Query {
        &self.query
    }

    /// Whether an event that the query found belongs here.
    pub(super) fn takes(&self, event: &RecordedEvent) -> bool {
        match &self.rule {
            Rule::None => true,
            Rule::First => event.revision == Revision::ZERO,
            Rule::Correlation(wanted) => event.metadata.correlation.as_deref() == Some(wanted),
        }
    }

    /// The link that stands here for an event.
    pub(super) fn link(&self, event: &Shown) -> Shown {
        Shown {
            id: event.id.derive_named(&self.name),
            stream: self.name.clone(),
            revision: event.position.0,
            position: event.position,
            recorded_at: event.recorded_at,
            event_type: ByteString::from_static(LINK_TYPE),
            content_type: ContentType::Binary,
            data: format!("{}@{}", event.revision, event.stream).into(),
            custom: bytes::Bytes::new(),
        }
    }

    /// Where a read of this stream begins among all events.
    pub(super) const fn begin(asked: AskedRevision) -> Asked {
        match asked {
            AskedRevision::Start => Asked::Start,
            AskedRevision::At(Revision(revision)) => {
                // A revision says nothing of histories: the reader takes it for one of the present.
                let (incarnation, position) = (Incarnation(0), Position(revision));
                Asked::At(Checkpoint { incarnation, position })
            }
            AskedRevision::End => Asked::End,
        }
    }

    pub(super) fn is_not_written(&self) -> Refusal {
        let name = &self.name;
        Refusal::invalid(format!("stream '{name}' is derived from the others and is not written"))
    }
}
