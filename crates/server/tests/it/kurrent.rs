//! The KurrentDB protocol, message by message: what the official clients never send, never show,
//! or show one of only.
//!
//! Their own stories are in `tests/clients`, and `cargo xtask test` has them told.

mod appending;
mod deleting;
mod managing;
mod persistent;
mod racing;
mod reading;
mod serving;
mod site;
mod version_2;
