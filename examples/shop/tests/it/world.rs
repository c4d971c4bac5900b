//! The flow, on a virtual clock: racing orders, lost answers, crashes, and answers that come late.

use crate::town::{TIME_LIMIT, Town, assert_within_limits};
use headwater::prelude::*;
use shop::{Flow, Money};
use shop_orders::order::OrderRefusal;

/// Both ways of agreeing come to the same.
const FLOWS: [Flow; 2] = [Flow::Choreographed, Flow::Orchestrated];

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn orders_that_race_for_the_same_credit_do_not_get_it_twice() {
    for flow in FLOWS {
        let mut town = Town::of(flow);
        let ann = town.customer("ann", money("15.00"));
        let orders = ["10.00", "5.01", "5.00"].map(|total| town.order(total, &ann, money(total)));
        let stranger = town.order("x", "nobody", money("0.01"));
        town.world.settle();
        let states = orders.each_ref().map(|order| town.state(order));
        assert_eq!(states, ["APPROVED", "CREDIT_LIMIT_EXCEEDED", "APPROVED"]);
        assert_eq!(town.state(&stranger), "UNKNOWN_CUSTOMER");
        assert_within_limits(&town.ledger());
    }
}

#[test]
fn a_cancelled_order_gives_its_credit_back() {
    for flow in FLOWS {
        let mut town = Town::of(flow);
        let ann = town.customer("ann", money("15.00"));
        let first = town.order("1", &ann, money("15.00"));
        assert_eq!(town.cancel("c0", &first), Err(OrderRefusal::NotApproved), "it is pending");
        town.world.settle();
        town.cancel("c1", &first).unwrap();
        let early = town.order("2", &ann, money("15.00"));
        town.world.settle();
        assert_eq!(town.state(&first), "CUSTOMER_REQUEST");
        assert_eq!(town.state(&early), "APPROVED", "the release was heard before the new order");
        town.world.advance(TIME_LIMIT);
        assert_eq!(town.state(&early), "APPROVED", "the time limit leaves settled orders alone");
    }
}

#[test]
fn an_order_that_nobody_answers_is_cancelled_in_time_and_not_before() {
    for flow in FLOWS {
        let mut town = Town::of(flow);
        let ann = town.customer("ann", money("15.00"));
        town.world.pause("customers");
        let order = town.order("1", &ann, money("10.00"));
        town.world.advance(TIME_LIMIT - Duration::from_millis(1));
        assert_eq!(town.state(&order), "PENDING");
        town.world.advance(Duration::from_millis(1));
        assert_eq!(town.state(&order), "TIMED_OUT");
    }
}

#[test]
fn a_reservation_that_comes_too_late_is_released() {
    for flow in FLOWS {
        let mut town = Town::of(flow);
        let ann = town.customer("ann", money("15.00"));
        town.world.pause("customers");
        let late = town.order("1", &ann, money("10.00"));
        town.world.advance(TIME_LIMIT);
        town.world.resume("customers");
        town.world.settle();
        assert_eq!(town.state(&late), "TIMED_OUT");
        let counts = town.counts("customers");
        assert_eq!((counts["CreditReserved"], counts["CreditReleased"]), (1, 1));
        let next = town.order("2", &ann, money("15.00"));
        town.world.settle();
        assert_eq!(town.state(&next), "APPROVED", "all of the credit is there again");
    }
}

#[test]
fn an_answer_that_comes_after_the_time_limit_changes_nothing() {
    for flow in FLOWS {
        let mut town = Town::of(flow);
        let ann = town.customer("ann", money("15.00"));
        town.world.pause("orders");
        let order = town.order("1", &ann, money("10.00"));
        town.world.advance(TIME_LIMIT);
        town.world.resume("orders");
        town.world.settle();
        let state = town.state(&order);
        assert!(["APPROVED", "TIMED_OUT"].contains(&&*state), "both were due: {state}");
        let counts = town.counts("orders");
        let decided = ["OrderApproved", "OrderCancelled"].map(|name| counts.get(name).copied());
        assert_eq!(decided.iter().flatten().sum::<usize>(), 1, "the first answer stands");
        assert_within_limits(&town.ledger());
    }
}

#[test]
fn a_request_that_is_repeated_is_done_once() {
    for flow in FLOWS {
        let mut town = Town::of(flow);
        let ann = town.customer("ann", money("15.00"));
        let order = town.order("1", &ann, money("10.00"));
        town.world.settle();
        assert_eq!(town.customer("ann", money("15.00")), ann);
        assert_eq!(town.order("1", &ann, money("10.00")), order);
        assert_eq!(town.give_back("r", &ann, money("4.00")), money("4.00"));
        assert_eq!(town.give_back("r", &ann, money("4.00")), money("4.00"));
        town.world.settle();
        assert_eq!(
            town.counts("orders"),
            [("OrderApproved", 1), ("OrderCreated", 1)].map(named).into()
        );
        assert_eq!(town.counts("customers")["GoodsReturned"], 1);
        assert_eq!(town.ledger().customers[&ann].outstanding, money("6.00"));
    }
}

fn named((name, count): (&str, usize)) -> (String, usize) {
    (name.to_owned(), count)
}

/// A process that dies at an append, before or after it took hold, or loses only the answer.
#[test]
fn whichever_append_fails_every_fact_is_recorded_once() {
    for flow in FLOWS {
        for stored in [false, true] {
            for only_the_answer in [false, true] {
                let mut points = 0;
                loop {
                    let mut town = Town::of(flow);
                    if only_the_answer {
                        town.world.lose_reply(points, stored);
                    } else {
                        town.world.crash(points, stored);
                    }
                    live_through_a_day(&mut town);
                    if !town.world.crashed() {
                        break;
                    }
                    points += 1;
                }
                assert!(points > 10, "the day has more appends than {points}");
            }
        }
    }
}

/// Two orders race, one is cancelled, one comes too late, something is brought back.
fn live_through_a_day(town: &mut Town) {
    let ann = town.customer("ann", money("15.00"));
    let first = town.order("1", &ann, money("10.00"));
    let second = town.order("2", &ann, money("10.00"));
    town.world.settle();
    town.give_back("r", &ann, money("1.00"));
    town.cancel("c", &first).unwrap();
    town.world.settle();
    town.world.pause("customers");
    let late = town.order("3", &ann, money("3.00"));
    town.world.advance(TIME_LIMIT);
    town.world.resume("customers");
    town.world.settle();
    let states = [&first, &second, &late].map(|order| town.state(order));
    assert_eq!(states, ["CUSTOMER_REQUEST", "CREDIT_LIMIT_EXCEEDED", "TIMED_OUT"]);
    let orders = [("OrderApproved", 1), ("OrderCancelled", 3), ("OrderCreated", 3)];
    assert_eq!(town.counts("orders"), orders.map(named).into());
    let customers = [
        ("CreditLimitExceeded", 1),
        ("CreditReleased", 2),
        ("CreditReserved", 2),
        ("CustomerCreated", 1),
        ("GoodsReturned", 1),
    ];
    assert_eq!(town.counts("customers"), customers.map(named).into());
    assert_eq!(town.ledger().customers[&ann].outstanding, Money::ZERO);
}
