//! What is asked about a group as a whole.

use super::group_name;
use crate::convert::text::{required, shared, text};
use crate::{Malformed, v1};
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::limits::GROUP_PARKED_PAGE_COUNT_MAX;
use headwater_model::{
    ContextName, GroupName, GroupSettings, ParkedPart, Position, Seek, Start, group::cut_reason,
};

/// A request about one group: its name, and what is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AskedOfGroup<T> {
    /// Which group.
    pub name: GroupName,
    /// What.
    pub asked: T,
}

impl<T> AskedOfGroup<T> {
    fn new(name: Bytes, asked: T) -> Result<Self, Malformed> {
        Ok(Self { name: group_name(name)?, asked })
    }
}

/// The names that every such request begins with.
fn names(context: &ContextName, group: &GroupName) -> (Bytes, Bytes) {
    (shared(context.as_shared()), shared(group.as_shared()))
}

macro_rules! of_a_group {
    ($($request:ident)*) => { $(
        impl v1::$request {
            /// Asks for the group of this name.
            pub fn new(context: &ContextName, group: &GroupName) -> Self {
                let (context, name) = names(context, group);
                Self { context, name }
            }
        }

        impl TryFrom<v1::$request> for AskedOfGroup<()> {
            type Error = Malformed;
            fn try_from(request: v1::$request) -> Result<Self, Malformed> {
                Self::new(request.name, ())
            }
        }
    )* };
}

of_a_group! { GetGroupRequest DeleteGroupRequest }

impl v1::CreateGroupRequest {
    /// Asks for a group of this name.
    pub fn new(
        context: &ContextName,
        group: &GroupName,
        settings: &GroupSettings,
        start: Start,
    ) -> Self {
        let (context, name) = names(context, group);
        Self { context, name, settings: Some(settings.into()), start: Some(start.into()) }
    }
}

impl TryFrom<v1::CreateGroupRequest> for AskedOfGroup<(GroupSettings, Start)> {
    type Error = Malformed;
    fn try_from(request: v1::CreateGroupRequest) -> Result<Self, Malformed> {
        let settings = required("a group's settings", request.settings)?.try_into()?;
        let start = required("where the group starts", request.start)?.try_into()?;
        Self::new(request.name, (settings, start))
    }
}

impl v1::UpdateGroupRequest {
    /// Asks for other settings.
    pub fn new(context: &ContextName, group: &GroupName, settings: &GroupSettings) -> Self {
        let (context, name) = names(context, group);
        Self { context, name, settings: Some(settings.into()) }
    }
}

impl TryFrom<v1::UpdateGroupRequest> for AskedOfGroup<GroupSettings> {
    type Error = Malformed;
    fn try_from(request: v1::UpdateGroupRequest) -> Result<Self, Malformed> {
        let settings = required("a group's settings", request.settings)?.try_into()?;
        Self::new(request.name, settings)
    }
}

impl v1::ListParkedRequest {
    /// Asks for a page of parked events.
    pub fn new(
        context: &ContextName,
        group: &GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Self {
        let (context, name) = names(context, group);
        let after = after.map(|position| position.0);
        Self { context, name, after, count_max: Some(count_max as u64) }
    }
}

/// Behind which position, and how many.
impl TryFrom<v1::ListParkedRequest> for AskedOfGroup<(Option<Position>, usize)> {
    type Error = Malformed;
    fn try_from(request: v1::ListParkedRequest) -> Result<Self, Malformed> {
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let count_max = request.count_max.map_or(GROUP_PARKED_PAGE_COUNT_MAX, count);
        Self::new(request.name, (request.after.map(Position), count_max))
    }
}

impl v1::ReplayParkedRequest {
    /// Asks for parked events to be delivered again.
    pub fn new(context: &ContextName, group: &GroupName, part: ParkedPart) -> Self {
        let (context, name) = names(context, group);
        Self { context, name, part: Some(part.into()) }
    }
}

impl TryFrom<v1::ReplayParkedRequest> for AskedOfGroup<ParkedPart> {
    type Error = Malformed;
    fn try_from(request: v1::ReplayParkedRequest) -> Result<Self, Malformed> {
        Self::new(request.name, required("which parked events", request.part)?.try_into()?)
    }
}

impl v1::SkipParkedRequest {
    /// Asks for parked events to be given up.
    pub fn new(context: &ContextName, group: &GroupName, part: ParkedPart, reason: &str) -> Self {
        let (context, name) = names(context, group);
        let reason = Bytes::copy_from_slice(cut_reason(reason).as_bytes());
        Self { context, name, part: Some(part.into()), reason }
    }
}

impl TryFrom<v1::SkipParkedRequest> for AskedOfGroup<(ParkedPart, ByteString)> {
    type Error = Malformed;
    fn try_from(request: v1::SkipParkedRequest) -> Result<Self, Malformed> {
        let part = required("which parked events", request.part)?.try_into()?;
        Self::new(request.name, (part, text("a reason", request.reason)?))
    }
}

impl v1::SeekGroupRequest {
    /// Asks for the group to go on elsewhere.
    pub fn new(context: &ContextName, group: &GroupName, to: Seek) -> Self {
        let (context, name) = names(context, group);
        Self { context, name, to: Some(to.into()) }
    }
}

impl TryFrom<v1::SeekGroupRequest> for AskedOfGroup<Seek> {
    type Error = Malformed;
    fn try_from(request: v1::SeekGroupRequest) -> Result<Self, Malformed> {
        Self::new(request.name, required("where the group goes on", request.to)?.try_into()?)
    }
}
