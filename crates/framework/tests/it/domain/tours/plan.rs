//! The plan of a tour.

use super::{Tour, TourCommand, TourId};
use headwater::plan::{Ask, Backoff, ByPlan, Instance, Plan, Planned, Plans};
use headwater::prelude::*;

/// How long a credit may take to answer, and a payment.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// How long the inns are held for a tour.
pub(crate) const LEASE: Duration = Duration::from_secs(600);

/// The services that are asked, in the order in which they are.
pub(crate) const ASKED: [&str; 4] = ["credit", "inns", "till", "post"];

macro_rules! vaults_of {
    ($service:literal, $name:ident $(, $give:ident)?) => {
        #[derive(Command, Debug, Clone)]
        #[command(to = $service, id = "vault")]
        pub(crate) enum $name {
            Take { vault: String, tour: TourId, amount: u64 },
            $($give { vault: String, tour: TourId },)?
        }

        impl $name {
            fn take(vault: &str, tour: &Instance<'_, Agent>, amount: u64) -> Ask {
                let (vault, tour) = (vault.to_owned(), tour.id.clone());
                Ask::send(Self::Take { vault, tour, amount })
            }

            $(fn give(vault: &str, tour: &Instance<'_, Agent>) -> Ask {
                Ask::send(Self::$give { vault: vault.to_owned(), tour: tour.id.clone() })
            })?
        }
    };
}

vaults_of!("credit", Credit, Give);
vaults_of!("inns", Inns, Give);
vaults_of!("till", Till);
vaults_of!("post", Post);

#[derive(Input, Debug, Clone)]
pub(crate) enum Heard {
    #[input(id = "tour")]
    TourAsked { tour: TourId, guest: String, price: u64 },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wish {
    pub(crate) guest: String,
    pub(crate) price: u64,
}

/// Books tours. Of which versions it knows plans is what is deployed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agent {
    pub(crate) versions: &'static [u32],
}

pub(crate) const NOW: Agent = Agent { versions: &[1] };

fn first() -> Plan<Agent, headwater::plan::After> {
    let why = |tour: &Instance<'_, Agent>| {
        tour.refused.map_or_else(|| "nobody knows".to_owned(), |refused| refused.code.clone())
    };
    Plan::new()
        .compensatable(
            Agent::ask("wish", |_| Ask::nothing()).undone_by(move |tour| {
                Ask::run::<Tour>(tour.id, TourCommand::Fail { why: why(tour) })
            }),
        )
        .compensatable(
            Agent::ask("credit", |tour| Credit::take(&tour.memory.guest, tour, tour.memory.price))
                .within(LIMIT)
                .undone_by(|tour| Credit::give(&tour.memory.guest, tour)),
        )
        .compensatable(Agent::lock("hold", "inns", |_| vec!["west", "east"], LEASE))
        .parallel([
            Agent::ask("east", |tour| Inns::take("east", tour, 1))
                .undone_by(|tour| Inns::give("east", tour)),
            Agent::ask("west", |tour| Inns::take("west", tour, 1))
                .undone_by(|tour| Inns::give("west", tour)),
        ])
        .pivot(Agent::ask("pay", |tour| Till::take("till", tour, tour.memory.price)).within(LIMIT))
        .retriable(Agent::ask("voucher", |tour| Post::take("post", tour, 1)).again(Backoff {
            wait_min: Duration::from_secs(1),
            wait_max: Duration::from_secs(4),
            tries_max: 3,
        }))
        .retriable(Agent::ask("confirm", |tour| Ask::run::<Tour>(tour.id, TourCommand::Confirm)))
}

/// Without the inns, and with the payment first.
fn second() -> Plan<Agent, headwater::plan::After> {
    Plan::new()
        .pivot(Agent::ask("pay", |tour| Till::take("till", tour, tour.memory.price)))
        .retriable(Agent::ask("confirm", |tour| Ask::run::<Tour>(tour.id, TourCommand::Confirm)))
}

impl Planned for Agent {
    const NAME: &'static str = "agent";
    const ASKS: &'static [&'static str] = &ASKED;
    type Id = TourId;
    type Input = Heard;
    type Memory = Wish;

    fn plans(&self) -> Plans<Self> {
        self.versions.iter().fold(Plans::new(), |plans, version| match version {
            1 => plans.version(1, first()),
            version => plans.version(*version, second()),
        })
    }

    fn route(&self, input: &Recorded<Heard>) -> Route<TourId> {
        let Heard::TourAsked { tour, .. } = &input.event;
        Route::starts(tour)
    }

    fn remember(_: Wish, heard: &Heard) -> Wish {
        let Heard::TourAsked { guest, price, .. } = heard;
        Wish { guest: guest.clone(), price: *price }
    }
}

pub(crate) fn service(store: &Store, agent: Agent) -> Service {
    Service::new("tours", store).decider::<Tour>().saga(ByPlan::of(agent), Start::Beginning)
}
