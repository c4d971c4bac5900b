//! Scavenging a context: what was hidden becomes room.
//!
//! Why: see [`headwater_model::scavenge`]. The journal is written anew a segment at a time, beside
//! appends and reads, at a bounded speed.
//!
//! Picture:
//! ```text
//!   start ─▶ release what is hidden (commits) ─▶ which segments? ─▶ each: measure, write, check, rename
//!              └ 256 streams a step                └ pending file      └ one a step
//! ```
//! Invariants: A3. Bytes go only below what a durable commit released, so a crash at any point
//! leaves segments of before or after, and readers cannot tell them apart. One at a time.
//! After a crash: the next start goes on; a context with threads goes on by itself.
//! Not here: journals that are elsewhere. What they hold is theirs to shrink; the local copy is one.

mod check;
mod fates;
mod job;
mod pace;
mod pending;
mod port;
mod release;
mod rewrite;

pub(crate) use job::Scavenger;
