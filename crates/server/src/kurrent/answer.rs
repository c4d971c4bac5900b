//! What a read answers with, message by message, and how it is written.
//!
//! Why by hand: a read is most of what this protocol sends. A message of every event first, with a map of
//! its properties, cost four times as much as the event.
//!
//! Invariant: byte for byte what [`ReadResp`] would be, but for the order of the properties; a test holds
//! them together.

mod recorded;

use super::event::properties;
use super::name::identifier;
use super::place::commit;
use super::shown::{Form, Shown};
use headwater_wire::kurrent::event_store::client::streams::{ReadResp, read_resp};
use prost::Message as _;

/// One message of a read's answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// An event, or a link and what it leads to.
    Event {
        /// `None`: the link leads to nothing.
        event: Option<Shown>,
        /// How it came, if by a link.
        link: Option<Box<Shown>>,
        /// How both are written.
        form: Form,
    },
    /// Anything else.
    Said(Box<ReadResp>),
}

/// A message with this content.
pub(super) fn said(content: read_resp::Content) -> Answer {
    Answer::Said(Box::new(ReadResp { content: Some(content) }))
}

/// What stands before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

impl Answer {
    /// Writes it as gRPC sends it.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        let begun = into.len();
        into.extend_from_slice(&[0; PREFIX_BYTES]);
        match self {
            Self::Said(message) => message.encode_raw(into),
            Self::Event { event, link, form } => {
                recorded::write(*form, event.as_ref(), link.as_deref(), into);
            }
        }
        let length = into.len() - begun - PREFIX_BYTES;
        let length = u32::try_from(length).expect("an event is smaller than 4 GiB");
        into[begun + 1..begun + PREFIX_BYTES].copy_from_slice(&length.to_be_bytes());
    }
}

/// As other calls hand it over, message by message.
impl From<Answer> for ReadResp {
    fn from(answer: Answer) -> Self {
        let (event, link, form) = match answer {
            Answer::Said(message) => return *message,
            Answer::Event { event, link, form } => (event, link, form),
        };
        let place = link.as_deref().or(event.as_ref());
        let place = place.map(|shown| commit(form.incarnation, shown.position));
        let event = read_resp::ReadEvent {
            event: event.map(|event| recorded(form, event)),
            link: link.map(|link| recorded(form, *link)),
            position: place.map(read_resp::read_event::Position::CommitPosition),
        };
        Self { content: Some(read_resp::Content::Event(event)) }
    }
}

fn recorded(form: Form, event: Shown) -> read_resp::read_event::RecordedEvent {
    let place = commit(form.incarnation, event.position);
    read_resp::read_event::RecordedEvent {
        id: Some(form.ids.write(event.id.0)),
        stream_identifier: Some(identifier(&event.stream)),
        stream_revision: event.revision,
        prepare_position: place,
        commit_position: place,
        metadata: properties(&event.event_type, event.content_type, event.recorded_at),
        custom_metadata: event.custom,
        data: event.data,
    }
}
