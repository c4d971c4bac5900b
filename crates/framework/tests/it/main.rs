//! The framework from outside: small services over a store in memory, on a virtual clock.

extern crate headwater_framework as headwater;

mod commands;
mod crashes;
mod domain;
mod flow;
mod tags;
