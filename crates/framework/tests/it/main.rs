//! The framework from outside: small services over a store in memory, on a virtual clock.

#![expect(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

extern crate headwater_framework as headwater;

mod builds;
mod commands;
mod contracts;
mod crashes;
mod derives;
mod domain;
mod flow;
mod golden;
mod older_shapes;
mod parked_events;
mod parked_inputs;
mod personal;
mod plans;
#[cfg(feature = "planted-bugs")]
mod planted;
mod projections;
mod properties;
mod reactions;
mod sagas;
mod schedules;
mod simulation;
mod snapshots;
mod supervision;
mod tags;
mod travel;
mod views;
