//! Reads, pages and subscriptions.

use super::text::{required, shared, stream};
use crate::recorded::Recorded;
use crate::{Malformed, v1};
use headwater_model::limits::PAGE_EVENT_COUNT_MAX;
use headwater_model::{
    AsOf, Checkpoint, Delivery, Direction, From as Begin, Incarnation, Page, Position, Query,
    ReadAll, ReadError, ReadStream, RecordedEvent, Revision, Start, StreamPage, Subscribe,
    Timestamp,
};

impl From<Direction> for v1::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Forwards => Self::Forwards,
            Direction::Backwards => Self::Backwards,
        }
    }
}

fn direction(number: i32) -> Result<Direction, Malformed> {
    match v1::Direction::try_from(number) {
        Ok(v1::Direction::Forwards) => Ok(Direction::Forwards),
        Ok(v1::Direction::Backwards) => Ok(Direction::Backwards),
        Err(_) => Err(Malformed::Unknown { field: "direction", number: number.into() }),
    }
}

fn as_of_said(as_of: AsOf) -> Option<v1::AsOf> {
    use v1::as_of::Moment;
    let moment = match as_of {
        AsOf::Now => return None,
        AsOf::Position(position) => Moment::Position(position.0),
        AsOf::Time(time) => Moment::TimeUs(time.as_micros()),
    };
    Some(v1::AsOf { moment: Some(moment) })
}

fn as_of_heard(as_of: Option<v1::AsOf>) -> AsOf {
    use v1::as_of::Moment;
    match as_of.and_then(|as_of| as_of.moment) {
        None => AsOf::Now,
        Some(Moment::Position(position)) => AsOf::Position(Position(position)),
        Some(Moment::TimeUs(micros)) => AsOf::Time(Timestamp::from_micros(micros)),
    }
}

/// Absent: as many as fit a page. More than there can be is cut by the store, as everywhere.
pub(super) fn count_heard(count_max: Option<u64>) -> usize {
    count_max.map_or(PAGE_EVENT_COUNT_MAX, |count| usize::try_from(count).unwrap_or(usize::MAX))
}

const fn count_said(count_max: usize) -> Option<u64> {
    Some(count_max as u64)
}

fn begin_said<P>(from: Begin<P>, number: impl Fn(P) -> u64) -> Option<u64> {
    match from {
        Begin::Edge => None,
        Begin::At(place) => Some(number(place)),
    }
}

fn begin_heard<P>(from: Option<u64>, place: impl Fn(u64) -> P) -> Begin<P> {
    from.map_or(Begin::Edge, |number| Begin::At(place(number)))
}

impl v1::ReadStreamRequest {
    /// The request for this read in this context.
    pub fn new(context: &headwater_model::ContextName, read: &ReadStream) -> Self {
        Self {
            context: shared(context.as_shared()),
            stream: shared(read.stream.as_shared()),
            from: begin_said(read.from, |revision| revision.0),
            direction: v1::Direction::from(read.direction).into(),
            count_max: count_said(read.count_max),
            as_of: as_of_said(read.as_of),
        }
    }
}

impl TryFrom<v1::ReadStreamRequest> for ReadStream {
    type Error = Malformed;
    fn try_from(read: v1::ReadStreamRequest) -> Result<Self, Malformed> {
        Ok(Self {
            stream: stream(read.stream)?,
            from: begin_heard(read.from, Revision),
            direction: direction(read.direction)?,
            count_max: count_heard(read.count_max),
            as_of: as_of_heard(read.as_of),
        })
    }
}

impl v1::ReadAllRequest {
    /// The request for this read in this context.
    pub fn new(context: &headwater_model::ContextName, read: &ReadAll) -> Self {
        Self {
            context: shared(context.as_shared()),
            query: Some((&read.query).into()),
            from: begin_said(read.from, |position| position.0),
            direction: v1::Direction::from(read.direction).into(),
            count_max: count_said(read.count_max),
            as_of: as_of_said(read.as_of),
        }
    }
}

impl TryFrom<v1::ReadAllRequest> for ReadAll {
    type Error = Malformed;
    fn try_from(read: v1::ReadAllRequest) -> Result<Self, Malformed> {
        Ok(Self {
            query: read.query.map_or_else(|| Ok(Query::all()), Query::try_from)?,
            from: begin_heard(read.from, Position),
            direction: direction(read.direction)?,
            count_max: count_heard(read.count_max),
            as_of: as_of_heard(read.as_of),
        })
    }
}

fn events_said(events: Vec<RecordedEvent>) -> Vec<Recorded> {
    events.into_iter().map(Recorded::from).collect()
}

fn events_heard(events: Vec<Recorded>) -> Result<Vec<RecordedEvent>, Malformed> {
    events.into_iter().map(TryInto::try_into).collect()
}

impl From<StreamPage> for v1::StreamPage {
    fn from(page: StreamPage) -> Self {
        Self {
            events: events_said(page.events),
            next: page.next.map(|revision| revision.0),
            last: page.last.map(|revision| revision.0),
            as_of: page.as_of.map(|position| position.0),
        }
    }
}

impl TryFrom<v1::StreamPage> for StreamPage {
    type Error = Malformed;
    fn try_from(page: v1::StreamPage) -> Result<Self, Malformed> {
        Ok(Self {
            events: events_heard(page.events)?,
            next: page.next.map(Revision),
            last: page.last.map(Revision),
            as_of: page.as_of.map(Position),
        })
    }
}

impl From<Result<StreamPage, ReadError>> for v1::ReadReply {
    fn from(read: Result<StreamPage, ReadError>) -> Self {
        use v1::read_reply::Outcome;
        let outcome = match read {
            Ok(page) => Outcome::Page(page.into()),
            Err(error) => Outcome::Error((&error).into()),
        };
        Self { outcome: Some(outcome) }
    }
}

impl From<Page> for v1::Page {
    fn from(page: Page) -> Self {
        Self {
            events: events_said(page.events),
            next: page.next.map(|position| position.0),
            as_of: page.as_of.map(|position| position.0),
            incarnation: page.incarnation.0,
        }
    }
}

impl TryFrom<v1::Page> for Page {
    type Error = Malformed;
    fn try_from(page: v1::Page) -> Result<Self, Malformed> {
        Ok(Self {
            events: events_heard(page.events)?,
            next: page.next.map(Position),
            as_of: page.as_of.map(Position),
            incarnation: Incarnation(page.incarnation),
        })
    }
}

impl From<Start> for v1::Start {
    fn from(start: Start) -> Self {
        use v1::start::At;
        let at = match start {
            Start::Beginning => At::Beginning(v1::Nothing {}),
            Start::After(checkpoint) => At::After(checkpoint.into()),
            Start::Now => At::Now(v1::Nothing {}),
        };
        Self { at: Some(at) }
    }
}

impl TryFrom<v1::Start> for Start {
    type Error = Malformed;
    fn try_from(start: v1::Start) -> Result<Self, Malformed> {
        use v1::start::At;
        Ok(match required("where the subscription starts", start.at)? {
            At::Beginning(_) => Self::Beginning,
            At::After(checkpoint) => Self::After(checkpoint.into()),
            At::Now(_) => Self::Now,
        })
    }
}

impl v1::SubscribeRequest {
    /// The request for this subscription in this context.
    pub fn new(context: &headwater_model::ContextName, subscribe: &Subscribe) -> Self {
        Self {
            context: shared(context.as_shared()),
            query: Some((&subscribe.query).into()),
            start: Some(subscribe.start.into()),
        }
    }
}

impl TryFrom<v1::SubscribeRequest> for Subscribe {
    type Error = Malformed;
    fn try_from(subscribe: v1::SubscribeRequest) -> Result<Self, Malformed> {
        Ok(Self {
            query: subscribe.query.map_or_else(|| Ok(Query::all()), Query::try_from)?,
            start: required("where the subscription starts", subscribe.start)?.try_into()?,
        })
    }
}

impl From<Delivery> for v1::Delivery {
    fn from(delivery: Delivery) -> Self {
        use v1::delivery::Step;
        let step = match delivery {
            Delivery::Events { events, checkpoint } => Step::Events(v1::Events {
                events: events_said(events),
                checkpoint: Some(checkpoint.into()),
            }),
            Delivery::CaughtUp { checkpoint } => {
                Step::CaughtUp(v1::CaughtUp { checkpoint: checkpoint.map(Into::into) })
            }
        };
        Self { step: Some(step) }
    }
}

impl TryFrom<v1::Events> for Delivery {
    type Error = Malformed;
    fn try_from(events: v1::Events) -> Result<Self, Malformed> {
        let checkpoint = required("a delivery's checkpoint", events.checkpoint)?.into();
        Ok(Self::Events { events: events_heard(events.events)?, checkpoint })
    }
}

impl v1::Delivery {
    /// That a subscription stands, and behind what.
    pub fn began(behind: Option<Checkpoint>) -> Self {
        let began = v1::CaughtUp { checkpoint: behind.map(Into::into) };
        Self { step: Some(v1::delivery::Step::Began(began)) }
    }

    /// A part of a delivery.
    pub fn events(events: Vec<RecordedEvent>, checkpoint: Checkpoint) -> Self {
        let events =
            v1::Events { events: events_said(events), checkpoint: Some(checkpoint.into()) };
        Self { step: Some(v1::delivery::Step::Events(events)) }
    }
}
