//! The exams for every journal and every event store.
