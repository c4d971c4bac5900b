//! Consumer groups: what is asked of one, and how it stands.
//!
//! Picture: `settings` what a group is, `info` how it stands, `asked` requests about a group as a
//! whole, `member` what goes up and down a membership, `error` why not.

mod asked;
mod error;
mod info;
mod member;
mod settings;

pub use asked::AskedOfGroup;
pub use member::{MemberAsked, MemberOutcome, MemberTold};

use super::text::text;
use crate::Malformed;
use bytes::Bytes;
use headwater_model::GroupName;

/// A group's name, checked.
fn group_name(bytes: Bytes) -> Result<GroupName, Malformed> {
    Ok(GroupName::new(text("a group's name", bytes)?)?)
}
