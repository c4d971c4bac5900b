//! The plan of an order, from its credit to its courier.

use super::order::{Order, OrderCommand};
use super::{CustomerId, OrderId};
use headwater::plan::{Answer, Ask, Backoff, Plan, Planned, Plans};
use headwater::prelude::*;
use shop_money::Money;

/// What is asked of the customers service.
#[derive(Command, Debug, Clone)]
#[command(to = "customers", id = "customer")]
#[expect(missing_docs, reason = "the commands of `credit`, as they are asked")]
pub enum CreditRequest {
    ReserveCredit { customer: CustomerId, order: OrderId, amount: Money },
    ReleaseCredit { customer: CustomerId, order: OrderId },
}

/// What is asked of the stock.
#[derive(Command, Debug, Clone)]
#[command(to = "stock", id = "shelf")]
#[expect(missing_docs, reason = "the commands of `shelf`, as they are asked")]
pub enum StockRequest {
    Keep { shelf: String, order: OrderId, count: u32 },
    Free { shelf: String, order: OrderId },
    Pick { shelf: String, order: OrderId },
}

/// What is asked of the payment service.
#[derive(Command, Debug, Clone)]
#[command(to = "payment", id = "customer")]
#[expect(missing_docs, reason = "the commands of `account`, as they are asked")]
pub enum PaymentRequest {
    Charge { customer: CustomerId, order: OrderId, amount: Money },
}

/// What is asked of the shipping service.
#[derive(Command, Debug, Clone)]
#[command(to = "shipping", id = "courier")]
#[expect(missing_docs, reason = "the commands of `courier`, as they are asked")]
pub enum ShippingRequest {
    TakeParcel { courier: String, order: OrderId },
}

/// What a trip hears.
#[derive(Input, Debug, Clone)]
pub enum TripInput {
    /// It begins.
    #[input(id = "order")]
    OrderPlaced {
        /// Which.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// How many.
        goods: u32,
        /// As a present.
        wrapped: bool,
        /// For how much.
        total: Money,
    },
    /// The credit is enough.
    #[input(from = "customers")]
    CreditReserved {
        /// For which order.
        order: OrderId,
    },
    /// It is not.
    #[input(from = "customers")]
    CreditExceeded {
        /// For which order.
        order: OrderId,
    },
    /// It is with the courier.
    #[input(from = "shipping")]
    ParcelTaken {
        /// Which order.
        order: OrderId,
        /// The parcel's number.
        number: String,
    },
}

/// What a trip remembers.
#[derive(Clone, Debug, Default)]
pub struct Basket {
    customer: Option<CustomerId>,
    goods: u32,
    wrapped: bool,
    total: Money,
    number: String,
}

impl Basket {
    fn customer(&self) -> CustomerId {
        self.customer.clone().expect("an order is placed by somebody before anything is asked")
    }
}

/// Takes an order through five services.
pub struct Trip {
    /// How long a service may take to answer before the order is declined.
    pub limit: Duration,
}

impl Trip {
    fn plan(&self) -> Plan<Self, headwater::plan::After> {
        let again = Backoff { tries_max: 20, ..Backoff::default() };
        Plan::new()
            .compensatable(Self::ask("order", |_| Ask::nothing()).undone_by(|trip| {
                let why = trip.refused.map_or_else(String::new, |refused| refused.code.clone());
                Ask::run::<Order>(trip.id, OrderCommand::Decline { why })
            }))
            .compensatable(
                Self::ask("credit", |trip| {
                    let (customer, amount) = (trip.memory.customer(), trip.memory.total);
                    let order = trip.id.clone();
                    Ask::send(CreditRequest::ReserveCredit { customer, order, amount })
                })
                .answered_by(|_, heard| match heard {
                    TripInput::CreditReserved { .. } => Some(Answer::Done),
                    TripInput::CreditExceeded { .. } => {
                        Some(Answer::refused("credit.exceeded", "the credit is not enough"))
                    }
                    _ => None,
                })
                .within(self.limit)
                .undone_by(|trip| {
                    let (customer, order) = (trip.memory.customer(), trip.id.clone());
                    Ask::send(CreditRequest::ReleaseCredit { customer, order })
                }),
            )
            .parallel([
                Self::ask("goods", |trip| keep("goods", trip.id, trip.memory.goods))
                    .within(self.limit)
                    .undone_by(|trip| free("goods", trip.id)),
                Self::ask("wrap", |trip| match trip.memory.wrapped {
                    true => keep("paper", trip.id, 1),
                    false => Ask::nothing(),
                })
                .within(self.limit)
                .undone_by(|trip| match trip.memory.wrapped {
                    true => free("paper", trip.id),
                    false => Ask::nothing(),
                }),
            ])
            .pivot(Self::ask("pay", |trip| {
                let (customer, amount) = (trip.memory.customer(), trip.memory.total);
                Ask::send(PaymentRequest::Charge { customer, order: trip.id.clone(), amount })
            }))
            .parallel([
                Self::ask("pick goods", |trip| pick("goods", trip.id)).into(),
                Self::ask("pick paper", |trip| match trip.memory.wrapped {
                    true => pick("paper", trip.id),
                    false => Ask::nothing(),
                })
                .into(),
            ])
            .retriable(
                Self::ask("ship", |trip| {
                    let (courier, order) = ("daily".to_owned(), trip.id.clone());
                    Ask::send(ShippingRequest::TakeParcel { courier, order })
                })
                .again(again),
            )
            .retriable(Self::ask("sent", |trip| {
                let number = trip.memory.number.clone();
                Ask::run::<Order>(trip.id, OrderCommand::Send { number })
            }))
    }
}

fn keep(shelf: &str, order: &OrderId, count: u32) -> Ask {
    Ask::send(StockRequest::Keep { shelf: shelf.to_owned(), order: order.clone(), count })
}

fn free(shelf: &str, order: &OrderId) -> Ask {
    Ask::send(StockRequest::Free { shelf: shelf.to_owned(), order: order.clone() })
}

fn pick(shelf: &str, order: &OrderId) -> Ask {
    Ask::send(StockRequest::Pick { shelf: shelf.to_owned(), order: order.clone() })
}

impl Planned for Trip {
    const NAME: &'static str = "trip";
    const ASKS: &'static [&'static str] = &["stock", "payment"];
    type Id = OrderId;
    type Input = TripInput;
    type Memory = Basket;

    fn plans(&self) -> Plans<Self> {
        Plans::new().version(1, self.plan())
    }

    fn route(&self, input: &Recorded<TripInput>) -> Route<OrderId> {
        match &input.event {
            TripInput::OrderPlaced { order, .. } => Route::starts(order),
            TripInput::CreditReserved { order }
            | TripInput::CreditExceeded { order }
            | TripInput::ParcelTaken { order, .. } => Route::continues(order),
        }
    }

    fn remember(basket: Basket, heard: &TripInput) -> Basket {
        match heard {
            TripInput::OrderPlaced { customer, goods, wrapped, total, .. } => Basket {
                customer: Some(customer.clone()),
                goods: *goods,
                wrapped: *wrapped,
                total: *total,
                number: String::new(),
            },
            TripInput::ParcelTaken { number, .. } => Basket { number: number.clone(), ..basket },
            TripInput::CreditReserved { .. } | TripInput::CreditExceeded { .. } => basket,
        }
    }
}
