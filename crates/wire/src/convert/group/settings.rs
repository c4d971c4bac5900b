//! What a group is: its settings, and where it begins or goes on.

use crate::convert::text::{required, shared, text};
use crate::{Malformed, v1};
use headwater_model::{
    Backoff, GroupKey, GroupSettings, GroupSharing, ParkedPart, Position, Seek, Timestamp,
};

impl From<&GroupKey> for v1::GroupKey {
    fn from(key: &GroupKey) -> Self {
        use v1::group_key::By;
        let by = match key {
            GroupKey::Stream => By::Stream(v1::Nothing {}),
            GroupKey::Category => By::Category(v1::Nothing {}),
            GroupKey::Correlation => By::Correlation(v1::Nothing {}),
            GroupKey::Metadata(name) => By::Metadata(shared(name)),
            GroupKey::Event => By::Event(v1::Nothing {}),
        };
        Self { by: Some(by) }
    }
}

impl TryFrom<v1::GroupKey> for GroupKey {
    type Error = Malformed;
    fn try_from(key: v1::GroupKey) -> Result<Self, Malformed> {
        use v1::group_key::By;
        Ok(match required("a group's key", key.by)? {
            By::Stream(_) => Self::Stream,
            By::Category(_) => Self::Category,
            By::Correlation(_) => Self::Correlation,
            By::Metadata(name) => Self::Metadata(text("a key of the metadata", name)?),
            By::Event(_) => Self::Event,
        })
    }
}

impl From<&Backoff> for v1::Backoff {
    fn from(backoff: &Backoff) -> Self {
        use v1::backoff::{Exponential, Kind, List};
        let kind = match backoff {
            Backoff::List { waits_ms } => Kind::List(List { waits_ms: waits_ms.clone() }),
            Backoff::Exponential { first_ms, max_ms } => {
                Kind::Exponential(Exponential { first_ms: *first_ms, max_ms: *max_ms })
            }
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<v1::Backoff> for Backoff {
    type Error = Malformed;
    fn try_from(backoff: v1::Backoff) -> Result<Self, Malformed> {
        use v1::backoff::{Exponential, Kind, List};
        Ok(match required("a group's backoff", backoff.kind)? {
            Kind::List(List { waits_ms }) => Self::List { waits_ms },
            Kind::Exponential(Exponential { first_ms, max_ms }) => {
                Self::Exponential { first_ms, max_ms }
            }
        })
    }
}

impl From<&GroupSettings> for v1::GroupSettings {
    fn from(settings: &GroupSettings) -> Self {
        Self {
            source: Some((&settings.source).into()),
            key: Some((&settings.key).into()),
            ack_wait_ms: settings.ack_wait_ms,
            lease_ms: settings.lease_ms,
            attempts_max: settings.attempts_max,
            backoff: Some((&settings.backoff).into()),
            in_flight_count_max: settings.in_flight_count_max,
            member_count_max: settings.member_count_max,
            sharing: v1::GroupSharing::from(settings.sharing).into(),
            note: shared(&settings.note),
        }
    }
}

impl From<GroupSharing> for v1::GroupSharing {
    fn from(sharing: GroupSharing) -> Self {
        match sharing {
            GroupSharing::Evenly => Self::Evenly,
            GroupSharing::First => Self::First,
        }
    }
}

fn sharing(number: i32) -> Result<GroupSharing, Malformed> {
    match v1::GroupSharing::try_from(number) {
        Ok(v1::GroupSharing::Evenly) => Ok(GroupSharing::Evenly),
        Ok(v1::GroupSharing::First) => Ok(GroupSharing::First),
        Err(_) => Err(Malformed::Unknown { field: "a group's sharing", number: number.into() }),
    }
}

/// Whether a group can be made with them is the store's to say.
impl TryFrom<v1::GroupSettings> for GroupSettings {
    type Error = Malformed;
    fn try_from(settings: v1::GroupSettings) -> Result<Self, Malformed> {
        Ok(Self {
            source: required("a group's source", settings.source)?.try_into()?,
            key: required("a group's key", settings.key)?.try_into()?,
            ack_wait_ms: settings.ack_wait_ms,
            lease_ms: settings.lease_ms,
            attempts_max: settings.attempts_max,
            backoff: required("a group's backoff", settings.backoff)?.try_into()?,
            in_flight_count_max: settings.in_flight_count_max,
            member_count_max: settings.member_count_max,
            sharing: sharing(settings.sharing)?,
            note: text("a group's note", settings.note)?,
        })
    }
}

impl From<ParkedPart> for v1::ParkedPart {
    fn from(part: ParkedPart) -> Self {
        use v1::parked_part::Part;
        let part = match part {
            ParkedPart::One(position) => Part::One(position.0),
            ParkedPart::UpTo(position) => Part::UpTo(position.0),
            ParkedPart::All => Part::All(v1::Nothing {}),
        };
        Self { part: Some(part) }
    }
}

impl TryFrom<v1::ParkedPart> for ParkedPart {
    type Error = Malformed;
    fn try_from(part: v1::ParkedPart) -> Result<Self, Malformed> {
        use v1::parked_part::Part;
        Ok(match required("which parked events", part.part)? {
            Part::One(position) => Self::One(Position(position)),
            Part::UpTo(position) => Self::UpTo(Position(position)),
            Part::All(_) => Self::All,
        })
    }
}

impl From<Seek> for v1::Seek {
    fn from(seek: Seek) -> Self {
        use v1::seek::To;
        let to = match seek {
            Seek::Beginning => To::Beginning(v1::Nothing {}),
            Seek::After(checkpoint) => To::After(checkpoint.into()),
            Seek::Time(instant) => To::TimeUs(instant.as_micros()),
            Seek::Now => To::Now(v1::Nothing {}),
        };
        Self { to: Some(to) }
    }
}

impl TryFrom<v1::Seek> for Seek {
    type Error = Malformed;
    fn try_from(seek: v1::Seek) -> Result<Self, Malformed> {
        use v1::seek::To;
        Ok(match required("where the group goes on", seek.to)? {
            To::Beginning(_) => Self::Beginning,
            To::After(checkpoint) => Self::After(checkpoint.into()),
            To::TimeUs(micros) => Self::Time(Timestamp::from_micros(micros)),
            To::Now(_) => Self::Now,
        })
    }
}
