//! The event store: plan and apply, index, reads and subscriptions over a journal.
