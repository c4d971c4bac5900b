//! A group that somebody uses: its state at work, who may save, and who looks for more.
//!
//! Picture: of all members that wait, one looks at the head and the clock; the others are called
//! ```text
//!   pump   ── head moved, time came ──▶ reads, takes its share, calls one other
//!   others ── called ──▶ take their share, call one other while something is ready
//! ```
//! Invariants: a call is never lost (whoever leaves something ready calls the next), and no event
//! wakes all. Saves are one at a time; who waits for one may be dropped at any time: what was on its
//! way keeps its number, and whoever saves next finds out whether it was written.

use super::held::{GroupHeld, Place};
use super::live::{Live, Ticket, WaitFor, Want};
use super::sources;
use crate::commit::Control;
use crate::context::Core;
use crate::read::read_all;
use crate::state::Head;
use headwater_model::{
    AsOf, Direction, From, GroupDelivery, GroupError, GroupName, MemberId, Position, ReadAll,
    RecordedEvent, Timestamp,
};
use parking_lot::Mutex;
use std::future::pending;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// Events of one page of the source: enough to keep members busy while the next is read.
const PAGE_COUNT: usize = 512;

/// Events of a key that lags, read at a time.
const LANE_COUNT: usize = 64;

/// One group in use.
pub(super) struct OpenGroup {
    pub(super) name: GroupName,
    live: Mutex<Live>,
    /// Held while saving.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Held by the one who looks at the head and the clock.
    pump: tokio::sync::Mutex<()>,
    /// Calls one who waits.
    pub(super) changed: Notify,
    /// Something is due earlier than the pump knows.
    rearm: Notify,
}

/// What a member that asks for deliveries has to do.
pub(super) enum Step {
    Deliver(Vec<GroupDelivery>),
    Save,
    Read(Want),
    /// Nothing is there for this member.
    Wait(WaitFor),
}

impl OpenGroup {
    pub(super) fn new(name: GroupName, live: Live) -> Self {
        Self {
            name,
            live: Mutex::new(live),
            turn: tokio::sync::Mutex::default(),
            pump: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            rearm: Notify::new(),
        }
    }

    /// Does `work` on the group as it stands now, and calls one who waits if there is work.
    pub(super) fn with<T>(&self, core: &Core, work: impl FnOnce(&mut Live, Timestamp) -> T) -> T {
        let now = core.now();
        let mut live = self.live.lock();
        live.pass_time(now);
        let done = work(&mut live, now);
        let head = core.state.head().next;
        if live.has_orphans() {
            self.changed.notify_one();
        } else if live.has_ready() || live.wants(head) {
            self.call(&live);
        }
        if live.must_rearm() {
            self.rearm.notify_one();
        }
        done
    }

    /// Calls one who waits: there is something to deliver, or to read.
    fn call(&self, live: &Live) {
        if !live.call_in_turn() {
            self.changed.notify_one();
        }
    }

    /// What `member` can do now.
    pub(super) fn step(
        &self,
        core: &Core,
        member: MemberId,
        count_max: usize,
    ) -> Result<Step, GroupError> {
        let now = core.now();
        let head = core.state.head().next;
        let mut live = self.live.lock();
        live.pass_time(now);
        live.heard(&self.name, member, now)?;
        if live.must_save() && self.turn.try_lock().is_ok() {
            return Ok(Step::Save);
        }
        let taken = live.take(member, count_max, now);
        if !taken.is_empty() {
            if live.has_ready() || live.wants(head) {
                self.call(&live);
            }
            if live.must_rearm() {
                self.rearm.notify_one();
            }
            return Ok(Step::Deliver(taken));
        }
        match live.want(head) {
            Some(want) => Ok(Step::Read(want)),
            None => {
                let waits_for = live.waits_for(member);
                if waits_for != WaitFor::Change && live.has_ready() {
                    self.call(&live);
                }
                Ok(Step::Wait(waits_for))
            }
        }
    }

    /// Reads what is wanted.
    pub(super) fn read(&self, core: &Core, want: Want) -> Result<(), GroupError> {
        match self.page(core, &want) {
            Ok((events, until)) => {
                self.with(core, |live, _| match want {
                    Want::Source { resets, .. } => live.offer_source(events, until, resets),
                    Want::Lane { key, resets, .. } => live.offer_lane(key, events, until, resets),
                });
                Ok(())
            }
            Err(why) => {
                self.with(core, |live, _| live.give_up(want));
                Err(why)
            }
        }
    }

    /// The next events of a source or of one key, and how far was looked.
    fn page(&self, core: &Core, want: &Want) -> Result<(Vec<RecordedEvent>, Position), GroupError> {
        let settings = self.live.lock().settings.clone();
        let (from, query, as_of, count_max) = match want {
            Want::Source { from, .. } => (*from, settings.source.clone(), AsOf::Now, PAGE_COUNT),
            Want::Lane { key, from, until, .. } => {
                let until = sources::end_of(&settings, key, *until);
                let Some(last) = until.previous().filter(|last| last >= from) else {
                    return Ok((Vec::new(), *want_until(want)));
                };
                match sources::of_key(&settings, key) {
                    Some(query) => (*from, query, AsOf::Position(last), LANE_COUNT),
                    None => return Ok((Vec::new(), *want_until(want))),
                }
            }
        };
        let read = ReadAll {
            query,
            from: From::At(from),
            direction: Direction::Forwards,
            count_max,
            as_of,
        };
        let page = read_all(&core.state, &read, core.now())?;
        let behind = page.as_of.map_or(Position::ZERO, Position::next);
        let until = page.next.unwrap_or(behind).max(from);
        let Want::Lane { key, until: end, .. } = want else { return Ok((page.events, until)) };
        let is_its = |event: &RecordedEvent| settings.key.of(event) == *key;
        let events = page.events.into_iter().filter(is_its).collect();
        Ok((events, if page.next.is_none() { *end } else { until }))
    }

    /// Waits until the head is not the one that was `seen`, a time comes, or something is otherwise; for
    /// one at a time. `seen` is what stood there before the caller looked for work: the head may have
    /// moved since, and that must not be slept over.
    pub(super) async fn pump(&self, core: &Core, mut head: watch::Receiver<Head>, seen: Position) {
        let _pump = self.pump.lock().await;
        loop {
            let until = self.live.lock().arm();
            let sleep = async {
                match until {
                    Some(until) => core.sleep_until(until).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                moved = head.changed() => {
                    // Commits without events are none of a reader's business.
                    let next = head.borrow_and_update().next;
                    if moved.is_err() || next != seen || core.state.is_closed() {
                        return;
                    }
                }
                () = sleep => return,
                () = self.rearm.notified() => {}
            }
        }
    }

    /// Waits until the changes of `ticket` are durable; saves them if nobody else does.
    pub(super) async fn saved(&self, core: &Core, ticket: &Arc<Ticket>) -> Result<(), GroupError> {
        loop {
            if let Some(answer) = ticket.answer() {
                return answer;
            }
            let _turn = self.turn.lock().await;
            if ticket.answer().is_none() && self.save(core).await.is_none() {
                return Err(GroupError::NotAMember { name: self.name.clone() });
            }
        }
    }

    /// Saves what nobody waits for.
    pub(super) async fn save_orphans(&self, core: &Core) -> Result<(), GroupError> {
        let _turn = self.turn.lock().await;
        if !self.live.lock().must_save() {
            return Ok(());
        }
        self.save(core).await.unwrap_or(Ok(()))
    }

    /// Writes one batch; `None`: there is none. The turn is held.
    pub(super) async fn save(&self, core: &Core) -> Option<Result<(), GroupError>> {
        let place = core.state.held.read().groups.get(&self.name).map(GroupHeld::place)?;
        if self.live.lock().is_behind(place) {
            let held = core.state.held.read().groups.get(&self.name).cloned()?;
            self.with(core, |live, now| live.reset(&held, now));
            return Some(Ok(()));
        }
        // C2: a group that goes on goes on in the history that is, also when it began in one that a
        // restore has cut off.
        let place = Place { incarnation: core.state.incarnation(), ..place };
        let step = self.live.lock().batch(&self.name, place)?;
        let number = step.number;
        let abandoned = Abandoned(self);
        // Who was writing it may have gone away before it was known to be written.
        let answer = match place.number >= number {
            true => Ok(()),
            false => core.control(vec![Control::GroupStepped(step)]).await,
        };
        let written = core.state.held.read().groups.get(&self.name).map(|held| held.number);
        let answer = match answer {
            _ if written >= Some(number) => Ok(()),
            Ok(()) => Err(GroupError::NotFound { name: self.name.clone() }),
            Err(why) => Err(why),
        };
        self.with(core, |live, now| match &answer {
            Ok(()) => live.finish(),
            Err(why) => live.failed(why, now),
        });
        std::mem::forget(abandoned);
        Some(answer)
    }
}

/// Somebody who was saving went away: one who waits is called to find out what came of it.
struct Abandoned<'a>(&'a OpenGroup);

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        self.0.changed.notify_one();
    }
}

fn want_until(want: &Want) -> &Position {
    match want {
        Want::Source { from, .. } => from,
        Want::Lane { until, .. } => until,
    }
}
