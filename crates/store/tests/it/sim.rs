//! The whole store on a disk that has bad days, by seed.
//!
//! Why: what holds on a good day proves little. Here the power goes at every operation, sectors
//! tear, syncs fail, the disk fills up and bits rot; after each, what every caller was told is
//! checked against what is there, by a checker that shares no code with the store.
//!
//! Picture:
//! ```text
//!   workload ──▶ EmbeddedContext (one thread) ──▶ SimDisk ──✂── power
//!      │ what each caller was told                   │ reopened
//!      └──────────▶ history::check ◀── every path ───┘
//! ```
//! `HEADWATER_SIM_SEEDS` runs so many seeds instead of the few that fit every build;
//! `HEADWATER_SIM_FIRST` begins with another one. A failure names its seed.

mod damage;
mod every_operation;
mod full_disk;
mod heal;
mod kept;
mod lives;
mod repeatable;
mod seeds;
mod told;
mod workload;
pub(crate) mod world;
