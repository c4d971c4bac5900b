//! Keeping credit: an order that was taken wants some, one that was cancelled gives it back.
//!
//! Why: this is the whole of the choreography on this side. Both are heard in the order in which
//! they happened to the order, so a release never comes before its reservation, however late.

use crate::customer::{Customer, CustomerCommand};
use crate::{CustomerId, Money, OrderId};
use headwater::prelude::*;

/// What customers hears from the orders service.
#[derive(Input, Debug)]
#[input(from = "orders", id = "order")]
pub enum OrderNews {
    /// An order was taken.
    OrderCreated {
        /// Which.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// For how much.
        total: Money,
    },
    /// An order was cancelled, whoever did it.
    OrderCancelled {
        /// Which.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
    },
}

/// Reserves credit for orders, and releases it.
pub struct KeepCredit;

impl Reaction for KeepCredit {
    const NAME: &'static str = "keep-credit";
    type Input = OrderNews;

    fn react(&self, news: &Recorded<OrderNews>) -> Actions {
        use {CustomerCommand::*, OrderNews::*};
        let (customer, command) = match &news.event {
            OrderCreated { order, customer, total } => {
                (customer, ReserveCredit { order: order.clone(), amount: *total })
            }
            OrderCancelled { order, customer } => {
                (customer, ReleaseCredit { order: order.clone() })
            }
        };
        Actions::new().run::<Customer>(customer, command)
    }
}
