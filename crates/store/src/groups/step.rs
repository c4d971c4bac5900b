//! A step of a group: what one commit changes about where it stands.
//!
//! Why: acks come by the thousand; one item holds all that were waiting for the same commit.
//!
//! Picture: `docs/formats/commit.md`, kind 7
//! ```text
//!   number · flags · incarnation · next · done* · tried* · lane* · name
//! ```
//! Invariants: D3 counts are believed only as far as there are bytes. What is stored is a decision:
//! places and lanes as they are to be, not what led to them.

use super::held::{LaneHeld, ParkedHeld};
use crate::commit::Malformed;
use crate::commit::varint::{self, Cursor};
use bytestring::ByteString;
use headwater_model::{GroupName, Incarnation, Position};

const RESET: u8 = 1;

const LANE_OVER: u8 = 0;
const LANE_BEHIND: u8 = 1;
const LANE_PARKED: u8 = 2;

/// What a lane becomes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LaneStep {
    /// The key lags no longer.
    Over,
    /// Where it is.
    Held(LaneHeld),
}

/// One step of one group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupStep {
    /// Of which group.
    pub name: GroupName,
    /// One more than the step before it.
    pub number: u64,
    /// Forgets what is done and tried: an explicit reset. Lanes are named one by one also then.
    pub is_reset: bool,
    /// The history that `next` is a place of.
    pub incarnation: Incarnation,
    /// Everything before this is finished, or in a lane.
    pub next: Position,
    /// Finished at or behind `next`, rising.
    pub done: Vec<Position>,
    /// Attempts of events that are not finished.
    pub tried: Vec<(Position, u32)>,
    /// Lanes that are otherwise than before.
    pub lanes: Vec<(ByteString, LaneStep)>,
}

impl GroupStep {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        varint::put(out, self.number);
        out.push(if self.is_reset { RESET } else { 0 });
        varint::put(out, u64::from(self.incarnation.0));
        varint::put(out, self.next.0);
        varint::put(out, self.done.len() as u64);
        let mut last = self.next;
        for position in &self.done {
            assert!(*position >= last, "what is done beyond `next` rises");
            varint::put(out, position.0 - last.0);
            last = *position;
        }
        varint::put(out, self.tried.len() as u64);
        for (position, attempts) in &self.tried {
            varint::put(out, position.0);
            varint::put(out, u64::from(*attempts));
        }
        varint::put(out, self.lanes.len() as u64);
        for (key, lane) in &self.lanes {
            put_lane(out, key, lane);
        }
        out.extend_from_slice(self.name.as_str().as_bytes());
    }

    /// Bytes that it takes, at most.
    pub(crate) fn bytes_max(&self) -> usize {
        let lane = |(key, lane): &(ByteString, LaneStep)| {
            let reason = match lane {
                LaneStep::Held(LaneHeld { parked: Some(parked), .. }) => parked.reason.len(),
                _ => 0,
            };
            key.len() + reason + LANE_BYTES_MAX
        };
        self.name.as_str().len()
            + 80
            + 10 * self.done.len()
            + 15 * self.tried.len()
            + self.lanes.iter().map(lane).sum::<usize>()
    }

    /// Reads all but the name, which is the rest.
    pub(crate) fn read(
        content: &mut Cursor<'_>,
        name: impl FnOnce(&mut Cursor<'_>) -> Result<GroupName, Malformed>,
    ) -> Result<Self, Malformed> {
        let number = content.varint()?;
        let flags = content.byte()?;
        if flags > RESET {
            return Err(content.malformed("flags of a group's step are unknown here"));
        }
        let incarnation = u32::try_from(content.varint()?)
            .map_err(|_| content.malformed("an incarnation is out of range"))?;
        let next = Position(content.varint()?);
        let mut last = next.0;
        let done = many(content, |content| {
            let ahead = content.varint()?;
            last = last
                .checked_add(ahead)
                .ok_or_else(|| content.malformed("a position is out of range"))?;
            Ok(Position(last))
        })?;
        let tried = many(content, |content| Ok((Position(content.varint()?), attempts(content)?)))?;
        let lanes = many(content, read_lane)?;
        Ok(Self {
            name: name(content)?,
            number,
            is_reset: flags == RESET,
            incarnation: Incarnation(incarnation),
            next,
            done,
            tried,
            lanes,
        })
    }
}

/// A lane besides its key and its reason.
const LANE_BYTES_MAX: usize = 48;

fn put_lane(out: &mut Vec<u8>, key: &ByteString, lane: &LaneStep) {
    let kind = match lane {
        LaneStep::Over => LANE_OVER,
        LaneStep::Held(LaneHeld { parked: None, .. }) => LANE_BEHIND,
        LaneStep::Held(LaneHeld { parked: Some(_), .. }) => LANE_PARKED,
    };
    out.push(kind);
    varint::put_bytes(out, key.as_bytes());
    if let LaneStep::Held(lane) = lane {
        varint::put(out, lane.next.0);
        varint::put(out, u64::from(lane.attempts));
        if let Some(parked) = &lane.parked {
            varint::put(out, parked.at_micros);
            varint::put_bytes(out, parked.reason.as_bytes());
        }
    }
}

fn read_lane(content: &mut Cursor<'_>) -> Result<(ByteString, LaneStep), Malformed> {
    let kind = content.byte()?;
    let key = ByteString::from(content.text()?);
    let lane = match kind {
        LANE_OVER => LaneStep::Over,
        LANE_BEHIND | LANE_PARKED => {
            let (next, attempts) = (Position(content.varint()?), attempts(content)?);
            let parked = match kind {
                LANE_PARKED => Some(ParkedHeld {
                    at_micros: content.varint()?,
                    reason: ByteString::from(content.text()?),
                }),
                _ => None,
            };
            LaneStep::Held(LaneHeld { next, attempts, parked })
        }
        _ => return Err(content.malformed("a kind of lane is unknown here")),
    };
    Ok((key, lane))
}

fn attempts(content: &mut Cursor<'_>) -> Result<u32, Malformed> {
    let count = content.varint()?;
    u32::try_from(count).map_err(|_| content.malformed("a number of attempts is out of range"))
}

/// As many as the count says; D3: nothing is allocated by its word.
fn many<T>(
    content: &mut Cursor<'_>,
    mut read: impl FnMut(&mut Cursor<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = content.varint()?;
    let mut read_so_far = Vec::new();
    for _ in 0..count {
        read_so_far.push(read(content)?);
    }
    Ok(read_so_far)
}
