//! The protocol, byte by byte: what is sent arrives, what is hostile is refused.

mod anything;
mod golden;
mod group;
mod hostile;
mod pages;
mod round_trip;
mod upkeep;
