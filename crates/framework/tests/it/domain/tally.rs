//! A tally: its decider counts whatever it is told, twice if it is told twice.

use super::orders::OrderId;
use headwater::prelude::*;

#[derive(StreamId)]
#[stream("tally")]
pub struct TallyId(String);

#[derive(Event, Debug, PartialEq)]
pub enum TallyEvent {
    Counted {},
}

#[derive(Command, Debug, Clone)]
pub enum TallyCommand {
    Count,
}

#[derive(Refusal, Debug, PartialEq)]
pub enum TallyRefusal {
    #[refusal(conflict, "a tally never refuses")]
    Never,
}

#[derive(Default, Debug)]
pub struct Tally {
    pub count: u32,
}

impl Decider for Tally {
    type Id = TallyId;
    type Command = TallyCommand;
    type Event = TallyEvent;
    type Refusal = TallyRefusal;

    fn decide(&self, _: TallyCommand, _: &Cause) -> Result<Vec<TallyEvent>, TallyRefusal> {
        Ok(vec![TallyEvent::Counted {}])
    }

    fn evolve(self, _: &TallyEvent) -> Tally {
        Tally { count: self.count + 1 }
    }
}

#[derive(Input, Debug)]
#[input(from = "orders", id = "order")]
pub enum Seen {
    OrderCreated { order: OrderId },
}

pub struct CountOrders;

impl Reaction for CountOrders {
    const NAME: &'static str = "count-orders";
    type Input = Seen;

    fn react(&self, _: &Recorded<Seen>) -> Actions {
        Actions::new().run::<Tally>(&"all".into(), TallyCommand::Count)
    }
}

pub fn service(store: &Store) -> Service {
    Service::new("tally", store).decider::<Tally>().reaction(CountOrders, Start::Beginning)
}
