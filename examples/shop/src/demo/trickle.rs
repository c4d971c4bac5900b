//! A trickle of customers: they come, order, bring things back, and change their minds.
//!
//! Why: every event of the shop should be seen within a minute: orders that are approved, orders
//! over the limit, orders of strangers, returns and cancellations.

use crate::replay::door::{Door, DoorError, OrderState};
use headwater::prelude::*;
use shop_money::Money;
use tokio::time::{MissedTickBehavior, interval};

const NAMES: [&str; 8] = ["Ann", "Bela", "Chidi", "Dorothea", "Emre", "Farida", "Gwen", "Hiroshi"];

/// What a customer may owe. Some orders below are too much for it.
const CREDIT_LIMIT: &str = "100.00";

/// What they order, in pence; coprime in number with the customers, so that all combinations come.
const TOTALS: [i64; 7] = [1_234, 2_550, 999, 4_995, 7_500, 350, 12_000];

/// Lets somebody do something every `pause`, until the task is aborted.
pub(super) async fn come_and_go(gateway: String, pause: Duration) {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Ok(door) = Door::at(gateway) else { return };
    let mut crowd = Crowd { door, customers: Vec::new(), visits: 0 };
    loop {
        ticks.tick().await;
        if let Err(error) = crowd.visit().await {
            tracing::debug!(%error, "a customer of the demo went away empty-handed");
        }
    }
}

struct Crowd {
    door: Door,
    customers: Vec<String>,
    visits: usize,
}

impl Crowd {
    /// One customer comes and does one thing.
    async fn visit(&mut self) -> Result<(), DoorError> {
        let visit = self.visits;
        self.visits += 1;
        if let Some(name) = NAMES.get(self.customers.len()) {
            let limit = CREDIT_LIMIT.parse().unwrap_or_default();
            self.customers.push(self.door.new_customer(None, name, limit).await?);
        }
        let known = self.customers.get(visit % self.customers.len().max(1));
        let stranger = "nobody-we-know".to_owned();
        let customer = if visit % 23 == 22 { &stranger } else { known.unwrap_or(&stranger) };
        let total = TOTALS[visit % TOTALS.len()];
        let total = Money::from_pence(total).unwrap_or_default();
        let (order, position) = self.door.new_order(None, customer, total).await?;
        let state = self.door.order(&order, &position).await?;
        match visit % 5 {
            2 if state == OrderState::Approved => self.door.cancel(None, &order).await?,
            1 | 4 if known.is_some() => {
                let reference = format!("back-{order}");
                self.door.give_back(None, customer, total, &reference).await.map(drop)?;
            }
            _ => {}
        }
        Ok(())
    }
}
