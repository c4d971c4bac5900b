//! Deciders: command in, own events out; pure.
//!
//! Why: everything that is hard about a service — retries, races, crashes, time — is around the
//! decision and never in it.

use crate::{Boundary, Cause, Command, Event, Refusal};

/// The state that decides about commands, and how events change it.
///
/// Both functions are pure: no clock, no randomness, no services. What a decision needs is in the
/// command, in the state, or in the [`Cause`].
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
/// use headwater::testing::given;
///
/// #[derive(StreamId)]
/// #[stream("lamp")]
/// pub struct LampId(String);
///
/// #[derive(Event, Debug, PartialEq)]
/// #[event(prefix = "Lamp")]
/// pub enum LampEvent { Lit, PutOut }
///
/// #[derive(Command, Debug, Clone)]
/// pub enum LampCommand { Light, PutOut }
///
/// #[derive(Refusal, Debug, PartialEq)]
/// pub enum LampRefusal {
///     #[refusal(conflict, "the lamp is broken")]
///     Broken,
/// }
///
/// #[derive(Default)]
/// pub struct Lamp { lit: bool, times: u32 }
///
/// impl Decider for Lamp {
///     type Id = LampId;
///     type Command = LampCommand;
///     type Event = LampEvent;
///     type Refusal = LampRefusal;
///
///     fn decide(&self, command: LampCommand, _: &Cause) -> Result<Vec<LampEvent>, LampRefusal> {
///         Ok(match command {
///             LampCommand::Light if self.times == 2 => return Err(LampRefusal::Broken),
///             LampCommand::Light if !self.lit => vec![LampEvent::Lit],
///             LampCommand::PutOut if self.lit => vec![LampEvent::PutOut],
///             _ => vec![], // nothing to do
///         })
///     }
///
///     fn evolve(self, event: &LampEvent) -> Lamp {
///         match event {
///             LampEvent::Lit => Lamp { lit: true, times: self.times + 1 },
///             LampEvent::PutOut => Lamp { lit: false, ..self },
///         }
///     }
/// }
///
/// given::<Lamp>([]).when(LampCommand::Light).then([LampEvent::Lit]);
/// given::<Lamp>([LampEvent::Lit]).when(LampCommand::Light).then_nothing();
/// ```
pub trait Decider: Default + Send + Sync + 'static {
    /// What a decision reads, and where its events go.
    type Id: Boundary;
    /// What may be asked.
    type Command: Command;
    /// What may have happened.
    type Event: Event;
    /// The typed no.
    type Refusal: Refusal;

    /// Answers a command with the events that come of it; with none if there is nothing to do.
    ///
    /// # Errors
    /// A refusal: nothing is recorded.
    fn decide(
        &self,
        command: Self::Command,
        cause: &Cause,
    ) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// The state after `event`. Total: what has happened cannot be refused.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;
}
