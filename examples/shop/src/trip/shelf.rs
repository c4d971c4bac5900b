//! A shelf: things that are there, that are kept for orders, and that were taken away.

use super::OrderId;
use headwater::prelude::*;
use std::collections::BTreeMap;

/// A shelf.
#[derive(StreamId)]
#[stream("shelf")]
pub struct ShelfId(String);

/// What happens to a shelf.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Shelf", public)]
pub enum ShelfEvent {
    /// More is there.
    Filled {
        /// How many.
        count: u32,
    },
    /// Some are kept for an order.
    Kept {
        /// Which.
        order: OrderId,
        /// How many.
        count: u32,
    },
    /// They are for anybody again.
    Freed {
        /// Which order they were kept for.
        order: OrderId,
        /// How many.
        count: u32,
    },
    /// They were taken away, for an order.
    Picked {
        /// Which.
        order: OrderId,
        /// How many.
        count: u32,
    },
}

/// What may be asked of it.
#[derive(Command, Debug, Clone)]
pub enum ShelfCommand {
    /// To hold more.
    Fill {
        /// How many.
        count: u32,
    },
    /// To keep some for an order.
    #[command(public)]
    Keep {
        /// Which.
        order: OrderId,
        /// How many.
        count: u32,
    },
    /// To keep none for it.
    #[command(public)]
    Free {
        /// Which.
        order: OrderId,
    },
    /// To hand out what is kept for it.
    #[command(public)]
    Pick {
        /// Which.
        order: OrderId,
    },
}

/// Why a shelf says no.
#[derive(Refusal, Debug, PartialEq)]
pub enum ShelfRefusal {
    /// There are too few.
    #[refusal(conflict, "{left} are left, {asked} were asked for")]
    SoldOut {
        /// Those there are.
        left: u32,
        /// Those wanted.
        asked: u32,
    },
}

/// A shelf, and where everything is that was ever put on it.
#[derive(Default, Debug, Clone, PartialEq)]
pub struct Shelf {
    /// Put on it, ever.
    pub filled: u32,
    /// There for anybody.
    pub left: u32,
    /// Kept for orders.
    pub kept: BTreeMap<OrderId, u32>,
    /// Taken away for orders.
    pub picked: BTreeMap<OrderId, u32>,
    /// How often an order's were freed.
    pub frees: BTreeMap<OrderId, usize>,
}

impl Decider for Shelf {
    type Id = ShelfId;
    type Command = ShelfCommand;
    type Event = ShelfEvent;
    type Refusal = ShelfRefusal;

    fn decide(&self, command: ShelfCommand, _: &Cause) -> Result<Vec<ShelfEvent>, ShelfRefusal> {
        let kept = |order: &OrderId| self.kept.get(order).copied().unwrap_or_default();
        Ok(vec![match command {
            ShelfCommand::Fill { count } => ShelfEvent::Filled { count },
            ShelfCommand::Keep { count, .. } if count > self.left => {
                return Err(ShelfRefusal::SoldOut { left: self.left, asked: count });
            }
            ShelfCommand::Keep { order, count } => ShelfEvent::Kept { order, count },
            ShelfCommand::Free { order } => ShelfEvent::Freed { count: kept(&order), order },
            ShelfCommand::Pick { order } => ShelfEvent::Picked { count: kept(&order), order },
        }])
    }

    fn evolve(mut self, event: &ShelfEvent) -> Shelf {
        match event {
            ShelfEvent::Filled { count } => {
                self.filled += count;
                self.left += count;
            }
            ShelfEvent::Kept { order, count } => {
                self.left = self.left.saturating_sub(*count);
                *self.kept.entry(order.clone()).or_default() += count;
            }
            ShelfEvent::Freed { order, count } => {
                self.left += count;
                self.kept.remove(order);
                *self.frees.entry(order.clone()).or_default() += 1;
            }
            ShelfEvent::Picked { order, count } => {
                self.kept.remove(order);
                *self.picked.entry(order.clone()).or_default() += count;
            }
        }
        self
    }
}
