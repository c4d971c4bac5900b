//! Which group is meant: this protocol names one by its stream and a name of its own, ours by one.
//!
//! Picture:
//! ```text
//!   stream `order-1`, group `mail`  ─▶  kurrent/order-1::mail     $persistentsubscription-order-1::mail-parked
//! ```
//! Invariant: two groups never have one name: where the two parts could be cut otherwise, or are too
//! long, the name is made from both by a hash.

use super::super::name::Named;
use super::super::refusal::Refusal;
use bytestring::ByteString;
use headwater_model::GroupName;
use headwater_model::limits::GROUP_NAME_BYTES_MAX;
use headwater_wire::kurrent::event_store::client::StreamIdentifier;
use uuid::Uuid;

/// The source that is everything.
pub(in crate::kurrent) const ALL: &str = "$all";

/// What stands between the two parts.
const BETWEEN: &str = "::";

/// What stands around both, in the name of the stream of what was parked.
const PARKED: (&str, &str) = ("$persistentsubscription-", "-parked");

/// What our names of such groups begin with.
const PREFIX: &str = "kurrent/";

/// One group, as this protocol names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::kurrent) struct Which {
    /// Its stream, or [`ALL`].
    pub(in crate::kurrent) source: ByteString,
    /// Its own name.
    pub(in crate::kurrent) group: ByteString,
}

impl Which {
    /// The group of a stream; `None`: of everything.
    pub(super) fn of(stream: Option<StreamIdentifier>, group: String) -> Result<Self, Refusal> {
        if group.is_empty() {
            return Err(Refusal::invalid("the group has no name"));
        }
        let source = match stream {
            None => ByteString::from_static(ALL),
            Some(identifier) => {
                let name = ByteString::try_from(identifier.stream_name.clone())
                    .map_err(|_| Refusal::invalid("the stream name is not UTF-8"))?;
                Named::of(Some(identifier))?;
                name
            }
        };
        Ok(Self { source, group: group.into() })
    }

    /// The group whose parked events the stream of this name shows, if it is one's name.
    pub(in crate::kurrent) fn of_parked(stream: &str) -> Option<Self> {
        let (source, group) =
            stream.strip_prefix(PARKED.0)?.strip_suffix(PARKED.1)?.split_once(BETWEEN)?;
        let is_named = !source.is_empty() && !group.is_empty();
        is_named.then(|| Self { source: source.into(), group: group.into() })
    }

    /// The stream that shows what was parked.
    pub(in crate::kurrent) fn parked_stream(&self) -> ByteString {
        format!("{}{self}{}", PARKED.0, PARKED.1).into()
    }

    /// Whether its events are those of everything.
    pub(super) fn is_all(&self) -> bool {
        &*self.source == ALL
    }

    /// The consumer group that it is.
    pub(in crate::kurrent) fn name(&self) -> Result<GroupName, Refusal> {
        let plain = format!("{PREFIX}{self}");
        let is_clear = !self.source.contains(BETWEEN) && !self.group.contains(BETWEEN);
        if is_clear && plain.len() <= GROUP_NAME_BYTES_MAX {
            return Ok(GroupName::new(plain)?);
        }
        let both = format!("{}:{}{}", self.source.len(), self.source, self.group);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, both.as_bytes());
        Ok(GroupName::new(format!("{PREFIX}{id}"))?)
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{BETWEEN}{}", self.source, self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn which(source: &str, group: &str) -> Which {
        Which { source: source.into(), group: group.into() }
    }

    #[test]
    fn two_groups_never_have_one_name() {
        assert_eq!(which("order-1", "mail").name().unwrap().as_str(), "kurrent/order-1::mail");
        let (one, other) = (which("a::b", "c"), which("a", "b::c"));
        assert_ne!(one.name(), other.name());
        let long = which(&"x".repeat(500), "mail");
        assert!(long.name().unwrap().as_str().len() <= GROUP_NAME_BYTES_MAX);
    }

    #[test]
    fn the_stream_of_what_was_parked_says_whose() {
        let group = which("order-1", "mail");
        assert_eq!(&*group.parked_stream(), "$persistentsubscription-order-1::mail-parked");
        assert_eq!(Which::of_parked(&group.parked_stream()), Some(group));
        assert_eq!(Which::of_parked("$persistentsubscription-order-1-parked"), None);
    }
}
