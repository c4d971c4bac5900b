//! A tally: its decider counts whatever it is told, twice if it is told twice.

use headwater::prelude::*;

#[derive(StreamId)]
#[stream("tally")]
pub(crate) struct TallyId(String);

#[derive(Event, Debug, PartialEq)]
pub(crate) enum TallyEvent {
    Counted {},
}

#[derive(Command, Debug, Clone)]
pub(crate) enum TallyCommand {
    Count,
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum TallyRefusal {
    #[refusal(conflict, "the tally is full")]
    Full,
}

#[derive(Default, Debug)]
pub(crate) struct Tally {
    pub(crate) count: u32,
}

impl Decider for Tally {
    type Id = TallyId;
    type Command = TallyCommand;
    type Event = TallyEvent;
    type Refusal = TallyRefusal;

    fn decide(&self, _: TallyCommand, _: &Cause) -> Result<Vec<TallyEvent>, TallyRefusal> {
        if self.count == u32::MAX {
            Err(TallyRefusal::Full)
        } else {
            Ok(vec![TallyEvent::Counted {}])
        }
    }

    fn evolve(self, _: &TallyEvent) -> Tally {
        Tally { count: self.count + 1 }
    }
}

#[derive(Input, Debug)]
#[input(from = "orders")]
pub(crate) enum Seen {
    OrderCreated,
}

pub(crate) struct CountOrders;

impl Reaction for CountOrders {
    const NAME: &'static str = "count-orders";
    type Input = Seen;

    fn react(&self, _: &Recorded<Seen>) -> Actions {
        Actions::new().run::<Tally>(&"all".into(), TallyCommand::Count)
    }
}

pub(crate) fn service(store: &Store) -> Service {
    Service::new("tally", store).decider::<Tally>().reaction(CountOrders, Start::Beginning)
}
