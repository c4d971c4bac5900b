//! The store as its users meet it: the exam, the simulation, and processes that die.

mod candidate;
mod exam;
mod sim;
