//! `headwater.v1`: a store behind a socket is the same store.

mod candidate;
mod cuts;
mod drain;
mod exam;
mod groups;
mod hostile;
mod proxy;
mod scavenge;
mod served;
