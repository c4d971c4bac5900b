//! A hundred thousand sagas: money between vaults, by two services that share nothing.
//!
//! The story: a transfer took money out, could not put it in, and gave it back twice after a crash; it happened
//! once in ten thousand. C4: so ten times as many are simulated, hundreds in each world, and every one is audited.
//!
//! Nothing here is idempotent: who is told twice takes out twice, puts in twice, gives back twice.

use headwater::prelude::*;
use headwater::testing::World;
use headwater::testing::simulation::{Audit, Call, Dice, Process, Reply, Scenario, Simulation};
use std::collections::HashMap;

const VAULT_COUNT: u64 = 40;
const MONEY: u64 = 10_000;
const ROOM: u64 = 10_800;

#[derive(StreamId)]
#[stream("vault")]
pub(crate) struct VaultId(String);

#[derive(StreamId)]
#[stream("transfer")]
pub(crate) struct TransferId(String);

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Vault", public)]
pub(crate) enum VaultEvent {
    PutIn { transfer: TransferId, amount: u64 },
    TakenOut { transfer: TransferId, amount: u64 },
    GivenBack { transfer: TransferId, amount: u64 },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum VaultCommand {
    #[command(public)]
    PutIn { transfer: TransferId, amount: u64 },
    #[command(public)]
    TakeOut { transfer: TransferId, amount: u64 },
    #[command(public)]
    GiveBack { transfer: TransferId, amount: u64 },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum VaultRefusal {
    #[refusal(conflict, "there is no room for {amount}")]
    Full { amount: u64 },
    #[refusal(conflict, "there is less than {amount}")]
    Empty { amount: u64 },
}

/// What is in a vault.
#[derive(Default, Debug)]
pub(crate) struct Vault {
    money: u64,
}

impl Decider for Vault {
    type Id = VaultId;
    type Command = VaultCommand;
    type Event = VaultEvent;
    type Refusal = VaultRefusal;

    fn decide(&self, command: VaultCommand, _: &Cause) -> Result<Vec<VaultEvent>, VaultRefusal> {
        Ok(vec![match command {
            VaultCommand::PutIn { amount, .. } if self.money + amount > ROOM => {
                return Err(VaultRefusal::Full { amount });
            }
            VaultCommand::TakeOut { amount, .. } if self.money < amount => {
                return Err(VaultRefusal::Empty { amount });
            }
            VaultCommand::PutIn { transfer, amount } => VaultEvent::PutIn { transfer, amount },
            VaultCommand::TakeOut { transfer, amount } => VaultEvent::TakenOut { transfer, amount },
            VaultCommand::GiveBack { transfer, amount } => {
                VaultEvent::GivenBack { transfer, amount }
            }
        }])
    }

    fn evolve(self, event: &VaultEvent) -> Vault {
        Vault {
            money: match event {
                VaultEvent::PutIn { amount, .. } | VaultEvent::GivenBack { amount, .. } => {
                    self.money + amount
                }
                VaultEvent::TakenOut { amount, .. } => self.money.saturating_sub(*amount),
            },
        }
    }
}

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Transfer", public)]
pub(crate) enum TransferEvent {
    Asked { from: VaultId, to: VaultId, amount: u64 },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum TransferCommand {
    Ask { from: VaultId, to: VaultId, amount: u64 },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum TransferRefusal {
    #[refusal(invalid, "nothing is to be transferred")]
    Nothing,
}

/// A transfer that was asked for.
#[derive(Default, Debug)]
pub(crate) struct Transfer;

impl Decider for Transfer {
    type Id = TransferId;
    type Command = TransferCommand;
    type Event = TransferEvent;
    type Refusal = TransferRefusal;

    fn decide(
        &self,
        command: TransferCommand,
        _: &Cause,
    ) -> Result<Vec<TransferEvent>, TransferRefusal> {
        let TransferCommand::Ask { from, to, amount } = command;
        match amount {
            0 => Err(TransferRefusal::Nothing),
            _ => Ok(vec![TransferEvent::Asked { from, to, amount }]),
        }
    }

    fn evolve(self, _: &TransferEvent) -> Transfer {
        self
    }
}

#[derive(Command, Debug, Clone)]
#[command(to = "vaults", id = "vault")]
pub(crate) enum Ask {
    TakeOut { vault: VaultId, transfer: TransferId, amount: u64 },
    PutIn { vault: VaultId, transfer: TransferId, amount: u64 },
    GiveBack { vault: VaultId, transfer: TransferId, amount: u64 },
}

#[derive(Input, Debug)]
pub(crate) enum Heard {
    #[input(id = "transfer")]
    TransferAsked { transfer: TransferId, from: VaultId, to: VaultId, amount: u64 },
    #[input(from = "vaults")]
    VaultTakenOut { transfer: TransferId },
    #[input(from = "vaults")]
    VaultPutIn { transfer: TransferId },
    #[input(from = "vaults")]
    VaultGivenBack { transfer: TransferId },
}

/// Takes out, puts in; gives back what cannot be put in.
pub(crate) struct Carrier;

impl Saga for Carrier {
    const NAME: &'static str = "carrier";
    type Id = TransferId;
    type Input = Heard;
    type Timer = NoTimer;
    type State = Option<(VaultId, VaultId, u64)>;

    fn route(&self, input: &Recorded<Heard>) -> Route<TransferId> {
        match &input.event {
            Heard::TransferAsked { transfer, .. } => Route::starts(transfer),
            Heard::VaultTakenOut { transfer }
            | Heard::VaultPutIn { transfer }
            | Heard::VaultGivenBack { transfer } => Route::continues(transfer),
        }
    }

    fn react(&self, id: &TransferId, state: &Self::State, on: &Trigger<Self>) -> Actions {
        let transfer = id.clone();
        match (on, state) {
            (Trigger::Input(Heard::TransferAsked { from, amount, .. }), _) => {
                let (vault, amount) = (from.clone(), *amount);
                Actions::new().send(Ask::TakeOut { vault, transfer, amount })
            }
            (Trigger::Input(Heard::VaultTakenOut { .. }), Some((_, to, amount))) => {
                let (vault, amount) = (to.clone(), *amount);
                Actions::new().send(Ask::PutIn { vault, transfer, amount })
            }
            (Trigger::Refused(refused), Some((from, _, amount))) if refused.command == "PutIn" => {
                let (vault, amount) = (from.clone(), *amount);
                Actions::new().send(Ask::GiveBack { vault, transfer, amount })
            }
            (Trigger::Input(Heard::VaultPutIn { .. }), Some(_)) => Actions::new().complete(),
            (Trigger::Input(Heard::VaultGivenBack { .. }), Some(_)) => Actions::new().compensated(),
            (Trigger::Refused(refused), _) if refused.command == "TakeOut" => {
                Actions::new().compensated()
            }
            (Trigger::Refused(refused), _) => Actions::new().park(refused),
            (on, _) => Actions::new().park(format!("{on:?} before it was asked for")),
        }
    }

    fn evolve(state: Self::State, on: &Trigger<Self>) -> Self::State {
        match on {
            Trigger::Input(Heard::TransferAsked { from, to, amount, .. }) => {
                Some((from.clone(), to.clone(), *amount))
            }
            _ => state,
        }
    }
}

/// Transfers between vaults, many of them at once.
struct Vaults {
    batch_count: u64,
    batch_size: u64,
}

#[derive(Clone, Debug)]
enum Step {
    Fill,
    /// These transfers: from which vault to which, and how much.
    Transfers {
        first: u64,
        list: Vec<(u64, u64, u64)>,
    },
}

fn vault(n: u64) -> VaultId {
    VaultId::from(format!("v{n}"))
}

impl Scenario for Vaults {
    type Step = Step;

    fn processes(&self) -> Vec<Process> {
        let vaults = |store: &Store| {
            Service::new("vaults", store).decider::<Vault>().accept_commands_from("transfers")
        };
        let transfers = |store: &Store| {
            let service = Service::new("transfers", store).decider::<Transfer>();
            service.saga(Carrier, Start::Beginning)
        };
        vec![Process::new(vaults), Process::new(transfers)]
    }

    fn opening(&self) -> Vec<Step> {
        vec![Step::Fill]
    }

    fn plan(&self, dice: &mut Dice) -> Vec<Step> {
        let mut transfer = |_| {
            let from = dice.below(VAULT_COUNT);
            let to = (from + 1 + dice.below(VAULT_COUNT - 1)) % VAULT_COUNT;
            (from, to, 1 + dice.below(400))
        };
        let mut batch = |n| Step::Transfers {
            first: n * self.batch_size,
            list: (0..self.batch_size).map(&mut transfer).collect(),
        };
        (0..self.batch_count).map(&mut batch).collect()
    }

    fn call(&self, step: &Step) -> Call {
        match step {
            Step::Fill => Call::with("vaults", |service, cause| async move {
                for n in 0..VAULT_COUNT {
                    let fill =
                        VaultCommand::PutIn { transfer: TransferId::from("fill"), amount: MONEY };
                    if let Err(error) = service.run::<Vault>(&vault(n), fill, &cause).await {
                        return Reply::Unanswered(error.to_string());
                    }
                }
                Reply::Answered("done".to_owned())
            }),
            Step::Transfers { first, list } => {
                let (first, list) = (*first, list.clone());
                Call::with("transfers", move |service, cause| {
                    let list = list.clone();
                    async move {
                        for (n, (from, to, amount)) in (first..).zip(list) {
                            let id = TransferId::from(format!("t{n}"));
                            let (from, to) = (vault(from), vault(to));
                            let ask = TransferCommand::Ask { from, to, amount };
                            if let Err(error) = service.run::<Transfer>(&id, ask, &cause).await {
                                return Reply::Unanswered(error.to_string());
                            }
                        }
                        Reply::Answered("done".to_owned())
                    }
                })
            }
        }
    }

    fn horizon(&self) -> Duration {
        Duration::from_secs(60) // nothing here waits for a time
    }

    fn at_rest(&self, world: &World, asked: &[Step], audit: &mut Audit) {
        let mut transfers = HashMap::<String, [u32; 3]>::new();
        let mut money = HashMap::<String, i64>::new();
        for event in world.events("vaults") {
            let said: serde_json::Value = serde_json::from_slice(&event.payload).unwrap();
            let (transfer, amount) = (said["transfer"].as_str(), said["amount"].as_i64());
            let (transfer, amount) = (transfer.unwrap(), amount.unwrap());
            let (kind, sign) = match event.event_type.as_str() {
                "VaultPutIn" => (0, 1),
                "VaultTakenOut" => (1, -1),
                _ => (2, 1),
            };
            *money.entry(event.stream.to_string()).or_default() += sign * amount;
            transfers.entry(transfer.to_owned()).or_default()[kind] += 1;
        }
        transfers.remove("fill");
        audit.equal("money", money.values().sum::<i64>(), (VAULT_COUNT * MONEY) as i64);
        let whole = |counts: &[u32; 3]| matches!(counts, [1, 1, 0] | [0, 1, 1]);
        for (transfer, counts) in transfers.iter().filter(|(_, counts)| !whole(counts)) {
            audit.holds(false, format!("{transfer} was put in, taken out, given back {counts:?}"));
        }
        let count = |step: &Step| match step {
            Step::Fill => 0,
            Step::Transfers { list, .. } => list.len(),
        };
        let count: usize = asked.iter().map(count).sum();
        audit.equal("transfers asked", world.types("transfers").len(), count);
    }
}

/// A quarter of them, so that more than one core can be at it.
fn a_quarter(of: u64) {
    let vaults = Simulation::of(Vaults { batch_count: 5, batch_size: 100 });
    let tally = vaults.seeds(of * 50..(of + 1) * 50).check();
    assert_eq!(tally.ended_count, tally.run_count * 500, "none is parked: {tally:?}");
    assert!(tally.run_count < 50 || tally.ended_count >= 25_000, "{tally:?}");
    assert!(tally.killed_count > 20 && tally.lost_count > 20, "too calm: {tally:?}");
}

#[test]
fn the_first_quarter_of_a_hundred_thousand_sagas_ends_with_all_money_where_it_should_be() {
    a_quarter(0);
}

#[test]
fn the_second_quarter_of_a_hundred_thousand_sagas_ends_with_all_money_where_it_should_be() {
    a_quarter(1);
}

#[test]
fn the_third_quarter_of_a_hundred_thousand_sagas_ends_with_all_money_where_it_should_be() {
    a_quarter(2);
}

#[test]
fn the_last_quarter_of_a_hundred_thousand_sagas_ends_with_all_money_where_it_should_be() {
    a_quarter(3);
}
