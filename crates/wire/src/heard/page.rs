//! Pages and deliveries.

use super::event::event;
use super::fields::{Fields, Source};
use super::{Heard, Unheard};
use crate::convert::required;
use crate::{Malformed, v1};
use bytes::Bytes;
use headwater_model::{
    Checkpoint, Delivery, Incarnation, Page, Position, ReadError, RecordedEvent, Revision,
    StreamPage,
};
use prost::Message as _;

/// The number of the events' field, in all of these messages.
const EVENTS: u64 = 1;

/// The events of a message, in which each is a field.
fn events(message: &Bytes, bytes: &[u8]) -> Result<Vec<RecordedEvent>, Unheard> {
    let mut source = Source::new(message);
    let mut count = 0;
    for field in Fields(bytes) {
        count += usize::from(field?.0 == EVENTS);
    }
    source.allocate(count, size_of::<RecordedEvent>())?;
    let mut events: Vec<RecordedEvent> = Vec::with_capacity(count);
    for field in Fields(bytes) {
        if let (EVENTS, value) = field? {
            let event = event(&mut source, value.bytes()?, events.last())?;
            events.push(event);
        }
    }
    Ok(events)
}

impl Heard for Page {
    fn hear(message: &Bytes) -> Result<Self, Unheard> {
        let (mut next, mut as_of, mut incarnation) = (None, None, 0);
        for field in Fields(message) {
            match field? {
                (2, value) => next = Some(Position(value.number()?)),
                (3, value) => as_of = Some(Position(value.number()?)),
                (4, value) => incarnation = low(value.number()?),
                _ => {}
            }
        }
        let events = events(message, message)?;
        Ok(Self { events, next, as_of, incarnation: Incarnation(incarnation) })
    }
}

/// As protobuf has it: the low bits count.
#[expect(clippy::cast_possible_truncation, reason = "that is what is meant")]
const fn low(number: u64) -> u32 {
    number as u32
}

impl Heard for StreamPage {
    fn hear(message: &Bytes) -> Result<Self, Unheard> {
        stream_page(message, message)
    }
}

fn stream_page(message: &Bytes, bytes: &[u8]) -> Result<StreamPage, Unheard> {
    let (mut next, mut last, mut as_of) = (None, None, None);
    for field in Fields(bytes) {
        match field? {
            (2, value) => next = Some(Revision(value.number()?)),
            (3, value) => last = Some(Revision(value.number()?)),
            (4, value) => as_of = Some(Position(value.number()?)),
            _ => {}
        }
    }
    Ok(StreamPage { events: events(message, bytes)?, next, last, as_of })
}

/// The outcome in a [`v1::ReadReply`].
///
/// # Errors
/// [`Unheard`], if the bytes are no such message.
pub fn stream_page_or_error(message: &Bytes) -> Result<Result<StreamPage, ReadError>, Unheard> {
    let mut outcome = None;
    for field in Fields(message) {
        match field? {
            (1, value) => outcome = Some(Ok(stream_page(message, value.bytes()?)?)),
            (2, value) => {
                let error =
                    crate::codec::decode::<v1::ReadError>(message.slice_ref(value.bytes()?));
                outcome = Some(Err(error?.try_into()?));
            }
            _ => {}
        }
    }
    Ok(required("the outcome of a read", outcome)?)
}

/// A step of a subscription.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// It stands, behind this.
    Began(Option<Checkpoint>),
    /// What comes next.
    Delivery(Delivery),
}

impl Heard for Told {
    fn hear(message: &Bytes) -> Result<Self, Unheard> {
        let mut told = None;
        for field in Fields(message) {
            match field? {
                (1, value) => told = Some(Self::Began(caught_up(value.bytes()?)?)),
                (2, value) => told = Some(Self::Delivery(delivery(message, value.bytes()?)?)),
                (3, value) => {
                    let checkpoint = caught_up(value.bytes()?)?;
                    told = Some(Self::Delivery(Delivery::CaughtUp { checkpoint }));
                }
                _ => {}
            }
        }
        Ok(required("the step of a delivery", told)?)
    }
}

fn caught_up(bytes: &[u8]) -> Result<Option<Checkpoint>, Unheard> {
    Ok(v1::CaughtUp::decode(bytes)?.checkpoint.map(Into::into))
}

fn delivery(message: &Bytes, bytes: &[u8]) -> Result<Delivery, Unheard> {
    let mut checkpoint = None;
    for field in Fields(bytes) {
        if let (2, value) = field? {
            checkpoint = Some(v1::Checkpoint::decode(value.bytes()?)?);
        }
    }
    let checkpoint = checkpoint.ok_or(Malformed::Missing { field: "a delivery's checkpoint" })?;
    Ok(Delivery::Events { events: events(message, bytes)?, checkpoint: checkpoint.into() })
}
