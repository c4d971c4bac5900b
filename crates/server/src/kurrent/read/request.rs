//! What a read asks for, checked.

use super::super::derived::Derived;
use super::super::filter::{Filter, everything};
use super::super::links::Links;
use super::super::name::{Ids, Named};
use super::super::persistent::Which;
use super::super::place::{Asked, AskedRevision};
use super::super::refusal::Refusal;
use super::source::Source;
use headwater_model::{Category, Direction, EventType, Query, Revision, StreamName};
use headwater_wire::kurrent::event_store::client::streams as pb;
use pb::read_req::Options;
use pb::read_req::options::filter_options::{Expression, Filter as AskedFilter};
use pb::read_req::options::{
    CountOption, FilterOption, FilterOptions, ReadDirection, StreamOption, StreamOptions,
    UuidOption, all_options::AllOption, stream_options::RevisionOption, uuid_option,
};

/// What names an index of a category …
const INDEX_OF_CATEGORY: &str = "$idx-ce-";

/// … and one of a type …
const INDEX_OF_TYPE: &str = "$idx-et-";

/// … and any at all.
const INDEX: &str = "$idx-";

/// A read.
#[derive(Clone)]
pub(super) struct Reading {
    pub(super) what: What,
    pub(super) direction: Direction,
    pub(super) count: Count,
    pub(super) ids: Ids,
    pub(super) links: Links,
    /// First and last revisions are understood.
    pub(super) takes_edges: bool,
}

/// Until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Count {
    /// So many events, or to the end.
    AtMost(u64),
    /// What is still to come, too.
    Endless,
}

/// What is read.
#[derive(Clone)]
pub(super) enum What {
    Stream(AskedStream),
    All(AskedAll),
    /// What a group has parked, from there.
    Parked(Which, AskedRevision),
}

/// A stream of the store.
#[derive(Clone)]
pub(super) struct AskedStream {
    pub(super) stream: StreamName,
    /// Whose settings it holds, if it holds any.
    pub(super) subject: Option<StreamName>,
    pub(super) begin: AskedRevision,
}

/// Everything, or what a filter, an index or a derived stream takes of it.
#[derive(Clone)]
pub(super) struct AskedAll {
    pub(super) source: Source,
    pub(super) begin: Asked,
}

impl Reading {
    pub(super) fn of(request: pb::ReadReq) -> Result<Self, Refusal> {
        let options = request.options.ok_or_else(|| Refusal::invalid("the read has no options"))?;
        let direction = match options.read_direction() {
            ReadDirection::Forwards => Direction::Forwards,
            ReadDirection::Backwards => Direction::Backwards,
        };
        let count = match options.count_option {
            Some(CountOption::Count(count)) => Count::AtMost(count),
            Some(CountOption::Subscription(_)) => Count::Endless,
            None => return Err(Refusal::invalid("the read says neither how many nor for ever")),
        };
        if (direction, count) == (Direction::Backwards, Count::Endless) {
            return Err(Refusal::invalid("a subscription cannot go backwards"));
        }
        let ids = ids_of(options.uuid_option.as_ref())?;
        let takes_edges = options.control_option.is_some_and(|option| option.compatibility > 0);
        let links = Links { follow: options.resolve_links };
        let what = what(options)?;
        Ok(Self { what, direction, count, ids, links, takes_edges })
    }
}

/// How a client wants ids to be written.
pub(in crate::kurrent) fn ids_of(option: Option<&UuidOption>) -> Result<Ids, Refusal> {
    match option.and_then(|option| option.content.as_ref()) {
        Some(uuid_option::Content::Structured(_)) => Ok(Ids::Halves),
        Some(uuid_option::Content::String(_)) => Ok(Ids::Text),
        None => Err(Refusal::invalid("the read does not say how ids are written")),
    }
}

fn what(options: Options) -> Result<What, Refusal> {
    match options.stream_option {
        Some(StreamOption::Stream(stream)) => of_stream(stream),
        Some(StreamOption::All(all)) => {
            let begin = match all.all_option {
                Some(AllOption::Position(position)) => Asked::of(position.commit_position),
                Some(AllOption::Start(_)) => Asked::Start,
                Some(AllOption::End(_)) => Asked::End,
                None => return Err(Refusal::invalid("the read does not say where it begins")),
            };
            let source = match options.filter_option {
                Some(FilterOption::Filter(filter)) => filtered(filter)?,
                Some(FilterOption::NoFilter(_)) | None => Source::plain(everything()),
            };
            Ok(What::All(AskedAll { source, begin }))
        }
        None => Err(Refusal::invalid("the read says neither a stream nor all")),
    }
}

fn of_stream(options: StreamOptions) -> Result<What, Refusal> {
    let begin = match options.revision_option {
        Some(RevisionOption::Revision(u64::MAX) | RevisionOption::End(_)) => AskedRevision::End,
        Some(RevisionOption::Revision(revision)) => AskedRevision::At(Revision(revision)),
        Some(RevisionOption::Start(_)) => AskedRevision::Start,
        None => return Err(Refusal::invalid("the read does not say where it begins")),
    };
    Ok(match Named::of(options.stream_identifier)? {
        Named::Plain(stream) => What::Stream(AskedStream { stream, subject: None, begin }),
        Named::Settings { own, subject } => {
            What::Stream(AskedStream { stream: own, subject: Some(subject), begin })
        }
        Named::Parked(which) => What::Parked(*which, begin),
        Named::Derived(derived) => {
            let begin = Derived::begin(begin);
            What::All(AskedAll { source: Source::derived(*derived), begin })
        }
    })
}

/// A filter, or an index that is asked for in the form of one.
pub(in crate::kurrent) fn filtered(filter: FilterOptions) -> Result<Source, Refusal> {
    if let Some(AskedFilter::StreamIdentifier(Expression { prefix, .. })) = &filter.filter
        && let [index] = prefix.as_slice()
        && index.starts_with(INDEX)
    {
        return Ok(Source::plain(of_index(index)?));
    }
    let filter = Filter::of(filter)?;
    Ok(Source::filtered(filter))
}

fn of_index(index: &str) -> Result<Query, Refusal> {
    if let Some(category) = index.strip_prefix(INDEX_OF_CATEGORY) {
        return Ok(Query::categories([Category::new(category)?]));
    }
    if let Some(event_type) = index.strip_prefix(INDEX_OF_TYPE) {
        return Ok(Query::types([EventType::new(event_type)?]));
    }
    Err(Refusal::NoIndex { index: index.to_owned() })
}
