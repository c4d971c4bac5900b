//! Tours: credit, a bed in each of two inns, a payment, a voucher; five services that share nothing.
//!
//! What is taken twice is missing twice, and every undoing is counted: the accounts tell at once if anything was
//! done twice, or undone twice, or not at all.

pub(crate) mod plan;
pub(crate) mod vaults;

use headwater::prelude::*;

#[derive(StreamId)]
#[stream("tour")]
pub(crate) struct TourId(String);

#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Tour", public)]
pub(crate) enum TourEvent {
    Asked { guest: String, price: u64 },
    Confirmed,
    Failed { why: String },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum TourCommand {
    Ask { guest: String, price: u64 },
    Confirm,
    Fail { why: String },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum TourRefusal {
    #[refusal(conflict, "the tour is over {times} times")]
    Over { times: usize },
}

/// What became of a tour.
#[derive(Default, Debug, Clone, PartialEq)]
pub(crate) struct Tour {
    pub(crate) price: u64,
    pub(crate) confirmed: usize,
    pub(crate) failed: Vec<String>,
}

impl Decider for Tour {
    type Id = TourId;
    type Command = TourCommand;
    type Event = TourEvent;
    type Refusal = TourRefusal;

    fn decide(&self, command: TourCommand, _: &Cause) -> Result<Vec<TourEvent>, TourRefusal> {
        let times = self.confirmed + self.failed.len();
        match command {
            TourCommand::Ask { guest, price } => Ok(vec![TourEvent::Asked { guest, price }]),
            _ if times > 0 => Err(TourRefusal::Over { times }),
            TourCommand::Confirm => Ok(vec![TourEvent::Confirmed]),
            TourCommand::Fail { why } => Ok(vec![TourEvent::Failed { why }]),
        }
    }

    fn evolve(mut self, event: &TourEvent) -> Tour {
        match event {
            TourEvent::Asked { price, .. } => self.price = *price,
            TourEvent::Confirmed => self.confirmed += 1,
            TourEvent::Failed { why } => self.failed.push(why.clone()),
        }
        self
    }
}
