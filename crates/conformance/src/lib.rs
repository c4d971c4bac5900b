//! The exams: what every journal and every event store must pass, on whatever it is built.
//!
//! Why: a service does not know whether its store is in memory, in its process or behind a
//! socket. It may not have to know only because all of them were asked the same questions.
//!
//! Picture:
//! ```text
//!   exam_store!(candidate)     each case a test of its own, citing its promise
//!   exam_groups!(candidate)    the same for consumer groups
//!   exam_journal!(candidate)   the same for journals
//!   compare::with_memory       random operations, answered as the memory store answers them
//!   history::check            what callers were told against what is there, whoever did it
//! ```
//! Read first: [`candidate`] (what is examined), [`store`] (the cases).

pub mod candidate;
pub mod compare;
pub mod groups;
pub mod history;
pub mod journal;
pub mod sample;
pub mod store;

pub use candidate::{Candidate, JournalCandidate, run};
