//! The framework from outside: small services over a store in memory, on a virtual clock.

extern crate headwater_framework as headwater;

mod commands;
mod crashes;
mod derives;
mod domain;
mod flow;
mod older_shapes;
mod projections;
mod reactions;
mod tags;
