//! Plans: a saga as a list of stages, read like a specification.
//!
//! Why: most sagas ask one thing after another, and undo what was done when one of them is refused. Written by
//! hand that is a state machine with a branch for each place where it can go wrong. Here it is data; how it is
//! gone by is written once.
//!
//! Picture:
//! ```text
//!    compensatable ─▶ compensatable ─▶ pivot ─▶ retriable ─▶ retriable ─▶ completed
//!         ▲ undo  ◀─────── undo ◀─ refused      again, until it is done
//!         └─▶ compensated
//! ```
//! Invariants: P1 before the pivot a refusal undoes what was done, in reverse order, each once; behind it nothing
//! is undone. P2 stages in parallel are waited for, all of them, whatever one of them answers. P3 a refused
//! undoing, or a stage that nobody can carry out, parks the instance; it never ends by itself. P4 an instance
//! goes by the plan that it began by; if that is not known any more, it is parked.
//!
//! Read first: [`Plan`], then [`Planned`]; [`ByPlan`] makes a [`Saga`](crate::Saga) of it.

mod by_plan;
mod conduct;
mod course;
mod definition;
mod label;
mod rehearsal;
mod stage;

pub use by_plan::{ByPlan, StageTimer, UnderWay};
pub use course::{Course, Leg, StageState};
pub use definition::{After, Before, Plan, PlanError, Plans};
pub use rehearsal::{Rehearsal, Requested, rehearse, rehearse_by};
pub use stage::{Answer, Ask, Asked, Backoff, Compensatable, Instance, Retriable};

use crate::{Input, Poison, Recorded, Route, StreamId};
use std::time::Duration;

/// A saga that goes by a plan. Wire it with `.saga(ByPlan::of(…), Start::…)`.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// # use headwater::prelude::*;
/// # use headwater::plan::*;
/// # #[derive(StreamId)] #[stream("trip")] pub struct TripId(String);
/// # #[derive(Command, Debug, Clone)] #[command(to = "hotels", id = "hotel")]
/// # pub enum Room { Book { hotel: String, trip: TripId }, Free { hotel: String, trip: TripId } }
/// # #[derive(Command, Debug, Clone)] #[command(to = "wallets", id = "wallet")]
/// # pub enum Pay { Charge { wallet: String, amount: u64 } }
/// # #[derive(Input, Debug)]
/// # pub enum Heard { #[input(id = "trip")] TripAsked { trip: TripId, hotel: String, wallet: String, price: u64 } }
/// # #[derive(Clone, Default)] pub struct Wish { hotel: String, wallet: String, price: u64 }
/// # pub struct Travel;
/// impl Planned for Travel {
///     const NAME: &'static str = "travel";
///     const ASKS: &'static [&'static str] = &["hotels", "wallets"];
///     type Id = TripId;
///     type Input = Heard;
///     type Memory = Wish;
///
///     fn plans(&self) -> Plans<Self> {
///         let room = Self::ask("room", |trip| Ask::send(Room::Book { hotel: trip.memory.hotel.clone(), trip: trip.id.clone() }))
///             .undone_by(|trip| Ask::send(Room::Free { hotel: trip.memory.hotel.clone(), trip: trip.id.clone() }));
///         let pay = Self::ask("pay", |trip| Ask::send(Pay::Charge { wallet: trip.memory.wallet.clone(), amount: trip.memory.price }));
///         Plans::new().version(1, Plan::new().compensatable(room).pivot(pay))
///     }
///
///     fn route(&self, input: &Recorded<Heard>) -> Route<TripId> {
///         let Heard::TripAsked { trip, .. } = &input.event;
///         Route::starts(trip)
///     }
///
///     fn remember(_: Wish, heard: &Heard) -> Wish {
///         let Heard::TripAsked { hotel, wallet, price, .. } = heard;
///         Wish { hotel: hotel.clone(), wallet: wallet.clone(), price: *price }
///     }
/// }
/// # let (hotel, wallet) = ("grand".to_owned(), "ann".to_owned());
/// # let asked = Heard::TripAsked { trip: "t1".into(), hotel, wallet, price: 100 };
/// rehearse(Travel, "t1".into())
///     .on(asked).then(["room"])
///     .carried_out("room").then(["pay"])
///     .refused("pay", "wallet.too_poor").then(["undo room"])
///     .carried_out("undo room").then(["compensated"]);
/// ```
pub trait Planned: Sized + Send + Sync + 'static {
    /// The saga's name: its checkpoints and its instances' streams are kept under it.
    const NAME: &'static str;
    /// Services that it asks and does not hear as inputs. Those that it hears need no mention.
    const ASKS: &'static [&'static str] = &[];
    /// What an instance is about: one instance for each id.
    type Id: StreamId;
    /// What it reads: what begins an instance, and events that answer stages or are worth remembering.
    type Input: Input;
    /// What it remembers of its inputs.
    type Memory: Default + Clone + Send + Sync + 'static;

    /// What it does, each plan under its version.
    fn plans(&self) -> Plans<Self>;

    /// Whose input this is.
    fn route(&self, input: &Recorded<Self::Input>) -> Route<Self::Id>;

    /// What it remembers after `heard`. Total: what was heard cannot be refused.
    #[must_use]
    fn remember(memory: Self::Memory, heard: &Self::Input) -> Self::Memory;

    /// A stage of this name that asks for this. By itself it can be a pivot, or retriable.
    fn ask(
        name: &'static str,
        ask: impl Fn(&Instance<'_, Self>) -> Ask + Send + Sync + 'static,
    ) -> Asked<Self> {
        stage::ask(name, ask)
    }

    /// A stage of this name that takes locks of another service, which
    /// [keeps them](crate::Service::keep_locks_for), for so long at most. They are taken in the order of their
    /// keys, so that two instances never wait for each other; they are given back when the instance ends, or
    /// when it comes back here. Until then every request of a stage to that service is carried out under them,
    /// and refused as `lock.lost` when one is lost; what undoes needs none.
    fn lock<K: ToString>(
        name: &'static str,
        of: &'static str,
        keys: impl Fn(&Instance<'_, Self>) -> Vec<K> + Send + Sync + 'static,
        lease: Duration,
    ) -> Compensatable<Self> {
        stage::lock(name, of, keys, lease)
    }

    /// What happens to an event that cannot be decoded (R4).
    fn undecodable(&self) -> Poison {
        Poison::Halt
    }
}
