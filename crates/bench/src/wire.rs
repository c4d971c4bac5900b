//! Over the wire: Headwater's server and others, each in a process of its own, its client in another.
//!
//! Picture:
//! ```text
//!   site/*     starts and stops servers: ours, UmaDB, Redis, PostgreSQL, a bare gRPC echo
//!   driver     a client process, told what to do (`drive.rs`)
//!   sides      who takes part: a driver and the server it talks to
//!   measure/wire.rs   rounds in which every side has its turn
//! ```
//! A peer that cannot be had here is left out, and said to be.

mod driver;
mod echo;
pub(crate) mod names;
mod native;
mod outside;
mod ports;
mod serve;
mod sides;

pub(crate) use echo::{drive as drive_echo, serve as serve_echo};
pub(crate) use native::drive as drive_native;
pub(crate) use serve::serve as serve_headwater;
pub(crate) use sides::Sides;
