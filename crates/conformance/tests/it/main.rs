//! The exams, sat by the stores and journals in memory: those that all others are compared with.

mod memory_journal;
mod memory_store;
mod subject;
