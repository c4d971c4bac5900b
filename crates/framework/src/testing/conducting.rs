//! On/after/then for sagas.

use crate::Recorded;
use crate::action::{Action, Actions, Waking};
use crate::saga::{Refused, Route, Saga, Timer, Trigger};
use headwater_model::RecordedEvent;
use std::time::Duration;

/// An instance of a saga to be told things, and asked what follows.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// # use headwater::prelude::*;
/// # #[derive(StreamId)] #[stream("parcel")] pub struct ParcelId(String);
/// # #[derive(Command, Debug, Clone)] #[command(to = "couriers", id = "parcel")]
/// # pub enum Courier { Fetch { parcel: ParcelId } }
/// # #[derive(Input, Debug)]
/// # pub enum Heard { ParcelPacked { parcel: ParcelId }, #[input(from = "couriers")] ParcelFetched { parcel: ParcelId } }
/// # #[derive(Timer, Debug)] pub enum Alarm { Late }
/// # pub struct Dispatch;
/// # impl Saga for Dispatch {
/// #     const NAME: &'static str = "dispatch";
/// #     type Id = ParcelId; type Input = Heard; type Timer = Alarm; type State = ();
/// #     fn route(&self, input: &Recorded<Heard>) -> Route<ParcelId> { match &input.event {
/// #         Heard::ParcelPacked { parcel } => Route::starts(parcel),
/// #         Heard::ParcelFetched { parcel } => Route::continues(parcel) } }
/// #     fn react(&self, parcel: &ParcelId, _: &(), on: &Trigger<Self>) -> Actions<Alarm> { match on {
/// #         Trigger::Input(Heard::ParcelPacked { .. }) => Actions::new()
/// #             .send(Courier::Fetch { parcel: parcel.clone() }).wake(Duration::from_secs(60), Alarm::Late),
/// #         Trigger::Input(Heard::ParcelFetched { .. }) => Actions::new().complete(),
/// #         Trigger::Timer(Alarm::Late) => Actions::new().park("nobody fetches it"),
/// #         Trigger::Refused(refused) => Actions::new().park(refused),
/// #         Trigger::Note(_) => Actions::new() } }
/// #     fn evolve(_: (), _: &Trigger<Self>) {}
/// # }
/// use headwater::testing::saga;
///
/// let parcel = ParcelId::from("p1");
/// let minute = Duration::from_secs(60);
/// let fetch = Courier::Fetch { parcel: parcel.clone() };
/// saga(Dispatch, parcel.clone())
///     .on(Heard::ParcelPacked { parcel })
///     .then(Actions::new().send(fetch).wake(minute, Alarm::Late))
///     .after(minute)
///     .then(Actions::new().park("nobody fetches it"));
/// ```
pub fn saga<S: Saga>(saga: S, id: S::Id) -> Conducting<S> {
    Conducting {
        saga,
        id,
        state: S::State::default(),
        timers: Vec::new(),
        now: Duration::ZERO,
        ended: false,
        envelope: super::envelope("test-1", "Test", 0),
    }
}

/// An instance before it is told something.
pub struct Conducting<S: Saga> {
    saga: S,
    id: S::Id,
    state: S::State,
    timers: Vec<(Duration, Waking)>,
    now: Duration,
    ended: bool,
    envelope: RecordedEvent,
}

impl<S: Saga> Conducting<S> {
    /// Inputs from now on stand in this stream.
    #[must_use]
    pub fn in_stream(mut self, stream: &str) -> Self {
        self.envelope = super::envelope(stream, "Test", 0);
        self
    }

    /// Tells it an input.
    ///
    /// # Panics
    /// If the input is another instance's, or this one has ended: then it would not be told.
    #[track_caller]
    pub fn on(self, input: S::Input) -> Told<S> {
        let input = Recorded::new(input, self.envelope.clone());
        match self.saga.route(&input) {
            Route::Starts(id) | Route::Continues(id) => {
                assert!(id == self.id, "the input is for {id}, not for {}", self.id);
            }
            Route::Ignore => panic!("the saga ignores this input"),
        }
        self.tell(Trigger::Input(input.event))
    }

    /// Tells it that a command or request of this name was refused with this code.
    ///
    /// # Panics
    /// If it has ended: then it would not be told.
    #[track_caller]
    pub fn refused(self, command: &str, code: &str) -> Told<S> {
        let why = format!("{command} was refused: {code}");
        let (command, code) = (command.to_owned(), code.to_owned());
        self.tell(Trigger::Refused(Refused { command, code, why, label: None }))
    }

    /// Lets this much time pass, at the end of which a timer is due, and tells it.
    ///
    /// # Panics
    /// If no timer is due then, or one was due before.
    #[track_caller]
    pub fn after(mut self, span: Duration) -> Told<S> {
        self.now += span;
        self.timers.sort_by_key(|(due, _)| *due);
        let due = match self.timers.first() {
            Some((due, _)) if *due == self.now => self.timers.remove(0).1,
            Some((due, timer)) => {
                panic!("the first timer, {timer:?}, is due after {due:?}, and it is {:?}", self.now)
            }
            None => panic!("no timer is set"),
        };
        let timer = match &due.0 {
            Ok((name, says)) => S::Timer::decode(name, says),
            Err(error) => panic!("a timer cannot be written: {error}"),
        };
        match timer {
            Ok(timer) => self.tell(Trigger::Timer(timer)),
            Err(error) => panic!("a timer does not read as it was written: {error}"),
        }
    }

    /// It has not ended, and waits until the end of time unless it is told something.
    ///
    /// # Panics
    /// If a timer is set.
    #[track_caller]
    pub fn then_no_timer(self) -> Self {
        assert!(self.timers.is_empty(), "set: {:?}", self.timers);
        self
    }

    #[track_caller]
    fn tell(self, trigger: Trigger<S>) -> Told<S> {
        assert!(!self.ended, "the saga has ended: it is told nothing more");
        let actions = self.saga.react(&self.id, &self.state, &trigger);
        Told { conducting: self, trigger, actions }
    }
}

/// What followed from what it was told.
pub struct Told<S: Saga> {
    conducting: Conducting<S>,
    trigger: Trigger<S>,
    actions: Actions<S::Timer>,
}

impl<S: Saga> Told<S> {
    /// These actions, in this order.
    ///
    /// # Panics
    /// If others followed.
    #[track_caller]
    pub fn then(self, expected: Actions<S::Timer>) -> Conducting<S> {
        assert_eq!(self.actions, expected);
        let mut conducting = self.conducting;
        conducting.state = S::evolve(conducting.state, &self.trigger);
        for action in self.actions.into_list() {
            match action {
                Action::Wake(after, timer) => {
                    conducting.timers.retain(|(_, set)| *set != timer);
                    conducting.timers.push((conducting.now + after, timer));
                }
                Action::Cancel(timer) => conducting.timers.retain(|(_, set)| *set != timer),
                Action::End(_) => conducting.ended = true,
                Action::Run(_)
                | Action::Send(_)
                | Action::Park(_)
                | Action::Keep(_)
                | Action::Next
                | Action::Answer(_) => {}
            }
        }
        if conducting.ended {
            conducting.timers.clear();
        }
        conducting
    }

    /// No actions.
    ///
    /// # Panics
    /// If some followed.
    #[track_caller]
    pub fn then_nothing(self) -> Conducting<S> {
        self.then(Actions::new())
    }
}
