//! The store as its users meet it: the exam, the simulation, and processes that die.

mod candidate;
mod conditions;
mod exam;
mod full_disk;
mod groups;
mod kill;
mod planning;
#[cfg(feature = "planted-bugs")]
mod planted;
mod races;
mod replica;
mod scavenge;
mod sim;
mod waiting;
mod waking;
