//! Over the wire: Headwater's server and others, each in a process of its own, its client in another.
//!
//! Picture:
//! ```text
//!   site/*     starts and stops servers: ours, UmaDB, Redis, PostgreSQL, a bare gRPC echo
//!   driver     a client process, told what to do (`drive.rs`)
//!   readers    subscribers by the thousand, idle or slow
//!   vandals    those who send malformed frames
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
pub(crate) mod readers;
mod serve;
mod sides;
mod vandals;

pub(crate) use driver::Driver;
pub(crate) use echo::{drive as drive_echo, serve as serve_echo};
pub(crate) use native::drive as drive_native;
pub(crate) use readers::{Answers, Crowd};
pub(crate) use serve::{serve as serve_headwater, started};
pub(crate) use sides::Sides;
pub(crate) use vandals::Vandals;
