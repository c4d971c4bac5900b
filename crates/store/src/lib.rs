//! The event store: plan and apply, index, reads and subscriptions over a journal.
//!
//! Why: the journal keeps an order of commits; this crate makes of it streams with revisions,
//! conditions, idempotence, pages, subscriptions and time travel, all as one deterministic state
//! machine, so that everything here can be rebuilt from the journal alone.
//!
//! Picture:
//! ```text
//!   append ─▶ group ─▶ writer: plan ─▶ log ─▶ apply ─▶ state (index, marks, checkpoints, head)
//!                                       │                 │
//!                                   segments ◀── read ────┴──▶ subscriptions
//! ```
//!
//! Invariants: A1–A6 are the plan's, A2 and D2 the writer's and the journal's, R1–R4 the reads'.
//! D1 and D3 hold in [`commit`]: what does not match is an error with its place, never a panic.
//!
//! Read first: [`context`] (the whole), then [`plan`] (what is promised of appends), then
//! [`commit`] (the bytes). [`open`] tells what a crash leaves, [`mod@verify`] looks at it.

mod apply;
pub mod commit;
pub mod context;
pub mod contexts;
mod copies;
mod group;
pub mod groups;
mod heal;
mod held;
pub mod index;
mod keeper;
pub mod life;
mod limits;
mod log;
pub mod open;
pub mod plan;
pub mod planted;
pub mod read;
mod replica;
mod scavenge;
pub mod state;
mod subscription;
mod told;
pub mod verify;
mod waking;
pub mod writer;

pub use context::EmbeddedContext;
pub use contexts::EmbeddedStore;
pub use open::{Background, Environment, Options};
pub use read::Scan;
pub use verify::verify;
pub use writer::Writer;
