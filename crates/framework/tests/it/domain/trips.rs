//! Trips: paid from a wallet, slept in a hotel; three services that share nothing.
//!
//! None of the deciders is idempotent: who is told twice pays twice, sleeps twice, is paid back twice.
//! So the accounts tell at once if anything was done twice, or not at all.

pub(crate) mod hotels;
pub(crate) mod travel;
pub(crate) mod wallets;

use headwater::prelude::*;

/// How long a hotel may take to answer.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

#[derive(StreamId)]
#[stream("trip")]
pub(crate) struct TripId(String);

#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Trip", public)]
pub(crate) enum TripEvent {
    Asked { wallet: String, hotel: String, price: u64 },
    Confirmed,
    Failed { why: String },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum TripCommand {
    Ask { wallet: String, hotel: String, price: u64 },
    Confirm,
    Fail { why: String },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum TripRefusal {
    #[refusal(not_found, "there is no such trip")]
    Unknown,
    #[refusal(conflict, "the trip is over {times} times")]
    Over { times: usize },
    #[refusal(forbidden, "trips for {price} are not confirmed")]
    Suspicious { price: u64 },
}

/// What became of a trip.
#[derive(Default, Debug, PartialEq)]
pub(crate) struct Trip {
    pub(crate) price: u64,
    pub(crate) confirmed: usize,
    pub(crate) failed: Vec<String>,
}

/// A price that nobody believes.
pub(crate) const SUSPICIOUS: u64 = 13;

impl Decider for Trip {
    type Id = TripId;
    type Command = TripCommand;
    type Event = TripEvent;
    type Refusal = TripRefusal;

    fn decide(&self, command: TripCommand, _: &Cause) -> Result<Vec<TripEvent>, TripRefusal> {
        let times = self.confirmed + self.failed.len();
        match command {
            TripCommand::Ask { wallet, hotel, price } => {
                Ok(vec![TripEvent::Asked { wallet, hotel, price }])
            }
            _ if self.price == 0 => Err(TripRefusal::Unknown),
            _ if times > 0 => Err(TripRefusal::Over { times }),
            TripCommand::Confirm if self.price == SUSPICIOUS => {
                Err(TripRefusal::Suspicious { price: self.price })
            }
            TripCommand::Confirm => Ok(vec![TripEvent::Confirmed]),
            TripCommand::Fail { why } => Ok(vec![TripEvent::Failed { why }]),
        }
    }

    fn evolve(mut self, event: &TripEvent) -> Trip {
        match event {
            TripEvent::Asked { price, .. } => self.price = *price,
            TripEvent::Confirmed => self.confirmed += 1,
            TripEvent::Failed { why } => self.failed.push(why.clone()),
        }
        self
    }
}

pub(crate) fn service(store: &Store) -> Service {
    Service::new("trips", store)
        .decider::<Trip>()
        .saga(travel::Travel { limit: LIMIT }, Start::Beginning)
}
