//! The store as its users meet it: the exam, the simulation, and processes that die.

mod candidate;
mod exam;
#[cfg(feature = "planted-bugs")]
mod planted;
mod sim;
mod waking;
