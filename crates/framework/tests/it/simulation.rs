//! Services under simulation: those that hold, those with a bug on purpose, and very many sagas.

mod bugs;
mod many;
#[cfg(feature = "planted-bugs")]
mod planted;
mod towns;
