//! Schedules: what is to be done again and again, at times that a calendar or a span names.
//!
//! Why: a nightly statement must be made once each night, also if the service is restarted at that very
//! moment, runs twice, or was away. So a tick is an event, recorded at its time, in one append with what
//! follows from it.
//!
//! Picture: the stream of a schedule
//! ```text
//!   $schedule-nightly   Started ─ Ticked 03:00 ─ Ticked 03:00 ─ TicksSkipped ─ TickRefused 03:00 …
//!                                   │ one append                                  │ nothing else of it
//!                                   └─ events of the actions                      └─▶ parked, for a person
//! ```
//! Invariants: C5 a tick is recorded once, not before its time: its id derives from the schedule and its
//! time, it is appended at the revision that was read, and it lies behind the tick before it. A tick
//! whose actions are refused is recorded as refused, with nothing of them, and set aside like the input of
//! a reaction: it holds up no other tick.
//!
//! After a crash: the last event of the stream says what has been; what came due since goes by [`Missed`].

mod book;
mod occasion;
mod reader;
mod tick;
mod when;

pub use tick::Tick;
pub use when::{InvalidSchedule, When};

use crate::{Actions, Service};
use reader::ScheduleReader;

/// What is done about ticks that came due while nobody was there. A tick is missed if it is more than a
/// minute late, or the next one is due already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// They are left out; that they were is recorded.
    Skip,
    /// The last of them stands for all: [`Tick::missed_from`] tells since when.
    Once,
    /// Each is made up for, in order.
    All,
}

impl Service {
    /// Does `actions` at the times that `when` names. They are worked out like those of a
    /// [`Reaction`](crate::Reaction), on what is there at the time: each tick counts once, in however many
    /// instances this service runs. The first tick is the first behind the moment at which the schedule is
    /// first set to work, or the first behind the moment at which it was changed.
    ///
    /// ```
    /// # extern crate headwater_framework as headwater;
    /// # use headwater::prelude::*;
    /// # #[derive(StreamId)] #[stream("ledger")] pub struct LedgerId(String);
    /// # #[derive(Event, Debug)] pub enum LedgerEvent { Closed { day: String } }
    /// # #[derive(Command, Debug, Clone)] pub enum LedgerCommand { Close { day: String } }
    /// # #[derive(Refusal, Debug)] pub enum LedgerRefusal { #[refusal(conflict, "it is closed")] Closed }
    /// # #[derive(Default)] pub struct Ledger;
    /// # impl Decider for Ledger {
    /// #     type Id = LedgerId; type Command = LedgerCommand; type Event = LedgerEvent; type Refusal = LedgerRefusal;
    /// #     fn decide(&self, command: LedgerCommand, _: &Cause) -> Result<Vec<LedgerEvent>, LedgerRefusal> {
    /// #         let LedgerCommand::Close { day } = command;
    /// #         Ok(vec![LedgerEvent::Closed { day }])
    /// #     }
    /// #     fn evolve(self, _: &LedgerEvent) -> Self { self }
    /// # }
    /// use headwater::schedule::{Missed, When};
    /// use headwater::testing::World;
    /// use std::time::Duration;
    ///
    /// let mut world = World::new();
    /// let nightly = When::cron("0 3 * * *", "Europe/Berlin")?;
    /// let books = Service::new("books", &world.store).decider::<Ledger>().schedule(
    ///     "close-the-day",
    ///     nightly,
    ///     Missed::All,
    ///     |tick| {
    ///         let day = tick.at.to_string();
    ///         Actions::new().run::<Ledger>(&"main".into(), LedgerCommand::Close { day })
    ///     },
    /// );
    /// world.start(books);
    /// world.advance(Duration::from_secs(3 * 24 * 60 * 60));
    /// assert_eq!(world.types("books"), ["Closed", "Closed", "Closed"]);
    /// # Ok::<(), headwater::schedule::InvalidSchedule>(())
    /// ```
    ///
    /// # Panics
    /// If another reader of this service has its name, or it makes no stream's name.
    #[must_use]
    pub fn schedule(
        self,
        name: &'static str,
        when: When,
        missed: Missed,
        actions: impl Fn(&Tick) -> Actions + Send + Sync + 'static,
    ) -> Self {
        let own = self.name().clone();
        match ScheduleReader::new(name, own, when, missed, actions) {
            Ok(reader) => self.with_reader(reader),
            Err(error) => panic!("a schedule has no name: {error}"),
        }
    }
}
