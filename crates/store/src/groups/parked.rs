//! Parked events: looked at, replayed, given up.

use super::held::LaneHeld;
use super::live::Unpark;
use super::sources;
use crate::context::Core;
use crate::read::read_all;
use bytestring::ByteString;
use headwater_model::{
    AsOf, Direction, From, GroupError, GroupName, GroupSettings, ParkedEvent, ParkedPart, Position,
    ReadAll, ReadError, limits,
};

impl Core {
    pub(super) async fn parked_events(
        &self,
        name: &GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Result<Vec<ParkedEvent>, GroupError> {
        let group = self.settled_group(name).await?;
        let count_max = count_max.min(limits::GROUP_PARKED_PAGE_COUNT_MAX);
        let (lanes, settings) =
            group.with(self, |live, _| (live.parked(after, count_max), live.settings.clone()));
        let parked = lanes.into_iter().map(|(key, lane)| self.parked_event(&settings, key, lane));
        parked.collect()
    }

    /// One parked event, and what is held behind it.
    fn parked_event(
        &self,
        settings: &GroupSettings,
        key: ByteString,
        lane: LaneHeld,
    ) -> Result<ParkedEvent, GroupError> {
        let (mut event, mut held_count) = (None, 0);
        for found in self.events_of_key(settings, &key, lane.next)? {
            if found.position == lane.next {
                event = Some(found);
            } else if settings.key.of(&found) == key {
                held_count += 1;
            }
        }
        let (reason, parked_at) = match lane.parked {
            Some(parked) => (parked.reason.clone(), parked.at()),
            None => Default::default(),
        };
        let (position, attempts) = (lane.next, lane.attempts);
        Ok(ParkedEvent { position, event, key, attempts, reason, parked_at, held_count })
    }

    /// Events among which those of `key` are, from its place on; one page.
    fn events_of_key(
        &self,
        settings: &GroupSettings,
        key: &ByteString,
        from: Position,
    ) -> Result<Vec<headwater_model::RecordedEvent>, ReadError> {
        let end = sources::end_of(settings, key, self.state.head().next);
        let (Some(query), Some(last)) = (sources::of_key(settings, key), end.previous()) else {
            return Ok(Vec::new());
        };
        let read = ReadAll {
            query,
            from: From::At(from),
            direction: Direction::Forwards,
            count_max: limits::PAGE_EVENT_COUNT_MAX,
            as_of: AsOf::Position(last),
        };
        Ok(read_all(&self.state, &read, self.now())?.events)
    }

    pub(super) async fn unpark(
        &self,
        name: &GroupName,
        part: ParkedPart,
        how: Unpark,
    ) -> Result<u64, GroupError> {
        let group = self.open_group(name)?;
        let (ticket, count) = group.with(self, |live, _| live.unpark(part, how));
        group.saved(self, &ticket).await?;
        Ok(count)
    }
}
