//! Messages and the model's words, each from the other.
//!
//! Why here: the conversions are the protocol as much as the messages are; both sides use the same.
//!
//! Invariants: what is sent arrives equal. From a message nothing is taken on trust: names are
//! checked, what has no default must be there (D3).

mod append;
mod append_error;
mod asked;
mod backup;
mod denied;
mod event;
mod group;
mod no_context;
mod query;
mod read;
mod read_error;
mod scavenge;
mod stream;
mod text;
mod unavailable;

pub use asked::AskedChange;
pub(crate) use event::{content_type, event_said, event_type, heard};
pub use group::{AskedOfGroup, MemberAsked, MemberOutcome, MemberTold};
pub(crate) use text::{id, required, stream, text};
